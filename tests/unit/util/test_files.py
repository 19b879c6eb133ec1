import os
from pathlib import Path

import pytest

from watcher.util.files import UnreadableFile, read_bytes, read_text, require_regular

LIMIT = 1000


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a\r\nb\n")
    assert read_text(tmp_path / "file", LIMIT) == "a\r\nb\n"


def test_the_mark_of_editors_on_windows_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a = 1\n", encoding="utf-8-sig")
    assert read_text(tmp_path / "file", LIMIT) == "a = 1\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a = 1\n".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff\0a", "UTF-16"),
        (b"a\nb = '\xe9'\n", "line 2 is not UTF-8"),
        (b"x" * (LIMIT + 1), "larger than 1000 bytes"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_fix(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UnreadableFile) as caught:
        read_text(tmp_path / "file", LIMIT)
    assert caught.value.why == why
    assert caught.value.fix


@pytest.mark.parametrize("path", ["/dev/zero", "pipe", "folder", "gone", "a\0b", "a/" * 3000, "x" * 300])
def test_only_a_regular_file_is_read_and_nothing_hangs(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UnreadableFile):
        read_bytes(tmp_path / path, LIMIT)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "pipe", "folder", "gone"])
def test_libraries_get_regular_files_only(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    require_regular(tmp_path / "file")
    with pytest.raises(OSError, match=r"regular file|No such file"):
        require_regular(tmp_path / path)


def test_dev_null_is_an_empty_file() -> None:
    assert read_bytes(Path("/dev/null"), LIMIT) == b""


def test_a_sparse_file_of_ten_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(10 << 30)
    with pytest.raises(UnreadableFile, match="larger"):
        read_bytes(tmp_path / "huge", LIMIT)
