"""`helm test`: what it creates, and the script in its pod, run against real servers."""

import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.deploy.kubernetes.rendering import CHART, HELM, Objects, hooks, pod, values_sqs, workload
from tests.deploy.kubernetes.test_pod_security import BROKEN, Rule

kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="needs kubernetes-validate")

SCRIPT = CHART / "files/readyz.py"
VALUES: dict[str, dict[str, Any]] = {"embedded": {}, "sqs": values_sqs()}


@pytest.fixture(params=list(VALUES))
def created(request: pytest.FixtureRequest) -> Objects:
    return hooks(VALUES[request.param], CHART)


def test_every_object_is_one_of_the_test_and_valid(created: Objects) -> None:
    assert set(created) == {"Pod/watcher-test", "Service/watcher-test", "NetworkPolicy/watcher-test"}
    for one in created.values():
        assert one["metadata"]["annotations"]["helm.sh/hook"] == "test"
        assert one["metadata"]["namespace"] == "liveness"
        for version in ("1.29", kubernetes_validate.latest_version()):
            kubernetes_validate.validate(one, version, strict=True)


def test_without_network_policies_there_is_none() -> None:
    assert "NetworkPolicy/watcher-test" not in hooks({"networkPolicy": {"enabled": False}}, CHART)


@pytest.mark.parametrize("mode", list(VALUES))
def test_its_pod_reaches_the_watchers_and_is_not_taken_for_one(mode: str) -> None:
    created = hooks(VALUES[mode], CHART)
    spec = workload(HELM[mode]())["spec"]
    labels, selector = spec["template"]["metadata"]["labels"], spec["selector"]["matchLabels"]
    service, policy = created["Service/watcher-test"]["spec"], created["NetworkPolicy/watcher-test"]["spec"]
    own = created["Pod/watcher-test"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    (rule,) = policy["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": own}}]
    assert not selector.items() <= own.items()
    arguments = created["Pod/watcher-test"]["spec"]["containers"][0]["args"]
    assert arguments[1:3] == ["watcher-test", str(service["ports"][0]["port"])]


@pytest.mark.parametrize("rule", list(BROKEN), ids=lambda rule: rule.__name__)
def test_its_pod_keeps_the_restricted_standard(rule: Rule, created: Objects) -> None:
    assert rule(created["Pod/watcher-test"]["spec"])


def test_its_pod_is_placed_and_pulled_like_the_watchers() -> None:
    placed: dict[str, Any] = {
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    }
    spec = hooks(placed, CHART)["Pod/watcher-test"]["spec"]
    assert {key: spec[key] for key in placed} == placed
    assert spec["containers"][0]["image"] == pod(HELM["embedded"]())["containers"][0]["image"]


def test_its_pod_runs_the_script_that_is_tested_here(created: Objects) -> None:
    (container,) = created["Pod/watcher-test"]["spec"]["containers"]
    assert container["command"] == ["/opt/watcher/bin/python", "-c"]
    assert container["args"][0] == SCRIPT.read_text()
    assert float(container["args"][3]) < created["Pod/watcher-test"]["spec"]["activeDeadlineSeconds"]


@contextmanager
def serving(answer: Callable[[], tuple[int, bytes]], host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A server of /readyz at this address; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer() if self.path == "/readyz" else (404, b"")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    with ThreadingHTTPServer((host, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def asked(*arguments: str) -> "subprocess.CompletedProcess[str]":
    words = [sys.executable, "-c", SCRIPT.read_text(), *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_ready_watchers_pass() -> None:
    with serving(lambda: (200, b"[]")) as port:
        ended = asked("127.0.0.1", str(port), "0")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "127.0.0.1: 200 []\n", "")


def test_one_that_is_not_ready_yet_is_asked_again() -> None:
    answers = iter([(503, b"[]"), (200, b"[]")])
    with serving(lambda: next(answers)) as port:
        assert asked("127.0.0.1", str(port), "60").returncode == 0


def test_one_that_stays_unready_fails_and_says_why() -> None:
    with serving(lambda: (503, b'[{"part": "queue"}]')) as port:
        ended = asked("127.0.0.1", str(port), "0")
    assert ended.returncode == 1
    assert "queue" in ended.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_nobody_there_fails(host: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        ended = asked(host, str(bound.getsockname()[1]), "0")
    assert ended.returncode == 1
    assert host in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_pod_behind_the_name_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    script = runpy.run_path(str(SCRIPT))
    resolve = socket.getaddrinfo

    def resolved(name: str, *arguments: Any, **options: Any) -> list[Any]:
        if name != "watcher-test":
            return resolve(name, *arguments, **options)
        return [answer for host in ("127.0.0.1", "127.0.0.2") for answer in resolve(host, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    with serving(lambda: (200, b"[]")) as port, serving(lambda: (503, b"queue"), "127.0.0.2", port):
        assert script["problems"]("watcher-test", port) == ["127.0.0.2: 503 queue"]
