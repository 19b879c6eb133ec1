"""Every command in the surroundings that other programs leave behind: no traceback, a sane code, and decisions."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import decision, environment_of, session_id
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import Simulator
from watcher.util.clock import SystemClock

SUBJECT = session_id(1)
DECIDED = session_id(2)
PATIENCE = 60

COMMANDS: dict[str, tuple[Sequence[str], set[int]]] = {
    "run": (["run", "--until-empty"], {0}),
    "enqueue": (["enqueue", session_id(3)], {0}),
    "enqueue from stdin": (["enqueue", "--file", "-"], {0}),
    "get": (["get", "--session-id", SUBJECT], {255}),
    "get skeleton": (["get", "--generate-cli-skeleton", "output"], {0}),
    "check": (["check", "--offline"], {0}),
    "config show": (["config", "show"], {0}),
    "decisions": (["decisions"], {0}),
    "decisions json": (["decisions", "--json"], {0}),
    "wait": (["wait", DECIDED], {0}),
    "explain": (["explain", DECIDED], {0}),
    "dead list": (["dead", "list"], {0}),
    "help": (["run", "--help"], {0}),
}
"""Each command, and the codes with which it ends in good surroundings."""

STREAMS = ["2>&-", ">&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full", "| head -c 1"]

HARD = ("<&- >&- 2>&-", ">/dev/full", "| head -c 1")
"""Where every command is tried. The other streams are parts of the first of these: they are for `WRITERS`."""

WRITERS = ("run", "enqueue", "get", "check", "decisions")
"""One command of each way to write: events, a line, the AWS CLI's answer, a report, a table."""

VARIABLES = {
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "ascii",
    "PROMETHEUS_MULTIPROC_DIR": "/nonexistent",
    "PROMETHEUS_LEGACY_NAME_VALIDATION": "junk",
    "SSLKEYLOGFILE": "keys",
    "OPENSSL_CONF": "/nonexistent",
    "BOTOCORE_EXPERIMENTAL__PLUGINS": "x=nope",
    "AWS_CSM_ENABLED": "true",
    "AWS_CSM_PORT": "junk",
    "AWS_PROFILE": "",
    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "junk",
    "AWS_MAX_ATTEMPTS": "junk",
    "AWS_RETRY_MODE": "junk",
    "AWS_DEFAULTS_MODE": "junk",
    "AWS_METADATA_SERVICE_TIMEOUT": "junk",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "junk",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "junk",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "junk",
    "AWS_STS_REGIONAL_ENDPOINTS": "junk",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "junk",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "junk",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "junk",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "junk",
    "AWS_CREDENTIAL_EXPIRATION": "junk",
    "AWS_SDK_UA_APP_ID": "a b\tü",
    "NOTIFY_SOCKET": "junk",
    "WATCHDOG_USEC": "junk",
    "WATCHDOG_PID": "junk",
    "LISTEN_FDS": "3",
    "JOURNAL_STREAM": "junk",
    "TZ": "junk/x",
    "HOME": "/nonexistent",
    "TMPDIR": "/nonexistent",
    "TERM": "junk",
    "COLUMNS": "junk",
    "LINES": "-1",
    "FORCE_COLOR": "junk",
    "LANG": "junk",
    "_WATCHER_COMPLETE": "junk",
    "COMP_WORDS": '"',
}
"""Variables that libraries of ours, Python or systemd's protocol read, with values that nobody expects."""


class Ended(NamedTuple):
    code: int
    out: str
    err: str


class Place:
    """A folder with a queue, a ledger and a dead letter, and commands run in it."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.folder = folder
        self._endpoint = endpoint
        clock = SystemClock()
        with closing(SqliteQueue(folder / "watcher.db", 60.0, clock)) as queue:
            queue.send([SUBJECT])
        with closing(SqliteLedger(folder / "watcher.db", clock)) as ledger:
            ledger.record([(decision(2), "[]")])

    def run(self, arguments: Sequence[str], suffix: str = "", prefix: str = "", **variables: str) -> Ended:
        """Run a command of the watcher; `prefix` and `suffix` are a shell's, around it."""
        settings = {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_REKOGNITION": self._endpoint,
            "AWS_ENDPOINT_URL": self._endpoint,
            "WATCHER_HTTP__PORT": "0",
        }
        done = subprocess.run(
            ["bash", "-c", f'{prefix} "$@" {suffix}', "-", sys.executable, "-m", "watcher", *arguments],
            cwd=self.folder,
            env=environment_of(**settings | variables),
            input=b"",
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        return Ended(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def decided(self) -> list[str]:
        """The sessions with a decision."""
        with closing(SqliteLedger(self.folder / "watcher.db", SystemClock())) as ledger:
            return [entry.event.key.session_id for entry in ledger.recent(10)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Simulator(time_scale=4.0) as simulator:
        yield Place(tmp_path, simulator.url)


def assert_sane(ended: Ended, codes: set[int]) -> None:
    text = ended.out + ended.err
    for sign in ("Traceback", "Exception ignored", "Fatal Python error"):
        assert sign not in text, text
    assert ended.code in codes, ended


@pytest.mark.parametrize(
    ("command", "streams"),
    [(command, streams) for command in COMMANDS for streams in STREAMS if streams in HARD or command in WRITERS],
)
def test_streams_in_any_state(place: Place, command: str, streams: str) -> None:
    arguments, codes = COMMANDS[command]
    if command == "run" and ">/dev/full" in streams.split():
        streams += " & sleep 8; kill %1; wait %1"  # it tries the decision again until there is room
    if ">/dev/full" in streams.split() or "head" in streams:
        codes = codes | {0, 1}
    if command == "run" and ">&-" in streams.split():
        codes = {78}  # decisions would be lost
    assert_sane(place.run(arguments, streams), codes)
    if command == "run" and codes == {0}:
        assert SUBJECT in place.decided()
    with closing(SqliteQueue(place.folder / "watcher.db", 60.0, SystemClock())) as queue:
        queue.depth()  # nothing that was printed has reached the database


@pytest.mark.parametrize("command", COMMANDS)
def test_odd_variables_all_at_once(place: Place, command: str) -> None:
    arguments, codes = COMMANDS[command]
    if command.startswith("get"):
        codes = codes | {255}  # the AWS CLI refuses some of them
    ended = place.run(arguments, **VARIABLES)
    assert_sane(ended, codes)
    assert not (place.folder / "keys").exists()
    if command == "run":
        assert [json.loads(line)["data"]["reason"] for line in ended.out.splitlines()] == ["session_not_found"]


def test_an_interpreter_that_is_to_be_inspected_keeps_the_exit_code(place: Place) -> None:
    ended = place.run(["run", "--config", "gone"], PYTHONINSPECT="1")
    assert_sane(ended, {78})
    assert_sane(place.run(["decisions"], PYTHONINSPECT="1"), {0})


def test_a_process_that_may_open_few_files_names_their_limit_not_a_setting(place: Place) -> None:
    for limit in (8, 16):  # at other steps of the start
        ended = place.run(["run", "--until-empty"], prefix=f"ulimit -n {limit};")
        assert_sane(ended, {0, 1})
        assert ended.code == 0 or "Too many open files: raise the limit of open files (`ulimit -n`" in ended.err


def test_a_process_without_memory_says_so(place: Place) -> None:
    ended = place.run(["run", "--until-empty"], prefix="ulimit -v 300000;")
    assert_sane(ended, {0, 1})  # 0: stacks of threads are small here
    assert ended.code == 0 or "Error: this machine: " in ended.err


@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_a_terminal_that_lacks_most_characters(place: Place, encoding: str) -> None:
    (place.folder / "watcher.toml").write_text("[decision.policies.payout]\n[aws]\nprofile = 'é漢😀'\n", "utf-8-sig")
    shown = place.run(["config", "show", "--json"], PYTHONIOENCODING=encoding)
    assert_sane(shown, {0})
    with closing(SqliteQueue(place.folder / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send(["é漢😀 \udcff".encode("utf-8", "replace").decode()])
    for command in ("decisions", "dead list", "explain", "check", "config show"):
        arguments, _ = COMMANDS[command]
        assert_sane(place.run(arguments, PYTHONIOENCODING=encoding, WATCHER_AWS__PROFILE=""), {0})


def test_json_stays_json_where_a_character_is_missing(place: Place) -> None:
    (place.folder / "watcher.toml").write_text("[aws]\nprofile = 'é漢😀'\n")
    shown = place.run(["config", "show", "--json"], PYTHONIOENCODING="ascii")
    assert json.loads(shown.out)["settings"]["aws"]["profile"] == "é漢😀"


HOSTILE_FILES = [
    "/dev/zero",
    "pipe",
    "folder",
    "loop",
    "huge",
    "utf-16",
    "latin-1",
    "x" * 300,
]


@pytest.fixture
def files(place: Place) -> Place:
    folder = place.folder
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    with (folder / "huge").open("wb") as file:
        file.truncate(10 << 30)
    (folder / "utf-16").write_text("[aws]\nregion = 'us-east-1'\n", "utf-16")
    (folder / "latin-1").write_text("[aws]\nprofile = 'é'\n", "latin-1")
    return place


@pytest.mark.parametrize("file", HOSTILE_FILES)
def test_no_file_of_settings_hangs_or_crashes_a_command(files: Place, file: str) -> None:
    for command, code in (("run", 78), ("check", 1)):
        ended = files.run([*COMMANDS[command][0], "--config", file])
        assert_sane(ended, {code})
        assert f"{file} can't be read (--config): " in ended.err + ended.out


@pytest.mark.parametrize("file", [file for file in HOSTILE_FILES if file not in ("pipe", "latin-1")])
def test_no_file_of_ids_hangs_or_crashes_enqueue(files: Place, file: str) -> None:
    ended = files.run(["enqueue", "--file", file])
    assert_sane(ended, {1, 2})
    assert len(ended.err) < 10_000


@pytest.mark.parametrize("file", HOSTILE_FILES)
def test_no_scenario_and_no_secret_hangs_or_crashes(files: Place, file: str) -> None:
    assert_sane(files.run(["simulate", "--scenario", file]), {78})
    sink = json.dumps([{"type": "webhook", "url": "https://example.com", "secret_file": file}])
    assert_sane(files.run(["run", "--until-empty"], WATCHER_SINKS=sink), {78})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ids_are_read_however_an_editor_ended_its_lines(place: Place, encoding: str, end: str) -> None:
    (place.folder / "ids").write_bytes(end.join([session_id(4), "", session_id(5)]).encode(encoding))
    ended = place.run(["enqueue", "--file", "ids"])
    assert (ended.code, ended.out, ended.err) == (0, "enqueued 2\n", "")


def test_ten_megabytes_in_a_line_are_told_in_a_few_words(place: Place) -> None:
    (place.folder / "ids").write_text(session_id(4) + "\n" + '{"sessionId": "' + "x" * 900_000 + '"}\n')
    ended = place.run(["enqueue", "--file", "ids"])
    assert_sane(ended, {1})
    assert ended.out == "enqueued 1\n"
    assert len(ended.err) < 10_000
    (place.folder / "watcher.toml").write_text("[aws]\n" + "x" * 500_000 + ' = "' + "y" * 500_000 + '"\n')
    ended = place.run(["run"])
    assert_sane(ended, {78})
    assert len(ended.err) < 10_000


@pytest.mark.parametrize(
    "assignment",
    [
        r'[queue] url = "sqlite:///a\u0000b.db"',
        r'[[sinks]] type = "file" path = "a\u0000b"',
        r'[http] host = "\u0000"',
    ],
)
def test_a_nul_in_a_setting_is_told(place: Place, assignment: str) -> None:
    (place.folder / "watcher.toml").write_text(assignment.replace("] ", "]\n").replace('" path', '"\npath'))
    ended = place.run(["run"])
    assert_sane(ended, {78})
    assert "contains a NUL" in ended.err


BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
"""Root without the capabilities by which it ignores permissions."""


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ("get skeleton", "help")])
def test_a_folder_without_permission(place: Place, command: str) -> None:
    arguments, codes = COMMANDS[command]
    closed = place.folder / "closed"
    closed.mkdir(mode=0)
    done = subprocess.run(
        [*BOUND, sys.executable, "-m", "watcher", *arguments],
        cwd=place.folder,
        env=environment_of(
            AWS_REGION="us-east-1", WATCHER_QUEUE__URL=f"sqlite:///{closed}/q.db", WATCHER_HTTP__PORT="0"
        ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    closed.chmod(0o700)
    assert_sane(Ended(done.returncode, done.stdout, done.stderr), codes | {1})
