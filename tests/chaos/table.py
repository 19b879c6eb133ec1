"""The table of faults: `python tests/chaos/table.py [--chaos LEVEL] [--chaos-seed SEED] [--only TEXT] [--write]`.

Runs the scenarios, several at a time, and prints a row for each: the fault, what is promised, and what was measured.
Exit code 1 if one failed. With --write the rows go into tests/README.md.
"""

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.chaos.catalogue import selected
from tests.chaos.circumstances import Circumstances
from tests.chaos.scenario import Level, Scenario
from tests.moto import MotoServer

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- faults -->\n", "<!-- end of faults -->\n"
FAILED = "**failed**: "


def head() -> str:
    """The table's first two lines."""
    return "| fault | promised | measured |\n|---|---|---|\n"


def row(one: Scenario, measured: str) -> str:
    """A line of the table."""
    cells = (one.fault, one.promise, measured)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def measure(one: Scenario, level: Level, seed: str) -> str:
    """Run a scenario; returns what it measured, or how it failed."""
    if missing := one.needs():
        return f"not run: {missing}"
    folder, moto, begun = Path(tempfile.mkdtemp(prefix="chaos-")), MotoServer(), time.monotonic()
    try:
        measured = one.run(Circumstances(folder, moto.url, seed, level.size))
    except Exception as error:  # noqa: BLE001 - whatever it was, it is this row's failure
        measured = f"{FAILED}{(str(error) or repr(error))[:300]} (see {folder})"
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        moto.close()
    print(f"{one.name}: {time.monotonic() - begun:.0f} s: {measured}", file=sys.stderr, flush=True)
    return measured


def write(measured: Mapping[str, str]) -> None:
    """Put what was measured, by fault, into tests/README.md; the rows of other scenarios stay as they are."""
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    shown, _, after = rest.partition(END)
    known = {line.split(" | ")[0]: line for line in shown.splitlines(keepends=True)}
    lines = [
        row(one, measured[one.fault]) if one.fault in measured else known.get(f"| {one.fault}", "")
        for one in selected(Level.CI)
    ]
    README.write_text(f"{before}{BEGIN}{head()}{''.join(lines)}{END}{after}")


def _all_measured(wanted: Sequence[Scenario], level: Level, seed: str, jobs: int) -> list[str]:
    """In the order of the scenarios. When interrupted, those that run come to their end: they leave no process."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(partial(measure, level=level, seed=seed), wanted))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


def main() -> int:
    """Measure and print."""
    levels = {level.name.lower(): level for level in Level}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chaos", choices=levels, default="ci", help="which scenarios, and how large")
    parser.add_argument("--chaos-seed", default=secrets.token_hex(4))
    parser.add_argument("--only", default="", help="only scenarios whose name contains this")
    parser.add_argument("--jobs", type=int, default=4, help="scenarios at the same time")
    parser.add_argument("--write", action="store_true", help="put the rows into tests/README.md")
    chosen = parser.parse_args()
    level = levels[chosen.chaos]
    print(f"--chaos {chosen.chaos} --chaos-seed {chosen.chaos_seed}", file=sys.stderr)
    wanted = [one for one in selected(level) if chosen.only in one.name]
    measured = _all_measured(wanted, level, f"{chosen.chaos_seed}-0", chosen.jobs)
    print(head() + "".join(map(row, wanted, measured)), end="")
    if chosen.write:
        write({one.fault: text for one, text in zip(wanted, measured, strict=True)})
    return int(any(text.startswith(FAILED) for text in measured))


if __name__ == "__main__":
    sys.exit(main())
