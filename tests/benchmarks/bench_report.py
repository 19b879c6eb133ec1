"""All that is measured, in one go: `python tests/benchmarks/bench_report.py --output FOLDER [--quick]`.

Runs every benchmark one after the other and leaves report.md with plots (PNG) in the folder. The plots need
matplotlib, which comes with the extra `dev` like the peers' packages; without them the report says what is missing.
Run it on a machine that does nothing else.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.peers import table
from tests.benchmarks.peers.environment import aiobotocore_python
from tests.benchmarks.peers.plots import draw_peers
from tests.benchmarks.peers.workers import has_package

HERE = Path(__file__).parent
PLOTS = "--plots"


@dataclass(frozen=True, slots=True)
class Section:
    """A benchmark of the report: its name, file bench_NAME.py, and its title."""

    name: str
    title: str

    @property
    def script(self) -> Path:
        return HERE / f"bench_{self.name}.py"


SECTIONS = (
    Section("peers", "The watcher and its peers"),
    Section("calls", "Calls a second"),
    Section("waiting", "What waiting costs"),
    Section("watcher", "The whole watcher and a bare loop"),
    Section("schedule", "Delay and calls by strategy"),
    Section("rate", "Finding the quota"),
)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a benchmark went: what it printed, and "" or why it failed."""

    printed: str
    failed: str
    seconds: float


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    chosen = [section for section in SECTIONS if not options.only or section.name in options.only]
    parts, failures = [heading()], 0
    for section in chosen:
        before = plots_in(options.output)
        print(f"{section.title} ...", file=sys.stderr, flush=True)
        ran = run([sys.executable, str(section.script), *words(section, options)])
        failures += bool(ran.failed)
        body = peers_body(options.output) if section.name == "peers" and not ran.failed else fenced(ran)
        images = sorted(path for path, _ in plots_in(options.output) - before)
        parts.append(f"## {section.title}\n\n{body}\n{pictures(images)}\n{told(ran)}\n")
    (options.output / "report.md").write_text("\n".join([*parts, f"Load at the end: {load()}.\n"]))
    print(options.output / "report.md")
    return 1 if failures else 0


def plots_in(folder: Path) -> set[tuple[Path, int]]:
    """Each with the time that it was drawn."""
    return {(path, path.stat().st_mtime_ns) for path in folder.glob("*.png")}


def words(section: Section, options: argparse.Namespace) -> list[str]:
    """The arguments of a benchmark."""
    found = ["--quick"] if options.quick else []
    if section.name == "peers":
        found += ["--json", str(options.output / "peers.json"), "--cache", options.cache]
    if section.name == "calls" and (python := aiobotocore_python(options.cache)[0]):
        found += ["--aiobotocore", python]
    if section.name == "schedule" and takes_plots(section):
        found += [PLOTS, str(options.output)]
    return found


def takes_plots(section: Section) -> bool:
    """Whether it can draw, and has what to draw with."""
    helped = subprocess.run(
        [sys.executable, str(section.script), "--help"], capture_output=True, text=True, check=True
    )
    return PLOTS in helped.stdout and has_matplotlib()


def has_matplotlib() -> bool:
    return has_package("matplotlib")


def run(command: Sequence[str]) -> Ran:
    begun = time.monotonic()
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    failed = f"ended with {ended.returncode}" if ended.returncode else ""
    return Ran(ended.stdout, failed, time.monotonic() - begun)


def peers_body(folder: Path) -> str:
    """Its tables in Markdown; the plot is drawn too, where it can be."""
    rows, about = table.from_json((folder / "peers.json").read_text())
    parts = [table.markdown(table.main_table(rows, about["waiting"], about["quota"])), about["caption"]]
    for quota, arrivals in about["quotas"].items():
        if quota != "0":
            parts.append(f"With {quota} calls a second let through, {arrivals:g} sessions a second:")
            parts.append(table.markdown(table.quota_table(rows, quota)))
    parts += [f"- {trouble}" for trouble in table.troubles(rows)]
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    parts.append(f"Python {about['python']}; {packages}")
    if has_matplotlib():
        draw_peers(rows, folder / "peers.png")
    return "\n\n".join(parts) + "\n"


def fenced(ran: Ran) -> str:
    return f"```\n{ran.printed.rstrip()}\n```\n"


def pictures(images: Sequence[Path]) -> str:
    if not has_matplotlib():
        return "No plot: matplotlib is not installed (the extra `dev` has it).\n"
    return "".join(f"![{image.stem}]({image.name})\n" for image in images)


def told(ran: Ran) -> str:
    return f"FAILED: {ran.failed}; its error is on stderr." if ran.failed else f"Took {ran.seconds:.0f} s."


def heading() -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    cores = os.cpu_count()
    return (
        "# What the watcher costs\n\n"
        f"{now}, Python {platform.python_version()}, {platform.machine()}, {cores} cores.\n"
        f"Load at the start: {load()}; on a machine that was busy, nothing here but CPU can be relied on.\n"
    )


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="for report.md and the plots")
    parser.add_argument("--quick", action="store_true", help="the short form of each benchmark")
    parser.add_argument("--only", action="append", choices=[section.name for section in SECTIONS])
    parser.add_argument("--cache", default="", metavar="FOLDER", help="see bench_peers.py")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
