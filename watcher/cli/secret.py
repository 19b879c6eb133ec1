"""`watcher secret`: secrets for webhooks."""

import click

from watcher.cli.echo import echo
from watcher.util.webhook_secret import KEY_BYTES, new_secret


@click.group()
def command() -> None:
    """Make secrets that sign webhooks."""


@command.command()
@click.option(
    "--bytes",
    "size",
    type=click.IntRange(KEY_BYTES[0], KEY_BYTES[-1]),
    default=32,
    show_default=True,
    help="Length of the random key.",
)
def new(size: int) -> None:
    """Print a new secret (whsec_..., Standard Webhooks).

    It belongs on the first line of a webhook sink's `secret_file`, and into the receiver. To rotate secrets, keep the
    old one on the second line until each receiver has the new one: requests are signed by both.
    """
    echo(new_secret(size))
