"""The two programs side by side: in long-lived drivers, and as processes of their own."""

import base64
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from botocore.loaders import Loader

DRIVER = Path(__file__).with_name("driver.py")
ROOT = Path(__file__).parents[3]
NAME = "get-face-liveness-session-results"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIexample",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Run(NamedTuple):
    """What one run left behind."""

    code: Any
    stdout: bytes
    stderr: bytes


class Both(NamedTuple):
    """The same case in both programs."""

    aws: Run
    watcher: Run


@dataclass(frozen=True)
class AwsCli:
    """Where the real AWS CLI is: its interpreter and its start script."""

    python: Path
    script: Path

    @classmethod
    def at(cls, script: Path) -> "AwsCli":
        """The installation that a start script belongs to."""
        neighbour = script.with_name("python")
        if neighbour.exists():
            return cls(neighbour, script)
        return cls(Path(script.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#!").strip()), script)


class Driver:
    """One program, kept running. Runs are sequential; a hung program is the test's time-out's business."""

    def __init__(self, python: Path, program: str, home: Path) -> None:
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        self._process = subprocess.Popen(
            [str(python), str(DRIVER), program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
            cwd=home,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def do(self, case: dict[str, Any]) -> Run:
        """One case."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the driver ended with {self._process.wait(5)} on {case}"
        found = json.loads(line)
        return Run(found["code"], base64.b64decode(found["stdout"]), base64.b64decode(found["stderr"]))


def add_newest_model(home: Path) -> None:
    """Put this botocore's model of the service where the AWS CLI looks for a user's own.

    AWS CLI v1 is in maintenance: its own model has no Feedback and no Metadata (1.46.3), so it would not print them.
    """
    folder = home / ".aws" / "models" / "rekognition" / "2016-06-27"
    folder.mkdir(parents=True)
    model = Loader().load_service_model("rekognition", "service-2")
    (folder / "service-2.json").write_text(json.dumps(model), encoding="utf-8")


class Programs:
    """Runs a case in both programs at once and returns both results."""

    def __init__(self, aws: AwsCli, home: Path) -> None:
        self.aws = aws
        self.home = home
        add_newest_model(home)
        self._drivers = Driver(aws.python, "aws", home), Driver(Path(sys.executable), "watcher", home)
        self._pool = ThreadPoolExecutor(2)
        self.compared = 0

    def close(self) -> None:
        """End the drivers."""
        self._pool.shutdown()
        for driver in self._drivers:
            driver.__exit__()

    def run(self, *arguments: str, environment: dict[str, str] | None = None, **by_program: list[str]) -> Both:
        """A whole run; `aws=` and `watcher=` are arguments for one of them alone (its endpoint)."""
        found = CREDENTIALS if environment is None else environment
        return self._do(
            {"do": "run", "arguments": [*arguments, *by_program.get("aws", [])], "environment": found},
            {"do": "run", "arguments": [*arguments, *by_program.get("watcher", [])], "environment": found},
        )

    def format(self, value: Any, form: str, query: str | None = None, color: str = "off") -> Both:
        """The output stage alone."""
        case = {"do": "format", "value": value, "form": form, "query": query, "color": color}
        return self._do(case, case)

    def _do(self, aws: dict[str, Any], watcher: dict[str, Any]) -> Both:
        self.compared += 1
        first = self._pool.submit(self._drivers[0].do, aws)
        second = self._pool.submit(self._drivers[1].do, watcher)
        return Both(first.result(), second.result())

    def command(self, program: str) -> list[str]:
        """The start of a command line, for a process of its own."""
        if program == "aws":
            return [str(self.aws.python), str(self.aws.script), "rekognition", NAME]
        return [sys.executable, "-m", "watcher", NAME]

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of such a process: nothing of this machine's AWS settings."""
        usual = {"HOME": str(self.home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        return usual | CREDENTIALS | more

    def process(self, program: str, *arguments: str, **more: str) -> Run:
        """A run in a process of its own."""
        done = subprocess.run(
            [*self.command(program), *arguments],
            capture_output=True,
            env=self.environment(**more),
            cwd=self.home,
            check=False,
            timeout=120,
        )
        return Run(done.returncode, done.stdout, done.stderr)
