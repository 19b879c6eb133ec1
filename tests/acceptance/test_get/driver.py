"""Runs one of the two programs again and again in one process, for a corpus that is too broad for a process a case.

Started as `python driver.py aws` by the AWS CLI's own interpreter and as `python driver.py watcher` by ours; knows the
standard library and the program it drives, nothing else. A line of JSON in, a line of JSON out:

    {"do": "run", "arguments": [...], "environment": {...}}                   a whole run, over the network
    {"do": "format", "value": ..., "form": "text", "query": ..., "color": ...}  the output stage alone
"""

import base64
import io
import json
import os
import sys
import traceback
from argparse import Namespace

TITLE = "GetFaceLivenessSessionResults"
COMMAND = "get-face-liveness-session-results"


class Aws:
    """AWS CLI v1."""

    def __init__(self):
        import awscli.clidriver

        self._module = awscli.clidriver
        self.kept = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}
        # The service data does not change from run to run; reading it is most of a run's time.
        self._loader = awscli.clidriver.botocore.session.Session().get_component("data_loader")

    def run(self, arguments):
        driver = self._module.create_clidriver()
        driver.session.register_component("data_loader", self._loader)
        return driver.main(["rekognition", COMMAND, *arguments])

    def format(self, value, form, query, color):
        import jmespath
        from awscli.formatter import get_formatter

        options = Namespace(color=color, query=None if query is None else jmespath.compile(query))
        get_formatter(form, options)(TITLE, value)
        return 0


class Watcher:
    """The command under test."""

    kept = {}

    def run(self, arguments):
        from watcher.cli.get.program import run

        return run(arguments)

    def format(self, value, form, query, color):
        import jmespath

        from watcher.cli.get.output import print_answer

        print_answer(form, value, title=TITLE, query=None if query is None else jmespath.compile(query), color=color)
        return 0


def captured(call, *arguments):
    """What a call wrote and returned; an exception counts as its text, for the output stage alone."""
    keep = sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdout = mine = io.TextIOWrapper(out, encoding="utf-8", errors="strict", newline="\n")
    sys.stderr = io.TextIOWrapper(err, encoding="utf-8", errors="backslashreplace", newline="\n")
    mine_err = sys.stderr
    try:
        code = call(*arguments)
    except SystemExit as end:
        code = end.code
    except Exception as error:
        code = "%s: %s" % (type(error).__name__, error)
        if os.environ.get("DRIVER_TRACEBACK"):
            traceback.print_exc()
    finally:
        sys.stdout, sys.stderr = keep
    for stream in (mine, mine_err):
        stream.flush()
    return {
        "code": code,
        "stdout": base64.b64encode(out.getvalue()).decode(),
        "stderr": base64.b64encode(err.getvalue()).decode(),
    }


def main():
    program = {"aws": Aws, "watcher": Watcher}[sys.argv[1]]()
    sys.argv = [sys.argv[1]]
    requests, answers = sys.stdin, sys.stdout
    usual = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    for line in requests:
        case = json.loads(line)
        os.environ.clear()
        os.environ.update(usual, **program.kept, **case.get("environment", {}))
        if case["do"] == "run":
            found = captured(program.run, case["arguments"])
        else:
            found = captured(program.format, case["value"], case["form"], case["query"], case["color"])
        answers.write(json.dumps(found) + "\n")
        answers.flush()


main()
