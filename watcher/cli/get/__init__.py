"""`watcher get-face-liveness-session-results`, alias `get`: one session's results, as AWS CLI v1 prints them.

Only click is imported here. Everything else is imported when the command runs, because an operator's script may call
it once per session: start-up time matters (`tests/benchmarks/bench_get.py`).
"""

import gc
from typing import TYPE_CHECKING

import click

from watcher.cli.get.options import OPTIONS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

NAME = "get-face-liveness-session-results"


class RawCommand(click.Command):
    """A command whose arguments are parsed like the AWS CLI's; click only passes them on, and completes them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the whole command line unchanged: click's own parser never sees it."""
        ctx.args = list(args)
        return ctx.args

    def get_help(self, ctx: click.Context) -> str:
        """The text that its own `--help` prints."""
        from watcher.cli.get.help_text import help_text

        return help_text().rstrip()

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Option names, and the values of options with a fixed set."""
        from click.shell_completion import CompletionItem

        before = ctx.args[-1] if ctx.args else ""
        choices = next((option.choices for option in OPTIONS if option.flag == before), ())
        if choices:
            return [CompletionItem(choice) for choice in choices if choice.startswith(incomplete)]
        return [
            CompletionItem(option.flag, help=option.help)
            for option in OPTIONS
            if incomplete and option.flag.startswith(incomplete)
        ]


@click.command(
    NAME,
    cls=RawCommand,
    short_help="Print one session's results, as `aws rekognition get-face-liveness-session-results` does.",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Print one session's results, byte for byte as `aws rekognition get-face-liveness-session-results` does."""
    # A short run creates no garbage: the collector would only walk through its objects, here and again at the end,
    # where it skips a frozen heap. That saves an eighth of the run's time.
    gc.disable()
    from watcher.cli.get.main import run

    try:
        code = run(ctx.args)
    finally:
        gc.freeze()
        gc.enable()
    ctx.exit(code)
