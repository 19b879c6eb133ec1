"""Runs one of the two programs again and again in one process, for a corpus that is too broad for a process a case.

Started as `python driver.py aws` by the AWS CLI's own interpreter and as `python driver.py watcher` by ours; knows
the standard library and the program it drives, nothing else. A line of JSON in, a line of JSON out:

    {"do": "run", "arguments": [...], "environment": {...}}                     a whole run, over the network
    {"do": "format", "value": ..., "form": "text", "query": ..., "color": ...}  the output stage alone
"""

import base64
import io
import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from typing import Any

TITLE = "GetFaceLivenessSessionResults"
COMMAND = "get-face-liveness-session-results"


def compiled(query: Any) -> Any:
    """A query, ready to run; none for none."""
    return None if query is None else import_module("jmespath").compile(query)


class Aws:
    """AWS CLI v1."""

    def __init__(self) -> None:
        self._cli: Any = import_module("awscli.clidriver")
        self.kept = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}
        # The service data does not change from run to run; reading it is most of a run's time.
        self._loader = self._cli.botocore.session.Session().get_component("data_loader")

    def run(self, arguments: Any) -> Any:
        driver = self._cli.create_clidriver()
        driver.session.register_component("data_loader", self._loader)
        return driver.main(["rekognition", COMMAND, *arguments])

    def format(self, case: Any) -> Any:
        options = Namespace(color=case["color"], query=compiled(case["query"]))
        import_module("awscli.formatter").get_formatter(case["form"], options)(TITLE, case["value"])
        return 0


class Watcher:
    """The command under test."""

    def __init__(self) -> None:
        self.kept: Any = {}

    def run(self, arguments: Any) -> Any:
        return import_module("watcher.cli.get.main").run(arguments)

    def format(self, case: Any) -> Any:
        show = import_module("watcher.cli.get.output").print_answer
        show(case["form"], case["value"], title=TITLE, query=compiled(case["query"]), color=case["color"])
        return 0


def captured(call: Callable[[Any], Any], argument: Any) -> Any:
    """What a call wrote and returned; an exception counts as its text, where the program lets one out."""
    usual = sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    text = io.TextIOWrapper(out, encoding="utf-8", errors="strict", newline="\n")
    errors = io.TextIOWrapper(err, encoding="utf-8", errors="backslashreplace", newline="\n")
    sys.stdout, sys.stderr = text, errors
    try:
        code = call(argument)
    except SystemExit as end:
        code = end.code
    except Exception as error:  # noqa: BLE001 - whatever it is belongs to the comparison
        code = f"{type(error).__name__}: {error}"
    finally:
        sys.stdout, sys.stderr = usual
    text.flush()
    errors.flush()
    return {
        "code": code,
        "stdout": base64.b64encode(out.getvalue()).decode(),
        "stderr": base64.b64encode(err.getvalue()).decode(),
    }


def main() -> None:
    """Serve cases until stdin ends."""
    program: Any = {"aws": Aws, "watcher": Watcher}[sys.argv[1]]()
    sys.argv = [sys.argv[1]]
    answers = sys.stdout
    usual = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    for line in sys.stdin:
        case = json.loads(line)
        os.environ.clear()
        os.environ.update(usual, **program.kept, **case.get("environment", {}))
        found = captured(program.run, case["arguments"]) if case["do"] == "run" else captured(program.format, case)
        answers.write(json.dumps(found) + "\n")
        answers.flush()


main()
