"""The completion of each shell: click's own scripts, for both names of the command."""

from collections.abc import Iterator

from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from watcher.cli import COMPLETION, cli

FOLDER = "watcher/cli/share"
NAMES = ("watcher", "liveness-watcher")

BASH = "bash-completion/completions/{}"
ZSH = "zsh/site-functions/_{}"
FISH = "fish/vendor_completions.d/{}.fish"


def completions() -> Iterator[tuple[str, str]]:
    """Each script's file with its text. Shells load a script when they first complete the command that it is for."""
    for name in NAMES:
        scripts: dict[str, type[ShellComplete]] = {BASH: BashComplete, ZSH: ZshComplete, FISH: FishComplete}
        for file, shell in scripts.items():
            text = shell(cli, {}, name, COMPLETION).source()
            yield f"{FOLDER}/{file.format(name)}", text.strip() + "\n"
