"""What is this machine's fault, whatever was being done."""

import errno
import resource
import socket
import sqlite3

import pytest

from watcher.util.machine_faults import EXHAUSTED, allow_open_files, machine_fault, open_files_limit, out_of_files


def caused_by(cause: Exception) -> Exception:
    """An error that a library raised because of another one."""
    try:
        try:
            raise ValueError("no connection") from cause
        except ValueError as error:
            raise LookupError("no client") from error
    except LookupError as error:
        return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EMFILE, "quoting hunter2"), "Too many open files: raise the limit"),
        (OSError(errno.ENOMEM, "x"), "Cannot allocate memory: free some memory"),
        (MemoryError(), "out of memory: free some memory"),
        (RuntimeError("can't start new thread"), "no thread can be started: "),
    ],
)
def test_the_machine_s_fault_is_found_behind_other_errors(error: Exception, words: str) -> None:
    assert machine_fault(error).startswith(words)
    assert machine_fault(caused_by(error)).startswith(words)
    assert "hunter2" not in machine_fault(error)


@pytest.mark.parametrize(
    "error",
    [
        None,
        OSError(errno.ENOENT, "x"),
        OSError("Too many open files"),
        RuntimeError("a bug"),
        ValueError(),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        *(ConnectionError(number, "x") for number in (errno.ECONNREFUSED, errno.EPIPE)),
    ],
)
def test_other_errors_are_not_its_fault(error: Exception | None) -> None:
    assert machine_fault(error) == ""


def test_libraries_that_hide_the_number_of_an_error_are_seen_through(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = [
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        sqlite3.OperationalError("x"),
    ]
    assert out_of_files() == ""

    def full(*_: object) -> int:
        raise OSError(errno.EMFILE, "x")

    monkeypatch.setattr("os.open", full)
    assert out_of_files().startswith("Too many open files: ")
    assert machine_fault(hidden[0]) == out_of_files()


def test_every_fault_has_a_fix() -> None:
    assert all(": " in machine_fault(OSError(number, "x")) for number in EXHAUSTED)


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ((64, 64), 64),
        ((64, 100), 100),
        ((64, 4096), 200),
        ((64, resource.RLIM_INFINITY), 200),
        ((1024, 4096), 1024),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 200),
    ],
)
def test_the_limit_of_open_files_is_raised_as_far_as_it_may(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], allowed: int
) -> None:
    limit = {"now": limits}
    monkeypatch.setattr(resource, "getrlimit", lambda _: limit["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda _, given: limit.update(now=given))
    assert allow_open_files(200) == allowed
    assert limit["now"][1] == limits[1]
    assert open_files_limit() in (allowed, None)
