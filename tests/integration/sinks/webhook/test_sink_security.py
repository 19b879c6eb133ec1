import base64
import hashlib
import os
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.integration.support.receivers import answer
from tests.integration.support.webhooks import KEY, OLD_KEY, Receive, Sinks, failure
from tests.support import decision
from watcher.config.sinks import WebhookSinkSettings
from watcher.domain.errors import ConfigError, SinkError
from watcher.sinks.webhook.sink import WebhookSink


def test_a_changed_body_or_another_key_does_not_verify(
    receive: Receive, webhook_for: Sinks, secret_file: Path
) -> None:
    receiver = receive()
    webhook_for(receiver.url, secret_file=str(secret_file)).emit([decision(1)])
    (got,) = receiver.got
    for key, body in ((KEY, got.body + b" "), (OLD_KEY, got.body)):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, dict(got.headers), json_parse=False)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_nothing_of_an_event_becomes_a_header_of_its_own(
    receive: Receive, webhook_for: Sinks, secret_file: Path, end: str
) -> None:
    """Policies have no line breaks, by the settings: this is for the day on which they may."""
    receiver = receive()
    sink = webhook_for(receiver.url, secret_file=str(secret_file))
    with pytest.raises(SinkError, match="a header has a line break"):
        sink.emit([decision(1, policy=f"p{end}x-injected: yes")])
    assert receiver.got == []


def test_without_a_secret_file_nothing_is_signed(receive: Receive, webhook_for: Sinks) -> None:
    receiver = receive()
    webhook_for(receiver.url).emit([decision(1)])
    assert "webhook-signature" not in receiver.got[0].headers


def test_the_answers_body_and_the_urls_secrets_are_in_no_error(receive: Receive, webhook_for: Sinks) -> None:
    receiver = receive(answer(500, b"a private matter"))
    url = receiver.url.replace("localhost", "user:hunter2@localhost") + "/T0KEN?key=T0KEN"
    text = str(failure(webhook_for(url)))
    assert text == f"http://localhost:{receiver.port}: answered 500"
    assert receiver.got[0].path == "/hook/T0KEN?key=T0KEN"
    assert receiver.got[0].headers["authorization"] == "Basic " + base64.b64encode(b"user:hunter2").decode()


def test_a_certificate_is_checked_and_a_ca_file_can_be_given(
    receive: Receive, webhook_for: Sinks, tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    receiver = receive(context=tls)
    assert "certificate verify failed" in str(failure(webhook_for(receiver.url)))
    webhook_for(receiver.url, ca_bundle=str(certificate[0])).emit([decision(1)])
    webhook_for(f" {receiver.url.upper()} ", ca_bundle=str(certificate[0])).emit([decision(2)])
    assert len(receiver.got) == 2


def test_the_certificate_has_to_be_the_names_although_the_address_is_called(
    receive: Receive, webhook_for: Sinks, tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    url = receive(context=tls).url.replace("localhost", "127.0.0.1")
    assert "127.0.0.1" in str(failure(webhook_for(url, ca_bundle=str(certificate[0]))))


def test_a_private_address_behind_a_name_is_refused(receive: Receive, webhook_for: Sinks) -> None:
    receiver = receive()
    assert "127.0.0.1 is not a public address" in str(failure(webhook_for(receiver.url, allow_private=False)))
    assert receiver.got == []


def test_a_name_that_changes_its_address_after_the_check_is_not_followed(
    receive: Receive, webhook_for: Sinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, asked = receive(), list[str]()
    real = socket.getaddrinfo

    def rebinding(name: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(name)
        if name != "rebind.example":
            return real(name, *args, **kwargs)
        return real("127.0.0.1" if asked.count(name) == 1 else "127.0.0.2", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    webhook_for(receiver.url.replace("localhost", "rebind.example")).emit([decision(1)])
    assert asked.count("rebind.example") == 1
    assert receiver.got[0].headers["host"] == f"rebind.example:{receiver.port}"


@pytest.mark.parametrize("allow_private", [True, False])
@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "0.1.2.3"])
def test_a_metadata_address_is_refused_at_the_start(host: str, allow_private: bool) -> None:
    with pytest.raises(ConfigError, match=r"sinks\.hook: url: .* is a metadata, link-local"):
        WebhookSink(WebhookSinkSettings(name="hook", url=f"http://{host}/", allow_private=allow_private))


def test_a_private_address_is_refused_at_the_start_with_the_fix() -> None:
    with pytest.raises(ConfigError, match=r"10\.0\.0\.1 is not a public address: set allow_private = true"):
        WebhookSink(WebhookSinkSettings(name="hook", url="https://10.0.0.1/"))


def test_keys_rotate_without_a_restart(receive: Receive, webhook_for: Sinks, secret_file: Path) -> None:
    receiver = receive()
    sink = webhook_for(receiver.url, secret_file=str(secret_file))
    secret_file.write_text(f"{KEY}\n\n{OLD_KEY}\n")
    sink.emit([decision(1)])
    for key in (KEY, OLD_KEY):
        Webhook(key).verify(receiver.got[0].body, dict(receiver.got[0].headers))
    assert receiver.got[0].headers["webhook-signature"].count("v1,") == 2
    secret_file.write_text(f"{OLD_KEY}\n")
    sink.emit([decision(2)])
    assert receiver.got[1].headers["webhook-signature"].count("v1,") == 1


@pytest.mark.parametrize("name", ["none", "\ud800", "pipe", "folder"])
def test_a_ca_file_without_certificates_is_named(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")  # which nobody writes
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=r"ca_bundle = .*name a PEM file"):
        WebhookSink(WebhookSinkSettings(name="hook", url="https://example.com/", ca_bundle=str(tmp_path / name)))


def test_the_signature_is_the_specifications(receive: Receive, webhook_for: Sinks, secret_file: Path) -> None:
    receiver = receive()
    webhook_for(receiver.url, secret_file=str(secret_file)).emit([decision(1)])
    (got,) = receiver.got
    content = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    block = bytes(range(32)).ljust(64, b"\0")  # HMAC by its definition (RFC 2104), not by the library
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + content).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).digest()
    assert got.headers["webhook-signature"] == f"v1,{base64.b64encode(outer).decode()}"
