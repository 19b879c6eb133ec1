"""What the doctor says of settings, files and the service."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.support import ManualClock, decision, session_id
from watcher.cli.check.backends import check_ledger, check_queue
from watcher.cli.check.examine import bad_config, examine
from watcher.cli.check.files import private_file
from watcher.cli.check.finding import Finding, failed, ok
from watcher.cli.check.rules import check_rules
from watcher.cli.check.service import check_service
from watcher.cli.check.sinks import check_sinks
from watcher.config import AwsSettings, Loaded, Settings, load, sqlite_path
from watcher.domain.errors import ConfigError
from watcher.domain.model import DeadReason, DecisionEvent
from watcher.ledgers import open_ledger
from watcher.ledgers.memory import MemoryLedger
from watcher.ledgers.memory_reader import answer
from watcher.queues import open_queue
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import Fault, Scenario, Simulator
from watcher.telemetry.health import Beat
from watcher.telemetry.http_server import HealthServer
from watcher.util.clock import SystemClock

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE00009876", "AWS_SECRET_ACCESS_KEY": "hidden-secret"}
QUIET = {"aws.connect_timeout": "5", "aws.read_timeout": "10", "aws.region": "eu-west-1"}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of the test's own, and nothing of this machine's AWS configuration."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("AWS_", "WATCHER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[SqliteQueue]:
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
        yield queue


def loaded(**settings: str) -> Loaded:
    """Settings from dotted keys, written with `__`."""
    return load(None, QUIET | {key.replace("__", "."): text for key, text in settings.items()}, {}, Path.cwd())


def settings(**given: str) -> Settings:
    return loaded(**given).settings


def by_subject(findings: Iterable[Finding]) -> dict[str, Finding]:
    found = list(findings)
    assert len({finding.subject for finding in found}) == len(found), found
    return {finding.subject: finding for finding in found}


def service(url: str, clock: Any = None, *, offline: bool = False, **aws: Any) -> dict[str, Finding]:
    made = AwsSettings(endpoint_url=url, connect_timeout=2.0, read_timeout=2.0, **aws)
    return by_subject(check_service(made, clock or SystemClock(), os.environ, offline=offline))


def test_a_finding_is_one_line_in_columns() -> None:
    assert ok("queue", "two\nlines").line == "ok       queue          two lines"
    assert failed("queue", "it is gone", "make it").line == "failed   queue          it is gone - fix: make it"


def test_bad_settings_have_the_lines_that_run_would_print() -> None:
    lines = [finding.line for finding in bad_config(ConfigError(["a = 1: is wrong", "b = 2: is worse"]))]
    assert lines == ["failed   config         a = 1: is wrong", "failed   config         b = 2: is worse"]


def test_settings_that_fit_together_bring_no_warning() -> None:
    findings = list(check_rules(loaded(decision__policies='{"payout": {"threshold": 95}, "other": {}}')))
    assert [finding.level for finding in findings] == ["ok"] * 3
    assert findings[2].what == "default 80, payout 95, other 80"


def test_a_variable_that_changes_what_the_file_says_is_named(tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").write_text("[decision]\nthreshold = 90\n")
    found = load(None, QUIET, {"WATCHER_DECISION__THRESHOLD": "85"}, tmp_path)
    (warned,) = [finding for finding in check_rules(found) if finding.level == "warning"]
    assert (
        warned.what
        == "decision.threshold: the variable WATCHER_DECISION__THRESHOLD counts, and not what watcher.toml says"
    )


@pytest.mark.parametrize(
    ("given", "subject", "words"),
    [
        ({"aws.read_timeout": "0"}, "time-outs", "aws.read_timeout = 0"),
        ({"aws.connect_timeout": "0"}, "time-outs", "aws.connect_timeout = 0"),
        ({"polling.session_timeout": "29"}, "time-outs", "a call that hangs may take 15 s"),
        ({"shutdown.drain_timeout": "9"}, "time-outs", "may cut off a call under way"),
        ({"aws.sign_request": "false"}, "signing", "aws.sign_request = false"),
    ],
)
def test_each_doubtful_setting_brings_one_warning_with_a_fix(given: dict[str, str], subject: str, words: str) -> None:
    warnings = [finding for finding in check_rules(loaded(**given)) if finding.level == "warning"]
    assert [finding.subject for finding in warnings] == [subject]
    assert words in warnings[0].what
    assert warnings[0].fix


def test_the_aws_clis_time_outs_bring_one_warning_that_says_why_and_what_to_set() -> None:
    given = loaded(**{"aws.connect_timeout": "60", "aws.read_timeout": "60"})
    (found,) = [finding for finding in check_rules(given) if finding.level == "warning"]
    assert "may take 120 s" in found.what
    assert "of the 180 s that a session has: if two hang" in found.what
    assert found.fix == "set aws.connect_timeout = 5 and aws.read_timeout = 10"
    settled = loaded(**{"aws.connect_timeout": "5", "aws.read_timeout": "10"})
    assert {finding.level for finding in check_rules(settled)} == {"ok"}


def test_a_region_that_nobody_gave_is_doubtful() -> None:
    findings = check_rules(load(None, {}, {}, Path.cwd()))
    assert {"region": "warning"}.items() <= {finding.subject: finding.level for finding in findings}.items()


@pytest.mark.parametrize(
    ("host", "warns"),
    [
        ("sqs.eu-west-1.amazonaws.com", False),
        ("sqs.us-east-1.amazonaws.com", True),
        ("vpce-1-2.sqs.us-east-1.vpce.amazonaws.com", True),
        ("queue.amazonaws.com", True),
    ],
)
def test_a_queue_in_another_region_is_doubtful_however_its_url_is_written(host: str, warns: bool) -> None:
    given = loaded(queue__url=f"https://{host}/1/q", ledger__url="none")
    doubts = [finding.what for finding in check_rules(given) if finding.level == "warning"]
    assert [what.endswith("only in the region that it was created in") for what in doubts] == [True] * warns


def test_a_queue_that_is_not_there_yet_will_be_created_and_is_not(tmp_path: Path) -> None:
    found = [
        *check_queue(settings(), SystemClock(), offline=True),
        *check_ledger(settings(), SystemClock(), offline=True),
    ]
    assert [finding.level for finding in found] == ["ok", "ok"]
    assert all("will be created" in finding.what for finding in found)
    assert list(tmp_path.iterdir()) == []


def test_dead_letters_in_a_file_of_their_own_are_not_created(queue: SqliteQueue, tmp_path: Path) -> None:
    given = settings(queue__dead_letter_url="sqlite:///dead.db")
    found = by_subject(check_queue(given, SystemClock(), offline=False))
    assert found["dead letters"].what == "sqlite:///dead.db: will be created"
    assert not (tmp_path / "dead.db").exists()


def test_a_queue_without_its_folder_has_failed() -> None:
    found = list(check_queue(settings(queue__url="sqlite:////no/such/folder/x.db"), SystemClock(), offline=True))
    assert [finding.level for finding in found] == ["failed"]
    assert "/no/such/folder" in found[0].what


def test_a_folder_that_cannot_be_written_in_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # for root every folder can be written in
    assert [finding.level for finding in check_ledger(settings(), SystemClock(), offline=True)] == ["failed"]


def test_a_file_that_is_no_database_has_failed(tmp_path: Path) -> None:
    (tmp_path / "watcher.db").write_text("something else " * 100)
    found = [
        *check_queue(settings(), SystemClock(), offline=True),
        *check_ledger(settings(), SystemClock(), offline=True),
    ]
    assert [finding.level for finding in found] == ["failed", "failed"]
    assert all("not an SQLite database" in finding.line for finding in found)


def test_the_queue_is_counted_and_left_as_it_was(queue: SqliteQueue) -> None:
    queue.send([session_id(1), session_id(2)])
    found = by_subject(check_queue(settings(), SystemClock(), offline=True))
    assert found["queue"] == ok("queue", "sqlite:///watcher.db: 2 waiting, 0 leased")
    assert found["dead letters"] == ok("dead letters", "none")
    assert queue.depth().visible == 2


def test_a_message_that_outlived_its_session_is_a_warning(tmp_path: Path) -> None:
    clock = ManualClock()
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, clock)) as queue:
        queue.send([session_id(1)])
        clock.advance(180)
        assert by_subject(check_queue(settings(), clock, offline=True))["queue"].level == "ok"
        clock.advance(1)
        assert by_subject(check_queue(settings(), clock, offline=True))["queue"].level == "warning"


def test_dead_letters_are_a_warning_that_says_how_to_see_them(queue: SqliteQueue) -> None:
    queue.send(["nonsense"])
    queue.dead_letter(queue.receive(1, 0.0, Event())[0], DeadReason.INVALID_MESSAGE, "no session id")
    dead = by_subject(check_queue(settings(), SystemClock(), offline=True))["dead letters"]
    assert (dead.level, dead.what) == ("warning", "1 message that can't be served")
    assert "`watcher dead list`" in dead.fix


def test_looking_at_the_ledger_leaves_no_entry(queue: SqliteQueue) -> None:
    found = [(each.subject, each.level) for each in check_ledger(settings(), SystemClock(), offline=True)]
    assert found == [("ledger", "ok"), ("hints", "ok")]
    with closing(open_ledger(settings(), SystemClock())) as ledger:
        assert list(ledger.recent(10)) == []


def decided(*reasons: str) -> None:
    """Decisions with these reasons, on the ledger of the default settings."""
    with closing(open_ledger(settings(), SystemClock())) as ledger:
        for number, reason in enumerate(reasons):
            event = decision(number)
            body = json.dumps(json.loads(event.body) | {"data": {**json.loads(event.body)["data"], "reason": reason}})
            ledger.record([(DecisionEvent(event.key, body), "[]")])


def test_many_ids_that_aws_did_not_know_are_a_warning_with_their_share(queue: SqliteQueue) -> None:
    decided(*["session_not_found"] * 300, *["confidence_met"] * 150, *["session_not_found"] * 50)
    [found] = [each for each in check_ledger(settings(), SystemClock(), offline=True) if each.level != "ok"]
    assert (found.level, found.subject) == ("warning", "session ids")
    assert found.what == "AWS did not know 25% of the session ids among the last 200 decisions"
    assert "aws.region" in found.fix


@pytest.mark.parametrize(("unknown", "known"), [(19, 0), (2, 18), (0, 30), (0, 0)])
def test_few_decisions_and_few_unknown_ids_are_no_warning(queue: SqliteQueue, unknown: int, known: int) -> None:
    decided(*["session_not_found"] * unknown, *["confidence_met"] * known)
    assert {each.level for each in check_ledger(settings(), SystemClock(), offline=True)} == {"ok"}


HINT = '[{"at": 1, "event": "received"}, {"at": 2, "event": "hint", "source": "s3"}, {"at": 3, "event": "poll"}]'
POLLED = '[{"at": 1, "event": "received"}, {"at": 3, "event": "poll", "result": "hint"}]'


@pytest.mark.parametrize(
    ("trails", "what"),
    [
        ([HINT] * 30 + [POLLED] * 13 + [HINT] * 37, "37 of the last 50 decisions had a hint in time"),
        ([], "no decisions yet"),
        ([HINT], "1 of the last 1 decisions had a hint in time"),
        ([HINT] * 20 + [POLLED] * 50, "none of the last 50 decisions had a hint in time"),
        (
            ["{", "7", "[7, null]", "[" * 100_000, '{"event": "hint"}'],
            "none of the last 5 decisions had a hint in time",
        ),
    ],
)
def test_how_many_decisions_were_announced_is_told_and_no_warning(
    queue: SqliteQueue, trails: list[str], what: str
) -> None:
    with closing(open_ledger(settings(), SystemClock())) as ledger:
        ledger.record([(decision(number), trail) for number, trail in enumerate(trails)])
    found = by_subject(check_ledger(settings(), SystemClock(), offline=True))["hints"]
    assert found.level == "ok"
    assert found.what.startswith(what)
    assert ("deploy/README.md#hints" in found.what) == what.startswith("none")


def test_without_a_ledger_the_running_watcher_is_asked_for_hints() -> None:
    server = HealthServer("127.0.0.1", 0, CollectorRegistry(), list, dict)
    thread = Thread(target=server.run, args=(Beat(SystemClock(), "http"),))
    thread.start()
    ledger = MemoryLedger(ManualClock())
    server.show_decisions(partial(answer, ledger))
    given = settings(ledger__url="none", http__port=str(server.port))
    try:
        first = by_subject(check_ledger(given, SystemClock(), offline=False))["hints"]
        ledger.record([(decision(1), HINT), (decision(2), POLLED)])
        second = by_subject(check_ledger(given, SystemClock(), offline=False))["hints"]
    finally:
        server.close()
        thread.join()
    assert (first.level, first.what) == ("ok", "no decisions yet")
    assert (second.level, second.what) == ("ok", "1 of the last 2 decisions had a hint in time")
    after = by_subject(check_ledger(given, SystemClock(), offline=False))["hints"]
    assert after.level == "ok"
    assert after.what.startswith("the running watcher can't be asked: ")
    assert "is `watcher run` running on this machine?" in after.what


def test_a_ledger_that_keeps_nothing_is_a_warning() -> None:
    found = by_subject(check_ledger(settings(ledger__url="none", http__port="0"), SystemClock(), offline=True))
    assert {name: finding.level for name, finding in found.items()} == {"ledger": "warning", "hints": "ok"}
    assert "http.port = 0 is any free port" in found["hints"].what


def test_a_file_sink_is_looked_at_and_not_created(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    os.mkfifo(tmp_path / "pipe")
    given = settings(
        sinks='[{"type": "file", "name": "a", "path": "there"}, {"type": "file", "name": "b", "path": "new"},'
        ' {"type": "file", "name": "e", "path": "pipe"},'
        ' {"type": "file", "name": "c", "path": "/no/such/folder/x"}, {"type": "file", "name": "d", "path": "."}]'
    )
    levels = {name: finding.level for name, finding in by_subject(check_sinks(given, offline=False)).items()}
    assert levels == {"sink a": "ok", "sink b": "ok", "sink c": "failed", "sink d": "failed", "sink e": "failed"}
    assert not (tmp_path / "new").exists()


def test_the_path_of_a_webhook_which_often_is_its_password_is_not_shown() -> None:
    url = "https://hooks.example.com/services/T0AAAAAAA/B0BBBBBBB/abcdefghijklmnopqrstuvwx"
    given = settings(sinks=json.dumps([{"type": "webhook", "name": "hook", "url": url}]))
    for offline in (True, False):
        (finding,) = check_sinks(given, offline=offline)
        assert "https://hooks.example.com" in finding.what
        assert "abcdefghijklmnopqrstuvwx" not in str(finding)


@pytest.mark.usefixtures("credentials")
def test_a_service_that_knows_no_such_session_is_well() -> None:
    with Simulator() as simulator:
        found = service(simulator.url)
    assert {name: finding.level for name, finding in found.items()} == dict.fromkeys(
        ["credentials", "endpoint", "permission", "clock"], "ok"
    )
    assert found["credentials"].what == "from env, access key id ending in 9876"
    assert "hidden-secret" not in str(found)
    assert "AKIA" not in str(found)


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("fault", "level", "words"),
    [
        ("access_denied", "failed", "allow rekognition:GetFaceLivenessSessionResults"),
        ("throttle", "ok", "throttled"),
        ("internal_error", "failed", "the call failed"),
        ("garbage_body", "failed", "the call failed"),
    ],
)
def test_what_the_service_says_to_one_call_decides(fault: str, level: str, words: str) -> None:
    with Simulator(Scenario.default().with_faults(Fault(fault))) as simulator:
        permission = service(simulator.url)["permission"]
    assert (permission.level, words in permission.line) == (level, True)


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("ahead", "level"), [(2.0, "ok"), (-2.0, "ok"), (60.0, "warning"), (-60.0, "warning"), (310.0, "failed")]
)
def test_a_clock_is_compared_with_the_services(ahead: float, level: str) -> None:
    class Skewed(SystemClock):
        def time(self) -> float:
            return super().time() + ahead

    with Simulator() as simulator:
        clock = service(simulator.url, Skewed())["clock"]
    assert clock.level == level
    assert level == "ok" or ("ahead of" if ahead > 0 else "behind") in clock.what


@pytest.mark.usefixtures("credentials")
def test_an_endpoint_out_of_reach_is_told_once() -> None:
    with Simulator() as simulator:
        url = simulator.url
    found = service(url)
    assert (found["endpoint"].level, "permission" in found) == ("failed", False)


@pytest.mark.parametrize("given", [0.0, 60.0])
def test_nobody_waits_for_the_doctor_as_long_as_a_poll_may_take(
    monkeypatch: pytest.MonkeyPatch, given: float
) -> None:
    built: list[AwsSettings] = []

    def build(aws: AwsSettings, **_: object) -> None:
        built.append(aws)
        raise ConfigError(["enough was seen"])

    monkeypatch.setattr("watcher.cli.check.service.build_client", build)
    aws = AwsSettings(connect_timeout=given, read_timeout=given)
    assert by_subject(check_service(aws, SystemClock(), {}, offline=False))["config"].what == "enough was seen"
    assert (built[0].connect_timeout, built[0].read_timeout) == (10.0, 10.0)


@pytest.mark.usefixtures("credentials")
def test_an_endpoint_is_told_without_its_secrets() -> None:
    with Simulator() as simulator:
        url = simulator.url.replace("://", "://svc:s3cr3t@")
        found = [service(url)["endpoint"]]
        shown = simulator.url
    found.append(service(url)["endpoint"])
    assert [finding.level for finding in found] == ["ok", "failed"]
    assert all(finding.what.startswith(shown) and "s3cr3t" not in finding.line for finding in found)


def test_credentials_that_are_nowhere_have_failed() -> None:
    with Simulator() as simulator:
        found = service(simulator.url)
    assert (found["credentials"].level, found["permission"].level) == ("failed", "failed")


def test_without_signing_no_credentials_are_missed() -> None:
    with Simulator() as simulator:
        found = service(simulator.url, sign_request=False)
    assert {finding.level for finding in found.values()} == {"ok"}


def test_offline_nobody_is_asked_for_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator() as simulator:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{simulator.url}/role")
        before = dict(os.environ)
        found = service(simulator.url, offline=True)
        assert simulator.calls == []
    assert list(found) == ["credentials"]
    assert found["credentials"].level == "warning"
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI was not asked" in found["credentials"].what
    assert dict(os.environ) == before


@pytest.mark.usefixtures("credentials")
def test_a_part_that_breaks_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("watcher.cli.check.examine.check_queue", broken)
    findings = list(examine(loaded(), SystemClock(), os.environ, offline=True))
    assert [finding.subject for finding in findings if finding.level == "failed"] == ["queue"]
    assert findings[-1].subject == "sink stdout"


def test_a_profile_that_is_not_there_ends_the_examination() -> None:
    findings = list(examine(load(None, {"aws.profile": "nix"}, {}, Path.cwd()), SystemClock(), {}, offline=True))
    assert [finding.level for finding in findings] == ["ok", "failed"]
    assert "aws.profile" in findings[1].what


@pytest.mark.parametrize(("mode", "level"), [(0o600, None), (0o400, None), (0o640, "warning"), (0o604, "warning")])
def test_a_database_that_others_can_read_is_warned_of(tmp_path: Path, mode: int, level: str | None) -> None:
    path = tmp_path / "w.db"
    path.touch()
    path.chmod(mode)
    found = [(finding.level, finding.fix) for finding in private_file("queue", path)]
    assert found == ([] if level is None else [(level, f"chmod 600 {path}*")])
    assert list(private_file("queue", tmp_path / "none")) == []


def test_queue_and_ledger_files_that_others_can_read_are_warned_of(tmp_path: Path) -> None:
    given = settings(ledger__url=f"sqlite:///{tmp_path}/l.db", queue__dead_letter_url=f"sqlite:///{tmp_path}/d.db")
    open_queue(given, SystemClock()).close()
    open_ledger(given, SystemClock()).close()
    for name in ("l.db", "d.db"):
        (tmp_path / name).chmod(0o644)
    sqlite_path(given.queue.url).chmod(0o644)
    findings = [*check_queue(given, SystemClock(), offline=True), *check_ledger(given, SystemClock(), offline=True)]
    assert [finding.subject for finding in findings if "mode 0644" in finding.what] == [
        "queue file",
        "dead letters",
        "ledger file",
    ]
