import base64
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.support import decision
from watcher.domain.errors import ConfigError
from watcher.sinks.webhook.signing import KeyFile, signature, webhook_id

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
SHORT = "whsec_" + base64.b64encode(b"short").decode()
LONG = "whsec_" + base64.b64encode(b"l" * 65).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o600)
    return file


def raw(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"))


def change(path: Path, text: str) -> None:
    """Write anew, with a time that differs however coarse the file system's clock is."""
    path.write_text(text)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1_000_000_000))


def test_a_signature_is_the_official_packages() -> None:
    body = decision(1).body
    official = Webhook(SECRET).sign("id", datetime.fromtimestamp(1_750_000_000, UTC), body)
    assert signature([raw(SECRET)], "id", 1_750_000_000, body) == official


def test_several_keys_sign_with_a_space_between() -> None:
    first, second = (signature([raw(secret)], "id", 1, "{}") for secret in (SECRET, OTHER))
    assert signature([raw(SECRET), raw(OTHER)], "id", 1, "{}") == f"{first} {second}"


def test_an_id_has_no_full_stop_and_stays_unambiguous() -> None:
    assert webhook_id("0f3c:default") == "0f3c:default"
    ids = {webhook_id(text) for text in ("a:b.c", "a:b%2Ec", "a:b2Ec")}
    assert len(ids) == 3
    assert not any("." in text for text in ids)


@pytest.mark.parametrize(
    "text",
    [f"{SECRET}\n{OTHER}\n", f"  {SECRET}\r\n\r\n{OTHER}  ", f"{SECRET}\n{OTHER.removeprefix('whsec_').rstrip('=')}"],
    ids=["lines", "blanks", "without prefix and padding"],
)
def test_each_line_is_a_key_in_order(path: Path, text: str) -> None:
    path.write_text(text)
    assert list(KeyFile("hook", str(path)).keys()) == [raw(SECRET), raw(OTHER)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty: give one whsec_... a line"),
        (" \n\n", "is empty"),
        (f"{SECRET}\nhunter2 is no base64!", "line 2 is not a secret: give whsec_ and base64"),
        ("whsk_" + SECRET.removeprefix("whsec_"), "line 1 is not a secret"),
        (SHORT, "line 1 has a key of 5 bytes: give 24 to 64"),
        (LONG, "line 1 has a key of 65 bytes"),
        ("é", "is not text"),
    ],
)
def test_a_file_without_keys_that_can_be_used_is_told_but_not_what_is_in_it(
    path: Path, text: str, problem: str
) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        KeyFile("hook", str(path))
    (line,) = caught.value.problems
    assert line.startswith(f"sinks.hook: secret_file = '{path}': {problem}")
    assert "hunter2" not in line
    assert all(secret not in line for secret in (SHORT, LONG))
    assert caught.value.__cause__ is None


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory: name a file that can be read"):
        KeyFile("hook", str(tmp_path / "none"))


def test_a_key_in_the_place_of_the_file_is_not_repeated() -> None:
    key = OTHER.removeprefix("whsec_")
    with pytest.raises(ConfigError, match=r"secret_file = '\*\*\*': No such file") as caught:
        KeyFile("hook", key)
    assert key not in str(caught.value)


def test_a_file_that_everybody_may_write_is_refused(path: Path) -> None:
    path.chmod(0o602)
    with pytest.raises(ConfigError, match="everyone can write to it: chmod o-w"):
        KeyFile("hook", str(path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_judges_the_file_that_it_reads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody puts a file of theirs under the name just while it is opened."""
    keys, real = KeyFile("hook", str(path)), os.open

    def in_between(name: Path, flags: int) -> int:
        path.rename(path.with_name("mine"))
        change(path, OTHER)
        os.chown(path, 4242, 4242)
        descriptor = real(name, flags)
        path.with_name("mine").rename(path)
        return descriptor

    monkeypatch.setattr("watcher.util.files.os.open", in_between)
    with pytest.raises(ConfigError, match="was replaced while it was read, and root runs this"):
        KeyFile("hook", str(path))
    os.utime(path, ns=(1, 1))
    assert keys.keys() == [raw(SECRET)]


def test_a_file_that_everybody_may_read_can_be_used(path: Path) -> None:
    path.chmod(0o644)
    assert len(KeyFile("hook", str(path)).keys()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_uses_no_keys_that_others_can_change(path: Path) -> None:
    os.chown(path, 4242, 0)
    with pytest.raises(ConfigError, match=r"is owned by 4242, and root runs this: chown root"):
        KeyFile("hook", str(path))


def test_a_changed_file_is_read_again(path: Path) -> None:
    file = KeyFile("hook", str(path))
    change(path, OTHER)
    assert list(file.keys()) == [raw(OTHER)]


def test_a_file_swapped_as_kubernetes_does_is_read_again(path: Path, tmp_path: Path) -> None:
    (tmp_path / "new").write_text(OTHER)
    link = tmp_path / "link"
    link.symlink_to(path)
    file = KeyFile("hook", str(link))
    link.unlink()
    link.symlink_to(tmp_path / "new")
    assert list(file.keys()) == [raw(OTHER)]


def test_a_file_that_became_unusable_leaves_the_last_keys_and_is_told_once(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = KeyFile("hook", str(path))
    path.unlink()
    for _ in range(3):
        assert list(file.keys()) == [raw(SECRET)]
    assert capsys.readouterr().out.count("secret_file_reload_failed") == 1
    path.write_text(OTHER)
    assert list(file.keys()) == [raw(OTHER)]
