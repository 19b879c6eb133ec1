"""Secrets in the form of Standard Webhooks."""

from base64 import b64decode

from standardwebhooks import Webhook

from watcher.util.webhook_secret import KEY_BYTES, PREFIX, new_secret


def test_a_secret_has_a_key_of_a_length_that_is_allowed() -> None:
    key = b64decode(new_secret().removeprefix(PREFIX), validate=True)
    assert len(key) == 32
    assert len(key) in KEY_BYTES
    assert len(b64decode(new_secret(24).removeprefix(PREFIX))) == 24


def test_each_is_another() -> None:
    assert len({new_secret() for _ in range(100)}) == 100


def test_the_reference_library_takes_it() -> None:
    assert Webhook(new_secret())
