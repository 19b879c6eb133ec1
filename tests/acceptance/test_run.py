"""`watcher run`, spawned and signalled as systemd and Kubernetes do it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from urllib.error import HTTPError

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon, put_on_queue
from tests.support import BUSY, ROOT, environment_of, run_watcher, session_id
from watcher.daemon.signals import SAME_STOP
from watcher.daemon.systemd import STOP_SLACK
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import Fault, SessionScript, Simulator
from watcher.simulator.calls import CallRecord
from watcher.util.clock import SystemClock

Start = Callable[..., Daemon]

QUICK = SessionScript(created_for=0, in_progress_for=2)
NEVER = SessionScript(ending="IN_PROGRESS")


def enqueue(folder: Path, *arguments: str) -> None:
    done = run_watcher(folder, "enqueue", *arguments)
    assert done.returncode == 0, done.stderr


def outcomes(daemon: Daemon) -> dict[str, tuple[str, str]]:
    return {
        decision["subject"]: (decision["data"]["outcome"], decision["data"]["reason"])
        for decision in daemon.decisions
    }


def test_every_ending_becomes_its_decision_and_the_watcher_ends_when_empty(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    expected = {
        simulator.create_session(QUICK): ("live", "confidence_met"),
        simulator.create_session(SessionScript(in_progress_for=1, confidence=80.0)): ("live", "confidence_met"),
        simulator.create_session(SessionScript(in_progress_for=1, confidence=79.99)): (
            "not_live",
            "confidence_below_threshold",
        ),
        simulator.create_session(SessionScript(in_progress_for=1, reference_image=False)): (
            "inconclusive",
            "reference_image_missing",
        ),
        simulator.create_session(SessionScript(ending="FAILED")): ("inconclusive", "session_failed"),
        simulator.create_session(SessionScript(ending="EXPIRED")): ("inconclusive", "session_expired"),
        simulator.create_session(SessionScript(faults=(Fault("unknown_status"),))): (
            "inconclusive",
            "malformed_result",
        ),
        simulator.create_session(SessionScript(faults=(Fault("blank_body"),))): ("inconclusive", "malformed_result"),
        simulator.create_session(SessionScript(faults=(Fault("nan_confidence"),))): (
            "inconclusive",
            "malformed_result",
        ),
        simulator.create_session(SessionScript(faults=(Fault("invalid_parameter"),))): (
            "inconclusive",
            "rejected_by_service",
        ),
        simulator.create_session(NEVER): ("inconclusive", "timed_out"),
        session_id(404): ("inconclusive", "session_not_found"),
    }
    enqueue(tmp_path, *expected)
    daemon = start("--until-empty", WATCHER_POLLING__SESSION_TIMEOUT="15")
    assert daemon.end() == 0
    assert outcomes(daemon) == expected
    assert len(daemon.decisions) == len(expected)
    assert daemon.stray == []


def test_a_session_enqueued_twice_has_one_decision(tmp_path: Path, simulator: Simulator, start: Start) -> None:
    twice = simulator.create_session(QUICK)
    put_on_queue(tmp_path, twice, twice)
    daemon = start("--until-empty")
    assert daemon.end() == 0
    assert [decision["subject"] for decision in daemon.decisions] == [twice]


def test_a_session_enqueued_again_gets_the_same_event_even_when_aws_has_forgotten_it(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    subject = simulator.create_session(QUICK)
    put_on_queue(tmp_path, subject)
    first = start("--until-empty")
    assert first.end() == 0
    with Simulator() as forgetful:  # an endpoint that knows nothing of the session
        put_on_queue(tmp_path, subject)
        second = start("--until-empty", AWS_ENDPOINT_URL_REKOGNITION=forgetful.url)
        assert second.end() == 0
        assert forgetful.calls == []
    assert second.decisions == first.decisions
    assert first.decisions[0]["data"]["outcome"] == "live"


def test_one_session_under_two_policies_has_two_decisions(tmp_path: Path, simulator: Simulator, start: Start) -> None:
    subject = simulator.create_session(SessionScript(in_progress_for=1, confidence=90.0))
    (tmp_path / "watcher.toml").write_text("[decision.policies.payout]\nthreshold = 95.0\n")
    put_on_queue(tmp_path, subject)
    enqueue(tmp_path, "--policy", "payout", "--context", '{"order": 17}', subject)
    daemon = start("--until-empty")
    assert daemon.end() == 0
    decided = {decision["id"]: decision["data"] for decision in daemon.decisions}
    assert decided[f"{subject}:default"]["outcome"] == "live"
    assert decided[f"{subject}:payout"]["outcome"] == "not_live"
    assert decided[f"{subject}:payout"]["context"] == {"order": 17}


def test_two_watchers_on_one_file_share_the_work_without_a_double_decision(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    sessions = [simulator.create_session(QUICK) for _ in range(300)]
    watchers = [start("--until-empty"), start("--until-empty")]
    for watcher in watchers:
        watcher.wait_for_event("started")
    put_on_queue(tmp_path, *sessions[:150])
    put_on_queue(tmp_path, *sessions[150:])
    # Either may find the queue empty before the ids are there; what it leaves, a third one finishes.
    watchers.append(start("--until-empty"))
    assert [watcher.end() for watcher in watchers] == [0, 0, 0]
    decided = Counter(decision["subject"] for watcher in watchers for decision in watcher.decisions)
    assert decided == Counter(sessions)


def test_a_killed_watcher_loses_nothing_and_decides_nothing_twice(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    sessions = [simulator.create_session(SessionScript(created_for=0, in_progress_for=n / 5)) for n in range(60)]
    put_on_queue(tmp_path, *sessions)
    killed = start(WATCHER_QUEUE__VISIBILITY_TIMEOUT="3")
    killed.wait_for_decisions(10)
    killed.send(signal.SIGKILL)
    killed.end()
    second = start("--until-empty", WATCHER_QUEUE__VISIBILITY_TIMEOUT="3")
    assert second.end() == 0
    events: dict[str, set[str]] = {}
    for decision in [*killed.decisions, *second.decisions]:
        events.setdefault(decision["subject"], set()).add(json.dumps(decision, sort_keys=True))
    assert set(events) == set(sessions)
    assert {len(different) for different in events.values()} == {1}


def test_sigterm_drains_and_gives_back_what_is_unfinished_at_once(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    decided, unfinished = simulator.create_session(QUICK), simulator.create_session(NEVER)
    put_on_queue(tmp_path, decided, unfinished)
    daemon = start()
    daemon.wait_for_decisions(1)
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0
    assert outcomes(daemon) == {decided: ("live", "confidence_met")}
    assert daemon.wait_for_event("messages_released")["messages"] == 1
    successor = start("--until-empty", WATCHER_POLLING__SESSION_TIMEOUT="4")
    assert successor.end() == 0
    assert outcomes(successor) == {unfinished: ("inconclusive", "timed_out")}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_that_comes_during_the_start_ends_it_at_once(
    tmp_path: Path, start: Start, number: signal.Signals
) -> None:
    """Nothing was received yet: there is nothing to drain, and what the start waits for may never come."""
    with locked_queue(tmp_path):
        daemon = start()
        wait_until_open(daemon, tmp_path / "watcher.db")
        daemon.send(number)
        assert daemon.end() == 0
    assert daemon.log == []
    assert daemon.stray == []


def test_a_hangup_during_the_start_reloads_and_does_not_end_the_watcher(tmp_path: Path, start: Start) -> None:
    settings = tmp_path / "watcher.toml"
    settings.write_text("")
    with locked_queue(tmp_path):
        daemon = start()
        wait_until_open(daemon, tmp_path / "watcher.db")
        settings.write_text("[decision]\nthreshold = 81\n")
        daemon.send(signal.SIGHUP)
    reloaded = daemon.wait_for_event("reloaded")
    assert reloaded["applied"] == ["decision.threshold"]
    assert reloaded["changed"] == {"decision.threshold": {"old": 80.0, "new": 81.0}}
    daemon.wait_for_event("started")
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0


@contextmanager
def locked_queue(folder: Path) -> Iterator[None]:
    """A queue that another process holds for itself: a start waits for it."""
    with closing(sqlite3.connect(folder / "watcher.db")) as connection:
        connection.execute("CREATE TABLE other (x)")  # an empty file would be refused
        connection.execute("BEGIN EXCLUSIVE")
        yield


def wait_until_open(daemon: Daemon, path: Path) -> None:
    limit = time.monotonic() + PATIENCE
    descriptors = Path(f"/proc/{daemon.process.pid}/fd")
    while not any(descriptor.resolve() == path for descriptor in descriptors.iterdir()):
        assert daemon.process.poll() is None, daemon.stray
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_the_drain_keeps_its_limit_when_a_call_hangs(
    tmp_path: Path, simulator: Simulator, calls: "SimpleQueue[CallRecord]", start: Start
) -> None:
    hanging = simulator.create_session(SessionScript(in_progress_for=1, faults=(Fault("stall", first_polls=1),)))
    put_on_queue(tmp_path, hanging)
    daemon = start(WATCHER_SHUTDOWN__DRAIN_TIMEOUT="1")
    assert calls.get(timeout=PATIENCE).result == "stall"
    begun = time.monotonic()
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0
    assert time.monotonic() - begun < 1 + STOP_SLACK + BUSY  # the call hangs until the session's deadline, 44 s
    assert daemon.wait_for_event("messages_released")["messages"] == 1
    successor = start("--until-empty")
    assert successor.end() == 0
    assert outcomes(successor) == {hanging: ("live", "confidence_met")}


def test_a_second_signal_stops_at_once(
    tmp_path: Path, simulator: Simulator, calls: "SimpleQueue[CallRecord]", start: Start
) -> None:
    put_on_queue(tmp_path, simulator.create_session(SessionScript(faults=(Fault("stall"),))))
    daemon = start(WATCHER_SHUTDOWN__DRAIN_TIMEOUT="60")
    assert calls.get(timeout=PATIENCE).result == "stall"
    daemon.send(signal.SIGINT)
    daemon.wait_for_event("draining")
    time.sleep(SAME_STOP)
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 1
    daemon.wait_for_event("forced_exit")


def test_sighup_reloads_thresholds_and_a_bad_file_changes_nothing(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    settings = tmp_path / "watcher.toml"
    settings.write_text("[decision]\nthreshold = 80.0\n")
    daemon = start("--config", str(settings))
    daemon.wait_for_event("started")
    settings.write_text("[decision]\nthreshold = 0.9\n")
    daemon.send(signal.SIGHUP)
    problems = daemon.wait_for_event("reload_failed")["problems"]
    assert "decision.threshold" in problems[0]
    assert "watcher_config_last_reload_successful 0.0" in daemon.get("/metrics")
    settings.write_text("[decision]\nthreshold = 99.9\n[log]\nlevel = 'debug'\n")
    daemon.send(signal.SIGHUP)
    assert set(daemon.wait_for_event("reloaded")["applied"]) == {"decision.threshold", "log.level"}
    assert "watcher_config_last_reload_successful 1.0" in daemon.get("/metrics")
    put_on_queue(tmp_path, simulator.create_session(SessionScript(in_progress_for=1, confidence=95.0)))
    (decision,) = daemon.wait_for_decisions(1)
    assert (decision["data"]["outcome"], decision["data"]["threshold"]) == ("not_live", 99.9)
    daemon.wait_for_event("polled")
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0


def test_metrics_and_health_tell_what_happened(tmp_path: Path, simulator: Simulator, start: Start) -> None:
    put_on_queue(tmp_path, simulator.create_session(QUICK), simulator.create_session(NEVER))
    daemon = start()
    daemon.wait_for_decisions(1)
    metrics = daemon.get("/metrics")
    assert 'watcher_decisions_total{outcome="live",policy="default",reason="confidence_met"} 1.0' in metrics
    assert "watcher_sessions_received_total 2.0" in metrics
    assert 'watcher_polls_total{result="succeeded"} 1.0' in metrics
    assert json.loads(daemon.get("/livez")) == []
    assert json.loads(daemon.get("/readyz")) == []


def test_missing_permissions_reject_nobody_and_show_in_readiness(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    denied = simulator.create_session(
        SessionScript(in_progress_for=1, faults=(Fault("access_denied", first_polls=4),))
    )
    put_on_queue(tmp_path, denied)
    daemon = start()
    assert daemon.wait_for_event("component_unavailable")["part"] == "credentials"
    (decision,) = daemon.wait_for_decisions(1)
    assert decision["data"]["outcome"] == "live"
    daemon.wait_for_event("component_recovered", part="credentials")
    assert json.loads(daemon.get("/readyz")) == []


def test_readiness_names_an_endpoint_that_is_not_there(start: Start) -> None:
    daemon = start(AWS_ENDPOINT_URL_REKOGNITION="http://127.0.0.1:9")
    daemon.wait_for_event("component_unavailable", part="endpoint")
    with pytest.raises(HTTPError) as refused:
        daemon.get("/readyz")
    with closing(refused.value):
        assert refused.value.code == 503
        assert [problem["part"] for problem in json.load(refused.value)] == ["endpoint"]
    assert json.loads(daemon.get("/livez")) == []


def test_a_message_that_can_never_be_served_becomes_a_dead_letter_and_harms_no_other(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    good = simulator.create_session(QUICK)
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send(["not an id", good])
    daemon = start("--until-empty")
    assert daemon.end() == 0
    assert outcomes(daemon) == {good: ("live", "confidence_met")}
    assert daemon.wait_for_event("message_dead_lettered")["reason"] == "invalid_session_id"
    listed = run_watcher(tmp_path, "dead", "list")
    assert "invalid_session_id" in listed.stdout


def test_bad_settings_are_told_all_at_once_with_exit_code_78(tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").write_text("[decision]\nthreshold = 0.8\n[polling]\nmin_interval = 20\nspeed = 1\n")
    done = run_watcher(tmp_path, "run")
    assert done.returncode == 78
    for key in ("decision.threshold", "polling.min_interval", "polling.speed"):
        assert key in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_no_bad_setting_for_it_may_be_free_at_the_next_start(tmp_path: Path, start: Start) -> None:
    first = start()
    port = first.wait_for_event("started")["port"]
    done = run_watcher(tmp_path, "run", "--set", f"http.port={port}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: http.host = '127.0.0.1', http.port = {port}: Address already in use: try again")
    first.send(signal.SIGTERM)
    assert first.end() == 0
    second = start("--set", f"http.port={port}")
    assert second.wait_for_event("started")["port"] == port


def test_an_address_of_another_machine_is_a_bad_setting(tmp_path: Path) -> None:
    done = run_watcher(tmp_path, "run", "--set", "http.host=192.0.2.1")  # RFC 5737: nobody's
    assert done.returncode == 78
    (line,) = done.stderr.splitlines()
    assert line.startswith("watcher: http.host = '192.0.2.1', http.port = 9464: Cannot assign requested address: ")


def test_decisions_go_to_a_file(tmp_path: Path, simulator: Simulator, start: Start) -> None:
    subject = simulator.create_session(QUICK)
    put_on_queue(tmp_path, subject)
    (tmp_path / "watcher.toml").write_text('[[sinks]]\ntype = "file"\npath = "decisions.jsonl"\n')
    daemon = start("--until-empty")
    assert daemon.end() == 0
    assert daemon.decisions == []
    (line,) = (tmp_path / "decisions.jsonl").read_text().splitlines()
    assert json.loads(line)["subject"] == subject


def test_a_closed_stdout_stops_the_watcher_and_the_message_stays(
    tmp_path: Path, simulator: Simulator, environment: dict[str, str], start: Start
) -> None:
    subject = simulator.create_session(QUICK)
    put_on_queue(tmp_path, subject)
    script = '"$0" -m watcher run --until-empty 2> log | true; echo "${PIPESTATUS[0]}"'
    done = subprocess.run(
        ["bash", "-c", script, sys.executable],
        cwd=tmp_path,
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "1\n"
    log = (tmp_path / "log").read_text()
    assert "Error: stdout is closed" in log
    assert "Traceback" not in log
    successor = start("--until-empty")
    assert successor.end() == 0
    assert [decision["subject"] for decision in successor.decisions] == [subject]


def test_no_secret_and_no_image_is_in_any_output(tmp_path: Path, simulator: Simulator, start: Start) -> None:
    subject = simulator.create_session(QUICK)
    put_on_queue(tmp_path, subject)
    daemon = start("--until-empty", WATCHER_LOG__LEVEL="debug")
    assert daemon.end() == 0
    printed = json.dumps([daemon.log, daemon.decisions, daemon.stray])
    stored = (tmp_path / "watcher.db").read_bytes()
    image = simulator.image(subject, 0)
    for secret in (b"hidden-secret", image[:64]):
        assert secret not in printed.encode()
        assert secret not in stored


def test_a_variable_that_changes_what_the_file_says_is_logged(tmp_path: Path, start: Start) -> None:
    (tmp_path / "watcher.toml").write_text("[decision]\nthreshold = 90\n")
    daemon = start(WATCHER_DECISION__THRESHOLD="40")
    overridden = daemon.wait_for_event("setting_overridden")
    assert (overridden["key"], overridden["file"]) == ("decision.threshold", "watcher.toml")
    assert overridden["by"] == "env WATCHER_DECISION__THRESHOLD"
    assert daemon.wait_for_event("started")["thresholds"] == {"default": 40.0}


def test_a_variable_with_one_underscore_is_an_error(tmp_path: Path) -> None:
    ended = run_watcher(tmp_path, "run", WATCHER_DECISION_THRESHOLD="95")
    assert ended.returncode == 78
    assert "did you mean WATCHER_DECISION__THRESHOLD?" in ended.stderr


def test_the_collector_rests_during_the_start_only(tmp_path: Path, environment: dict[str, str]) -> None:
    main = (
        "import gc, runpy; from watcher.daemon.daemon import Daemon; "
        "Daemon.run = lambda self, **_: print(gc.isenabled(), gc.get_freeze_count() > 10_000); "
        "runpy.run_module('watcher', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", main, "run"],
        cwd=tmp_path,
        env=environment_of(**environment),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout == "True True\n"
