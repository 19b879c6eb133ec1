"""Names that do not resolve, and credentials that are not there or are replaced."""

import subprocess
import time
from pathlib import Path

from tests.chaos.circumstances import Circumstances, Ground
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, scenario
from tests.moto import CREDENTIALS

HOST = "rekognition.chaos.test"


def _needs_namespaces() -> str:
    """Why a process can't have an /etc/hosts of its own here."""
    done = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    return "" if done.returncode == 0 else "needs root and unshare, for an /etc/hosts of its own"


@scenario(
    "names",
    "dns",
    "the endpoint's name does not resolve for a while",
    "sessions wait, none is rejected; /readyz names it within 30 s",
    needs=_needs_namespaces,
)
def _dns(given: Circumstances) -> str:
    with Rig(given) as rig:
        hosts, resolver = given.folder / "hosts", given.folder / "resolv.conf"
        known = f"127.0.0.1 localhost {HOST}\n"
        hosts.write_text(known)
        resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        rig.extra["AWS_ENDPOINT_URL_REKOGNITION"] = f"http://{HOST}:{rig.rekognition.port}"
        script = f'mount --bind {hosts} /etc/hosts; mount --bind {resolver} /etc/resolv.conf; exec "$@"'
        watcher = rig.start(prefix=["unshare", "--mount", "sh", "-c", script, "sh"])
        watcher.wait_for_event("started")
        rig.feed(given.count(10))
        rig.wait_for_deliveries(1)
        _rewrite(hosts, "127.0.0.1 localhost\n")
        rig.rekognition.hang_up()
        rig.feed(given.count(15))
        noticed, _ = watcher.wait_for_problem("endpoint", "rekognition")
        time.sleep(3 * rig.chance.random())
        _rewrite(hosts, known)
        settled = rig.settle()
        watcher.wait_until_ready()
        return f"named after {noticed:.0f} s, all done {settled:.0f} s later; {rig.finish()}"


def _rewrite(path: Path, text: str) -> None:
    """In place: what is mounted over /etc/hosts is this file, not its name."""
    with path.open("r+") as file:
        file.write(text)
        file.truncate()


def _credentials_file(rig: Rig, key: str) -> None:
    fresh = rig.folder / "credentials.new"
    fresh.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = secret-of-{key}\n")
    fresh.replace(rig.folder / "credentials")


def _with_a_file(rig: Rig) -> None:
    rig.extra |= {"AWS_SHARED_CREDENTIALS_FILE": str(rig.folder / "credentials")}
    rig.extra |= {"AWS_CONFIG_FILE": str(rig.folder / "no-config")}
    rig.extra |= dict.fromkeys(CREDENTIALS, "")


@scenario(
    "credentials",
    "late",
    "no credentials at the start; they arrive later",
    "unready, then all is decided; no restart needed",
)
def _late(given: Circumstances) -> str:
    with Rig(given, Ground.EMBEDDED) as rig:
        _with_a_file(rig)
        (watcher,) = rig.start_ready()
        rig.feed(given.count(15))
        noticed, _ = watcher.wait_for_problem("credentials", "endpoint", "rekognition")
        time.sleep(3 * rig.chance.random())
        _credentials_file(rig, "AKIDLATE")
        settled = rig.settle()
        watcher.wait_until_ready()
        return f"named after {noticed:.0f} s, all done {settled:.0f} s after they came; {rig.finish()}"


@scenario(
    "credentials",
    "rotated",
    "the keys in the file are rotated, the old ones refused",
    "every client signs with the new ones; no restart needed",
    Level.SAMPLE,
)
def _rotated(given: Circumstances) -> str:
    with Rig(given, Ground.SQS_DYNAMODB) as rig:
        _with_a_file(rig)
        _credentials_file(rig, "AKIDFIRST")
        (watcher,) = rig.start_ready()
        rig.feed(given.count(10))
        rig.wait_for_deliveries(1)
        for proxy in (rig.rekognition, rig.queue, rig.ledger):
            proxy.revoked.add("AKIDFIRST")
        rig.feed(given.count(10))
        noticed, _ = watcher.wait_for_problem("credentials", "endpoint", "rekognition", "queue", "ledger")
        _credentials_file(rig, "AKIDSECOND")
        settled = rig.settle()
        watcher.wait_until_ready()
        return f"named after {noticed:.0f} s, all done {settled:.0f} s after the new ones came; {rig.finish()}"
