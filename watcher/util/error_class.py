"""The class of an error, which can be shown to anyone because it quotes nothing."""

import re

_CODE = re.compile(r"[A-Z][A-Za-z]{2,63}")
"""AWS's error codes. Letters only, so that no answer can put an account number, an address or an id in."""


def aws_code(error: BaseException) -> str:
    """The error code in an answer from AWS, without the prefix of SQS's older protocol; empty if there is none."""
    response = getattr(error, "response", None)
    found = response.get("Error") if isinstance(response, dict) else None
    code = found.get("Code") if isinstance(found, dict) else None
    last = re.split(r"[.#]", code)[-1] if isinstance(code, str) else ""
    return last if _CODE.fullmatch(last) else ""


def origin_of(error: BaseException) -> str:
    """The origin: AWS's code, or the class of the first error in the chain of causes."""
    while not aws_code(error) and not getattr(error, "origin", "") and error.__cause__ is not None:
        error = error.__cause__
    return aws_code(error) or getattr(error, "origin", "") or type(error).__name__


def error_class(error: BaseException) -> str:
    """The class of an error, and its origin: `QueueError (OperationalError)`."""
    own, origin = type(error).__name__, origin_of(error)
    return own if origin == own else f"{own} ({origin})"
