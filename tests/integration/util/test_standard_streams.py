import io
import json
import os
import subprocess
import sys

import pytest

from tests.support import ROOT
from watcher.util.standard_streams import ClosedStream, ForgivingStream, is_closed

CLOSED = """
import os, sys
from watcher.util.standard_streams import fill_closed
fill_closed()
opened = os.open("/dev/null", os.O_RDONLY)
with open(3 + 95, "w") as report:
    print(opened > 2, [os.path.samestat(os.fstat(n), os.stat("/dev/null")) for n in range(3)], file=report)
print("lost")
print("lost", file=sys.stderr)
sys.stdin.read()
"""


def test_closed_streams_are_filled_so_that_no_file_takes_their_place() -> None:
    reader, writer = os.pipe()
    with open(reader) as report:  # noqa: PTH123 - a descriptor
        done = subprocess.run(
            ["bash", "-c", f'exec 98>&{writer} "$@" <&- >&- 2>&-', "-", sys.executable, "-c", CLOSED],
            cwd=ROOT,
            pass_fds=[writer],
            check=False,
        )
        os.close(writer)
        assert done.returncode == 0
        assert report.read() == "True [True, True, True]\n"


def test_who_was_closed_is_known() -> None:
    assert is_closed(None)
    assert not is_closed(sys.stdout)
    null = os.open(os.devnull, os.O_RDWR)
    try:
        assert is_closed(ClosedStream(null))
    finally:
        os.close(null)


ESCAPED = """
import json
from watcher.util.standard_streams import make_robust
make_robust()
print(json.dumps("é漢😀\\udcff", ensure_ascii=False))
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_character_that_an_encoding_lacks_is_escaped_so_that_json_stays_json(encoding: str) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", ESCAPED], cwd=ROOT, env=environ, capture_output=True, check=True)
    assert json.loads(done.stdout.decode(encoding)) == "é漢😀\udcff"


def test_standard_error_that_cannot_be_written_raises_nothing() -> None:
    with io.FileIO("/dev/full", "wb") as full:
        stream = ForgivingStream(full, "utf-8", write_through=True)
        assert stream.write("lost") == 4
        stream.flush()
        stream.detach()


MUCH = """
import sys
from watcher.util.standard_streams import make_robust
make_robust()
print("x" * 300_000)
print("y" * 300_000, file=sys.stderr)
"""


@pytest.mark.parametrize(("name", "letter"), [("stdout", b"x"), ("stderr", b"y")])
def test_nothing_is_lost_in_a_pipe_that_another_process_has_made_non_blocking(name: str, letter: bytes) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    streams: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, name: writer}
    with subprocess.Popen([sys.executable, "-c", MUCH], cwd=ROOT, **streams) as process, open(reader, "rb") as pipe:  # type: ignore[call-overload] # noqa: PTH123 - a descriptor
        os.close(writer)
        assert pipe.read() == letter * 300_000 + b"\n"
    assert process.returncode == 0
