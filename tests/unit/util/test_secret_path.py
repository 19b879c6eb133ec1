"""Where a path may be a secret that somebody gave instead, it is hidden."""

from pathlib import Path

import pytest

from watcher.util.secret_path import shown_path
from watcher.util.urls import HIDDEN
from watcher.util.webhook_secret import PREFIX

SECRET = PREFIX + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def test_the_path_of_a_file_or_of_a_folder_that_exists_is_shown(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "secret", tmp_path / "no" / "such" / "file"):
        assert shown_path(str(path)) == str(path)


@pytest.mark.parametrize("path", ["", "/nowhere/at/all/secret.key", "secrets/webhook"])
def test_what_looks_like_a_path_is_shown(path: str) -> None:
    assert shown_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"/run/{SECRET}",
        "correct-horse-battery",
        "MDEyMzQ1Njc4OWFiY2RlZg==",
        "ab/+MDEyMzQ1Njc4OWFiY2RlZjEy",
        "ab/_MDEyMzQ1Njc4OWFiY2RlZjEy",
        "secret\0",
    ],
)
def test_what_may_be_the_secret_itself_is_hidden(text: str) -> None:
    assert shown_path(text) == HIDDEN
