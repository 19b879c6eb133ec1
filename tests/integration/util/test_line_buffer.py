import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import ROOT
from watcher.util.line_buffer import LineBuffer

PATIENCE = 20.0
PIPE = 65536


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        with suppress(OSError):
            os.close(descriptor)


def read(reader: int, until: bytes) -> bytes:
    found = b""
    while until not in found:
        found += os.read(reader, PIPE)
    return found


def test_whole_lines_come_out_in_order(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    buffer = LineBuffer(writer)
    for text in ("one\ntw", "o\nthr", "ee"):
        buffer.write(text)
    assert buffer.drain(PATIENCE)
    assert os.read(reader, PIPE) == b"one\ntwo\nthree\n"
    assert buffer.dropped == 0


def test_nobody_reads_and_nobody_waits(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.write(writer, b"x" * (PIPE - 1) + b"\n")  # it is full now
    buffer = LineBuffer(writer, limit=2 * PIPE)
    buffer.on_recovery = lambda lines: print(f"{lines} dropped", file=buffer)
    for number in range(10_000):
        buffer.write(f"{number:099}\n")
    assert buffer.dropped > 5000
    assert not buffer.drain(0.01)
    _, *lines, last = read(reader, b"dropped\n").splitlines()
    assert last.decode() == f"{buffer.dropped} dropped"
    assert lines == [f"{number:099}".encode() for number in range(len(lines))]
    assert len(lines) + buffer.dropped == 10_000


@pytest.mark.parametrize("place", ["/dev/full", "a closed pipe"])
def test_lines_that_cannot_be_written_are_counted(place: str, pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.close(reader)
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        buffer = LineBuffer(full if place == "/dev/full" else writer)
        buffer.write("one\ntwo\n")
        assert buffer.drain(PATIENCE)
        assert buffer.dropped == 2
    finally:
        os.close(full)


def test_a_pipe_that_another_process_made_non_blocking_loses_nothing(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    buffer = LineBuffer(writer)
    for number in range(3000):
        buffer.write(f"{number:099}\n")
    buffer.write("end\n")
    assert len(read(reader, b"end\n").splitlines()) == 3001
    assert buffer.dropped == 0


def test_what_an_encoding_lacks_is_escaped(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    buffer = LineBuffer(writer, "ascii")
    buffer.write("é\udcff\n")
    assert buffer.drain(PATIENCE)
    assert os.read(reader, PIPE) == b"\\xe9\\udcff\n"


def test_bytes_are_no_text(pipe: tuple[int, int]) -> None:
    with pytest.raises(TypeError):
        LineBuffer(pipe[1]).write(b"")  # type: ignore[arg-type]


CRASH = """
import sys
from watcher.util import line_buffer
line_buffer.install_buffer()
def fail(): raise ZeroDivisionError("a bug")
print("before", file=sys.stderr)
fail()
"""


def test_a_crash_shows_its_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", CRASH], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("before\nTraceback")
    assert done.stderr.endswith("ZeroDivisionError: a bug\n")


def test_a_crash_ends_though_nobody_reads(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, b"x" * PIPE)
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    try:
        done = subprocess.run([sys.executable, "-c", CRASH], cwd=ROOT, stderr=writer, check=False, timeout=PATIENCE)
    finally:
        os.close(reader)
        os.close(writer)
    assert done.returncode == 1
