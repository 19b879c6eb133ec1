"""From a back end's message to its decision and back, with the real watcher between, at moto's server."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook

from tests.chaos.site import Site
from tests.deploy.integrate.conftest import INTEGRATE
from tests.deploy.integrate.programs import Program, finish, python
from tests.integration.support.receivers import Receiver
from tests.moto import CREDENTIALS
from tests.support import ROOT
from watcher.simulator import SessionScript, Simulator
from watcher.util.webhook_secret import new_secret

QUICK = SessionScript(created_for=0, in_progress_for=1)
SPOOF = SessionScript(created_for=0, in_progress_for=1, confidence=12.0)

READ_EVENT = """
import { HTTP } from "cloudevents";
const [type, body] = process.argv.slice(1);
const event = HTTP.toEvent({ headers: { "content-type": type }, body });
event.validate();
console.log(JSON.stringify([event.id, event.type, event.data.outcome]));
"""


@pytest.fixture
def site(tmp_path: Path, moto_server: str) -> Iterator[Site]:
    with Simulator(time_scale=4.0, seed=1) as simulator:
        opened = Site(tmp_path, moto_server, simulator)
        yield opened
        opened.close()


@pytest.fixture
def environment(moto_server: str) -> dict[str, str]:
    return {**CREDENTIALS, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"} | {
        "AWS_ENDPOINT_URL_SQS": moto_server
    }


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start an example; it ends with the test."""
    programs: list[Program] = []

    def started(*command: str, **environment: str) -> Program:
        programs.append(Program(command, tmp_path, **environment))
        return programs[-1]

    yield started
    for program in programs:
        program.close()


def watch(site: Site, moto_url: str, secret: str, decisions: str, webhook: str) -> None:
    """Start the watcher with the sinks that the examples listen to."""
    (site.folder / "secret").write_text(secret)
    (site.folder / "secret").chmod(0o600)
    sinks: list[dict[str, Any]] = [
        {"type": "sqs", "queue_url": decisions, "endpoint_url": moto_url},
        {"type": "webhook", "url": webhook, "secret_file": "secret", "allow_private": True},
        {"type": "stdout"},
    ]
    site.start(WATCHER_SINKS=json.dumps(sinks), WATCHER_POLLING__MIN_INTERVAL="0.1").wait_for_event("started")


def test_python(
    site: Site, moto_server: str, environment: dict[str, str], run: Callable[..., Program], tmp_path: Path
) -> None:
    secret, decisions = new_secret(), site.create_queue("decisions", "")
    webhooks = run(*python("receive_webhook.py"), "0", "webhooks.db", WEBHOOK_SECRETS=secret)
    consumer = run(*python("receive_decisions.py"), decisions, **environment)
    watch(site, moto_server, secret, decisions, f"http://127.0.0.1:{webhooks.port()}/")
    for script, words in ((QUICK, "let in"), (SPOOF, "not let in")):
        session = site.simulator.create_session(script)
        finish([*python("send_session.py"), site.queue_url, session], tmp_path, environment)
        finish([*python("complete_session.py"), site.queue_url, session], tmp_path, environment)
        for program in (consumer, webhooks):
            assert program.wait_for(session) == f"{words} {session}:default"


def test_node(
    site: Site,
    moto_server: str,
    environment: dict[str, str],
    run: Callable[..., Program],
    node_folder: Path,
) -> None:
    secret, decisions = new_secret(), site.create_queue("decisions", "")
    webhooks = run("node", str(node_folder / "receive-webhook.mjs"), "0", WEBHOOK_SECRETS=secret)
    consumer = run("node", str(node_folder / "receive-decisions.mjs"), decisions, **environment)
    watch(site, moto_server, secret, decisions, f"http://127.0.0.1:{webhooks.port()}/")
    for script, words in ((QUICK, "let in"), (SPOOF, "not let in")):
        session = site.simulator.create_session(script)
        for example in ("send-session.mjs", "complete-session.mjs"):
            finish(["node", str(node_folder / example), site.queue_url, session], node_folder, environment)
        for program in (consumer, webhooks):
            assert program.wait_for(session) == f"{words} {session}:default"


def test_java_and_curl(
    site: Site,
    moto_server: str,
    environment: dict[str, str],
    run: Callable[..., Program],
    java_folder: Path,
    tmp_path: Path,
) -> None:
    secret, decisions = new_secret(), site.create_queue("decisions", "")
    webhooks = run("java", "-cp", str(java_folder), "ReceiveWebhook", "0", WEBHOOK_SECRETS=secret)
    watch(site, moto_server, secret, decisions, f"http://127.0.0.1:{webhooks.port()}/")
    session = site.simulator.create_session(QUICK)
    script = str(INTEGRATE / "curl" / "send-session.sh")
    finish(["sh", script, site.queue_url, session], tmp_path, environment | {"AWS_SESSION_TOKEN": "token"})
    line = webhooks.wait_for(session)
    assert json.loads(line.removeprefix("decision "))["data"]["outcome"] == "live"


def received(site: Site, moto_url: str) -> tuple[str, dict[str, str], bytes]:
    """A secret, and the headers and the body of a webhook that the real watcher has posted."""
    secret, receiver = new_secret(), Receiver()
    try:
        watch(site, moto_url, secret, site.create_queue("decisions", ""), receiver.url)
        site.feed(1, QUICK)
        site.daemons[0].wait_for_decisions(1)
        site.wait_until_empty()
        return secret, dict(receiver.got[0].headers), receiver.got[0].body
    finally:
        receiver.close()


def test_the_official_packages_confirm_an_event(site: Site, moto_server: str) -> None:
    secret, headers, body = received(site, moto_server)
    Webhook(secret).verify(body, headers)
    http = pytest.importorskip("cloudevents.core.bindings.http", reason="needs cloudevents, of the extra `test`")
    event = http.from_http_event(http.HTTPMessage(headers=headers, body=body))
    assert event.get_id() == headers["webhook-id"]
    data = event.get_data()
    assert isinstance(data, dict)
    assert data["outcome"] == "live"
    schema = json.loads((INTEGRATE / "event.schema.json").read_text())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(json.loads(body))


def test_the_official_package_of_node_confirms_an_event(site: Site, moto_server: str, node_folder: Path) -> None:
    _, headers, body = received(site, moto_server)
    command = ["node", "--input-type=module", "--eval", READ_EVENT, headers["content-type"], body.decode()]
    found = json.loads(finish(command, node_folder, {}))
    assert found == [headers["webhook-id"], "liveness.decision.v1", "live"]


@pytest.mark.parametrize("language", ["", "python", "node", "java"])
def test_one_command_leads_to_a_verified_decision(
    language: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = Path(shutil.copytree(INTEGRATE, tmp_path / "integrate", ignore=shutil.ignore_patterns("node_modules")))
    if language == "node":
        (folder / "node/node_modules").symlink_to(request.getfixturevalue("node_folder") / "node_modules")
    elif language == "java":
        request.getfixturevalue("java_folder")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    printed = finish([str(folder / "try.sh"), *filter(None, [language])], tmp_path, {"PATH": path})
    assert re.search(r"^decision .*confidence_met|^let in [0-9a-f-]{36}:default$", printed)


@pytest.mark.parametrize(
    ("arguments", "path", "told"),
    [
        (["ruby"], "", "usage: try.sh [python|node|java]"),
        (["java"], "without", "try.sh: no java"),
        ([], "without", "try.sh: no python3"),
    ],
)
def test_what_the_one_command_lacks_is_named(arguments: list[str], path: str, told: str, tmp_path: Path) -> None:
    """With a folder of the few programs that it begins with as the whole path."""
    for name in ("dirname", "mktemp", "rm", "cat", "sh", "watcher"):
        found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        assert found is not None
        (tmp_path / name).symlink_to(found)
    ended = subprocess.run(
        [str(shutil.copy(INTEGRATE / "try.sh", tmp_path)), *arguments],
        env={"PATH": str(tmp_path)} if path else {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in {1, 64}
    assert ended.stderr == f"{told}\n"


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    """A receiver, and an event that it verifies, in one shell."""
    page = (INTEGRATE / "README.md").read_text()
    one_command, block = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert one_command.startswith("deploy/integrate/try.sh ")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    # What people do by hand: give the receiver its database, wait until it listens, and stop it.
    lines = block.replace("8080", port).replace(f"{port} &", f"{port} {tmp_path / 'ids.db'} &").splitlines()
    lines[3:3] = ["trap 'kill $!' EXIT", f"until (: > /dev/tcp/127.0.0.1/{port}) 2> /dev/null; do sleep 0.1; done"]
    command = Path(sys.executable)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    printed = finish(["bash", "-euc", "\n".join(lines)], ROOT, {"PATH": path})
    assert "listening on port" in printed
    *_, acted, status = printed.splitlines()
    assert acted in {f"{words} 3f1c9a52-7a44-4d0e-9d6e-0f6a1f3b8c11:payout" for words in ("let in", "too old")}
    assert status == "204"
