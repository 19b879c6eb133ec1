"""Certificates: verified by default, against a bundle of one's own, or not at all; the same in both programs."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from http.server import HTTPServer
from pathlib import Path

import pytest

from tests.acceptance.test_get.corpus import BASE, SESSION_ID
from tests.acceptance.test_get.endpoint import Answer, Endpoint
from tests.acceptance.test_get.programs import CREDENTIALS, Programs

ID = ["--session-id", SESSION_ID]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subprocess.run([openssl, *command.split(), *names], check=True, capture_output=True, timeout=60)
    (folder / "both").write_text((folder / "key").read_text() + (folder / "cert").read_text())
    return folder


@pytest.fixture(scope="module")
def url(certificate: Path) -> Iterator[str]:
    """The URL of an endpoint that speaks TLS."""
    endpoint = Endpoint()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "both")
    server: HTTPServer = endpoint.server
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with endpoint:
        yield endpoint.url(endpoint.put(Answer.of(BASE))).replace("http:", "https:")


def test_an_unknown_certificate_is_refused_in_the_same_words(url: str, programs: Programs) -> None:
    aws, watcher = programs.run(*ID, "--endpoint-url", url)
    assert watcher == aws
    assert watcher.code == 255
    assert b"SSL validation failed" in watcher.stderr


def test_a_bundle_of_ones_own_is_trusted(url: str, certificate: Path, programs: Programs) -> None:
    bundle = str(certificate / "cert")
    for arguments, variables in ((["--ca-bundle", bundle], {}), ([], {"AWS_CA_BUNDLE": bundle})):
        both = programs.run(*ID, "--endpoint-url", url, *arguments, environment={**CREDENTIALS, **variables})
        assert both.watcher == both.aws
        assert both.watcher.code == 0


def test_no_verify_ssl_wins_over_a_bundle(url: str, programs: Programs) -> None:
    for more in ([], ["--ca-bundle", "/no/such.pem"]):
        both = programs.run(*ID, "--endpoint-url", url, "--no-verify-ssl", *more)
        assert (both.watcher.code, both.watcher.stdout) == (both.aws.code, both.aws.stdout)
        assert both.watcher.code == 0
