"""The watcher beside what people write instead: `python tests/benchmarks/bench_peers.py [--quick]`.

Each peer, written as its users would (see peers/), gets the same sessions from a local endpoint of its own that
answers after 50 ms, in three phases: sessions that are over when they come (decisions a second), sessions that arrive
one by one and end as people do (CPU, calls, delay), without a quota and with one, and sessions that wait (memory).
CPU and memory are those of all of a peer's processes, without the broker's server. The endpoint runs on the same
machine, and is what limits decisions a second where the peer does not.

What no figure shows: threads and tasks lose what is in flight when they are killed, huey what is being polled.
"""

import argparse
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from tests.benchmarks.peers import table
from tests.benchmarks.peers.environment import SKIP, aiobotocore_python, missing
from tests.benchmarks.peers.figures import Row
from tests.benchmarks.peers.lives import MEDIAN, NEVER, SIGMA
from tests.benchmarks.peers.measure import Plan, measure
from tests.benchmarks.peers.workers import Peer, peers

FULL = Plan()
QUICK = Plan(time_scale=10.0, arrivals=((0, 10), (25, 4)), seconds=6.0, over=300, waiting=(100, 1000))
ARRIVALS, SHARE = 10.0, 0.16
"""Sessions that arrive a second: without a quota, and as a share of one. At 0.16 no more than six polls a session fit
into the quota; that is what AWS's own numbers of 25 calls a second and 75 sessions streaming come to."""

PACKAGES = ("boto3", "tenacity", "huey", "dramatiq", "celery", "redis")


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    plan = with_quotas(QUICK if options.quick else FULL, options.quota)
    rows = compare(options.peer, plan, options.cache)
    show(rows, plan)
    if options.json:
        options.json.write_text(table.to_json(rows, about(plan)))


def with_quotas(plan: Plan, quotas: Sequence[float] | None) -> Plan:
    """The plan with these quotas beside none."""
    if quotas is None:
        return plan
    limited = ((quota, quota * SHARE) for quota in dict.fromkeys(quotas) if quota > 0)
    return replace(plan, arrivals=((0, ARRIVALS), *limited))


def compare(names: Sequence[str] | None, plan: Plan, cache: str) -> list[Row]:
    """A row for each peer whose name holds one of `names`; one that cannot run here says why."""
    everyone = [peer for peer in peers() if is_chosen(peer, names)]
    python, reason = "", ""
    if any("aiobotocore" in peer.needs for peer in everyone):
        python, reason = aiobotocore_python(cache)
    able = {peer.name: peer for peer in peers(python or sys.executable)}
    rows = []
    for peer in everyone:
        if lacking := missing(peer, reason):
            rows.append(Row(peer.name, peer.waits, trouble=lacking))
        else:
            rows.append(measure(able[peer.name], plan, lambda line: print(line, file=sys.stderr, flush=True)))
    return rows


def is_chosen(peer: Peer, names: Sequence[str] | None) -> bool:
    return not names or any(name.lower() in peer.name.lower() for name in names)


def show(rows: Sequence[Row], plan: Plan) -> None:
    print(f"{caption(plan)}\n")
    print(table.aligned(table.main_table(rows, plan.waiting, first_quota(plan))))
    for quota, arrivals in plan.arrivals:
        if quota:
            print(f"\n{quota:g} calls a second are let through, {arrivals:g} sessions arrive a second")
            print(table.aligned(table.quota_table(rows, f"{quota:g}")))
    for trouble in table.troubles(rows):
        print(f"\n{trouble}")


def first_quota(plan: Plan) -> str:
    """The one in the main table; none there is told apart by its empty column."""
    return next((f"{quota:g}" for quota, _ in plan.arrivals if quota), "25")


def caption(plan: Plan) -> str:
    """What the columns stand for."""
    scale = plan.time_scale
    return (
        f"decisions/s: {plan.over:,} sessions that are over when they come. CPU, calls (of a decision), delay:\n"
        f"{dict(plan.arrivals)[0]:g} sessions a second for {plan.seconds:g} s, median life {MEDIAN / scale:.3g} s "
        f"(sigma {SIGMA}); {NEVER:.0%} never end and are\nwatched for {180 / scale:g} s; polls {2 / scale:.2g} s "
        f"apart; delay in real seconds, {scale:g} times as long in life.\nMB: all processes, + the broker's server."
    )


def about(plan: Plan) -> dict[str, Any]:
    """What the figures hang on."""
    return {
        "caption": caption(plan),
        "waiting": plan.waiting,
        "quota": first_quota(plan),
        "quotas": {f"{quota:g}": arrivals for quota, arrivals in plan.arrivals},
        "python": platform.python_version(),
        "packages": {name: installed(name) for name in PACKAGES},
    }


def installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="seven minutes instead of 25; little to rely on")
    parser.add_argument("--peer", action="append", metavar="NAME", help="only those whose name holds NAME")
    parser.add_argument("--quota", action="append", type=float, help="calls a second beside none; default: 25")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument(
        "--cache", default="", metavar="FOLDER", help=f"where aiobotocore's environment is kept; {SKIP}: make none"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
