"""The options of the reference's manual page, and a few more."""

from enum import Enum
from typing import NamedTuple


class Owner(Enum):
    """Which of the three parsers reads an option; the order is the AWS CLI's, after our own."""

    WATCHER = "watcher"
    GLOBAL = "global"
    OPERATION = "operation"


class Option(NamedTuple):
    """One option: `action` is argparse's; `optional_value` is the value of a bare flag."""

    flag: str
    owner: Owner
    help: str
    dest: str | None = None
    action: str | None = None
    choices: tuple[str, ...] = ()
    default: str | None = None
    required: bool = False
    optional_value: str | None = None


_OPERATION, _GLOBAL, _WATCHER = Owner.OPERATION, Owner.GLOBAL, Owner.WATCHER

# In the order of the manual page, which is also the order of the candidates for an ambiguous prefix.
OPTIONS = (
    Option("--session-id", _OPERATION, "The UUID of the Face Liveness session.", required=True),
    Option(
        "--cli-input-json",
        _OPERATION,
        "The parameters as JSON, or file:// and a path; options on the command line override its values.",
    ),
    Option(
        "--generate-cli-skeleton",
        _OPERATION,
        "Print a sample input (for --cli-input-json) or a sample output, and send nothing.",
        choices=("input", "output"),
        optional_value="input",
    ),
    Option(
        "--debug",
        _GLOBAL,
        "Log to stderr what happens; images, signatures and secrets left out.",
        action="store_true",
    ),
    Option("--endpoint-url", _GLOBAL, "Use this URL instead of the service's own."),
    Option(
        "--no-verify-ssl", _GLOBAL, "Don't verify the server's certificate.", dest="verify_ssl", action="store_false"
    ),
    Option(
        "--no-paginate",
        _GLOBAL,
        "Accepted for compatibility: this answer has no pages.",
        dest="paginate",
        action="store_false",
    ),
    Option("--output", _GLOBAL, "The form of the output.", choices=("json", "text", "table")),
    Option("--query", _GLOBAL, "A JMESPath query that filters the answer."),
    Option("--profile", _GLOBAL, "A profile of the AWS configuration and credentials files."),
    Option("--region", _GLOBAL, "The AWS region; overrides environment and profile."),
    Option("--color", _GLOBAL, "Colours in a table.", choices=("on", "off", "auto"), default="auto"),
    Option(
        "--no-sign-request",
        _GLOBAL,
        "Send the request unsigned; no credentials are loaded.",
        dest="sign_request",
        action="store_false",
    ),
    Option(
        "--ca-bundle",
        _GLOBAL,
        "The CA certificates to verify with; overrides environment and profile.",
        dest="ca_bundle",
    ),
    Option(
        "--cli-read-timeout",
        _GLOBAL,
        "Longest wait for data, in seconds; 0 waits forever; default 60.",
        dest="read_timeout",
    ),
    Option(
        "--cli-connect-timeout",
        _GLOBAL,
        "Longest wait to connect, in seconds; 0 waits forever; default 60.",
        dest="connect_timeout",
    ),
    Option("--version", _GLOBAL, "Print the versions of this program.", action="version"),
    Option(
        "--config",
        _WATCHER,
        "The watcher's settings file: [aws] gives defaults, [decision] and [polling] apply to --decide and --wait.",
    ),
    Option(
        "--decide",
        _WATCHER,
        "Also print the decision that the daemon would take: one JSON line on stderr.",
        action="store_true",
    ),
    Option(
        "--wait",
        _WATCHER,
        "Poll, as the daemon does, until the session has ended or its time is up.",
        action="store_true",
    ),
)
