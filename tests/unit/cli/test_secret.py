"""`watcher secret new`: keys of the length that Standard Webhooks allows, never the same."""

from base64 import b64decode

import pytest
from click.testing import CliRunner, Result

from watcher.cli.secret import command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["new", *arguments])


@pytest.mark.parametrize(("arguments", "size"), [((), 32), (("--bytes", "24"), 24), (("--bytes", "64"), 64)])
def test_a_secret_is_one_line_with_a_key_of_that_length(arguments: tuple[str, ...], size: int) -> None:
    made = run(*arguments)
    assert (made.exit_code, made.stderr) == (0, "")
    (line,) = made.stdout.splitlines()
    prefix, _, key = line.partition("_")
    assert (prefix, len(b64decode(key, validate=True))) == ("whsec", size)


def test_no_secret_comes_twice() -> None:
    assert len({run().stdout for _ in range(5)}) == 5


@pytest.mark.parametrize("size", ["23", "65", "0", "-1", "many"])
def test_a_key_that_is_too_short_or_too_long_is_refused(size: str) -> None:
    refused = run("--bytes", size)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--bytes" in refused.stderr
