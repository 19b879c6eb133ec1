"""`watcher help`: the help of the watcher, or of one command."""

import click

from watcher.cli.commands import unknown_command
from watcher.cli.echo import echo_lines


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command: `watcher help dead replay`."""
    root = ctx.find_root()
    shown, context = root.command, root
    for place, name in enumerate(names):
        found = shown.get_command(context, name) if isinstance(shown, click.Group) else None
        if found is None:
            raise unknown_command(names[:place], name, context)
        context = click.Context(found, info_name=name, parent=context)
        shown = found
    echo_lines(shown.get_help(context))
