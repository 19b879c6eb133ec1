"""The words in which a failure reaches stderr."""

import pytest
from botocore.credentials import ProcessProvider
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError, NoRegionError

from watcher.cli.get.failures import LONGEST, CommandFailed, error_text


def test_a_mistake_is_shown_unchanged_on_a_line_of_its_own() -> None:
    assert error_text(CommandFailed("Unknown output type: xml")) == ("\n", "Unknown output type: xml", "\n")


def test_a_report_of_its_own_is_all_there_is() -> None:
    class Refused(Exception):
        def report(self) -> str:
            return "usage: ...\n"

    assert error_text(Refused("not shown")) == ("usage: ...\n",)


def test_what_aws_configure_could_set_is_named() -> None:
    assert "".join(error_text(NoRegionError())).endswith('by running "aws configure".\n')
    assert "".join(error_text(NoCredentialsError())) == (
        'Unable to locate credentials. You can configure credentials by running "aws configure".\n'
    )


def test_a_long_unbroken_text_in_an_error_is_left_out() -> None:
    """A signature error quotes the session token; a broken proxy may quote an image."""
    token = "FwoGZXIvYXdzEJr" * 20
    assert error_text(ValueError(f"x-amz-security-token:{token}== end")) == (
        "\n",
        "x-amz-security-token:<left out> end",
        "\n",
    )


def test_an_id_or_signature_in_an_error_stays() -> None:
    text = f"signature {'a1' * 32} of {'b' * 199}"
    assert error_text(ValueError(text))[1] == text


def test_a_text_of_megabytes_is_cut() -> None:
    assert len("".join(error_text(ValueError("no such thing " * 1_000_000)))) < 1.1 * LONGEST


@pytest.mark.parametrize(("quoted", "shown"), [("SECRET=hunter2\n", "<left out>"), (" ", " ")])
def test_another_program_s_output_is_left_out(quoted: str, shown: str) -> None:
    error = CredentialRetrievalError(provider="custom-process", error_msg=quoted)
    text = "".join(error_text(error))
    assert "hunter2" not in text
    assert text == f"\nError when retrieving credentials from custom-process: {shown}\n"


def test_an_error_about_a_program_s_output_is_named_by_its_kind_alone() -> None:
    """The text of an error in JSON quotes it."""
    profile = {"profiles": {"default": {"credential_process": "print"}}}

    class Finished:
        returncode = 0

        def __init__(self, *_: object, **__: object) -> None:
            """Already over."""

        def communicate(self) -> tuple[bytes, bytes]:
            return b"\xff hunter2", b""

    with pytest.raises(UnicodeDecodeError) as caught:
        ProcessProvider("default", lambda: profile, popen=Finished).load()
    assert error_text(caught.value) == ("\n", "Error when retrieving credentials: UnicodeDecodeError", "\n")
