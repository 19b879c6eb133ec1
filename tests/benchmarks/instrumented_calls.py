"""`watcher run` with a stopwatch on botocore's calls alone: what is left is our own code. See instrumented.py."""

import sys
from pathlib import Path

from botocore.client import BaseClient

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.instrumented import CALL, run

if __name__ == "__main__":
    run([(CALL, BaseClient, "_make_api_call")])
