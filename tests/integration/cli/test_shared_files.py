"""The manual pages and completions, as the tools that read them take them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.completion import completions
from tests.docs.manual import manual_pages
from tests.support import ROOT, environment_of
from watcher.cli.commands import COMMANDS

SHARE = ROOT / "watcher" / "cli" / "share"
PAGES = sorted((SHARE / "man" / "man1").iterdir())
BASH = SHARE / "bash-completion" / "completions"


def test_there_is_no_other_file() -> None:
    """Those that there should be are compared with what is generated; see test_readme."""
    generated = {ROOT / file for file, _ in (*manual_pages(), *completions())}
    assert {file for file in SHARE.rglob("*") if file.is_file()} == generated


def test_every_command_has_a_page() -> None:
    assert {f"watcher-{name}.1" for name in COMMANDS} <= {page.name for page in PAGES}


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_groff_has_nothing_to_say_against_a_page(page: Path) -> None:
    command = ["groff", "-man", "-ww", "-z", "-Tutf8", "-rLL=78n", str(page)]
    read = subprocess.run(command, cwd=SHARE / "man", capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("man"), reason="needs man")
@pytest.mark.parametrize("name", ["watcher", "liveness-watcher", "watcher-dead-replay"])
def test_man_finds_a_page_by_its_name(name: str) -> None:
    environment = environment_of(MANPATH=str(SHARE / "man"), MANWIDTH="80", LC_ALL="C.UTF-8")
    shown = subprocess.run(["man", name], env=environment, capture_output=True, text=True, check=True).stdout
    assert f"{name if name != 'liveness-watcher' else 'watcher'} - " in shown
    assert "\nSYNOPSIS\n" in shown


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("name", ["watcher", "liveness-watcher"])
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("de", ["demo", "decisions", "dead"]),
        ("dead dr", ["drop"]),
        ("decisions --outcome in", ["inconclusive"]),
        ("get --session", ["--session-id"]),
        ("status --j", ["--json"]),
    ],
)
def test_bash_offers_what_can_follow(tmp_path: Path, name: str, typed: str, offered: list[str]) -> None:
    program = tmp_path / name
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m watcher "$@"\n')
    program.chmod(0o755)
    function = f"_{name.replace('-', '_')}_completion"
    words = [name, *typed.split(" ")]
    script = f"""
        set -eu
        source {BASH / name}
        complete -p {name} | grep -q {function}
        COMP_WORDS=({" ".join(words)}) COMP_CWORD={len(words) - 1} COMPREPLY=()
        {function} {name}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = environment_of(PATH=f"{tmp_path}:{os.environ['PATH']}")
    command = ["bash", "--noprofile", "--norc", "-c", script]
    completed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr) == (0, "")
    assert completed.stdout.splitlines() == offered


@pytest.mark.parametrize(("shell", "pattern"), [("zsh", "zsh/site-functions/*"), ("fish", "fish/*/*")])
def test_the_scripts_of_other_shells_have_no_syntax_error(shell: str, pattern: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}")
    for file in SHARE.glob(pattern):
        subprocess.run([shell, "-n", str(file)], check=True)
