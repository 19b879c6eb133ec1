"""The help text: the reference's description and every option."""

from textwrap import fill

from watcher.cli.get.options import OPTIONS, Option, Owner

INTRODUCTION = """\
watcher get-face-liveness-session-results (alias: get)

Prints the results of one Face Liveness session: its status, the confidence
score (0 to 100), the reference image and the audit images. Output, exit codes
and options are those of
`aws rekognition get-face-liveness-session-results` (AWS CLI v1).

  watcher get --session-id 3f1d7e9a-0c52-4b8e-9d7f-2a6b1c0e4d5f --query Status
"""
HEADINGS = {Owner.OPERATION: "Options", Owner.GLOBAL: "Global options", Owner.WATCHER: "Beyond the reference"}
EXIT_CODES = """\
Exit codes: 0 success, 2 wrong usage, 130 interrupted, 255 anything else.
"""
WIDTH = 80


def help_text() -> str:
    """The whole text, ready to print."""
    parts = [INTRODUCTION]
    for owner, heading in HEADINGS.items():
        options = [_entry(option) for option in OPTIONS if option.owner is owner]
        parts.append(f"{heading}:\n\n" + "\n".join(options))
    parts.append(EXIT_CODES)
    return "\n".join(parts)


def _entry(option: Option) -> str:
    """One option with its values and its text."""
    value = "" if option.action else f" {'|'.join(option.choices) or '<value>'}"
    if option.optional_value is not None:
        value = f" [{value.strip()}]"
    text = fill(option.help, WIDTH, initial_indent="      ", subsequent_indent="      ")
    return f"  {option.flag}{value}\n{text}\n"
