"""The demo's summary on stdout: what was decided, how quickly, and whether it is as scripted."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from watcher.cli.demo.comparison import Comparison, OutcomeReason
from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.hints import NO_HINTS, Hinted
from watcher.domain.model import Outcome, Reason
from watcher.util.terminal import coloured, columns

Row = tuple[str, str, str, str]

_SCALE = f"{DEMO.time_scale:g}x real time"

_GAP = "  "

HEAD: Row = ("outcome", "reason", "expected", "got")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything in the summary.

    Attributes:
        comparison: expected and actual decisions.
        sessions: how many there were.
        calls: results calls that reached the endpoint.
        refused: how many of them it throttled.
        dead: how many dead letters there are.
        seconds: real seconds from the first session to the last ack.
        problems: other problems, a line each.
        hints: what came of them.
    """

    comparison: Comparison
    sessions: int
    calls: int
    refused: int
    dead: int
    seconds: float
    problems: tuple[str, ...]
    hints: Hinted = NO_HINTS

    @property
    def is_good(self) -> bool:
        """Whether everything went as scripted."""
        return not self.comparison.differences and not self.problems


def table_rows(comparison: Comparison) -> list[Row]:
    """A row for each expected or actual verdict, in the order of the decision table, and the totals."""
    outcomes = comparison.expected.keys() | comparison.got.keys()
    rows = [
        (outcome, reason, str(comparison.expected[outcome, reason]), str(comparison.got[outcome, reason]))
        for outcome, reason in sorted(outcomes, key=_place)
    ]
    return [*rows, ("all", "", str(comparison.expected.total()), str(comparison.got.total()))]


def _place(outcome_reason: OutcomeReason) -> tuple[int, int, OutcomeReason]:
    outcomes, reasons = [str(one) for one in Outcome], [str(one) for one in Reason]
    outcome, reason = outcome_reason
    return (
        outcomes.index(outcome) if outcome in outcomes else len(outcomes),
        reasons.index(reason) if reason in reasons else len(reasons),
        outcome_reason,
    )


def table_lines(rows: Sequence[Row], room: int | None) -> list[str]:
    """The head and the rows as aligned lines, with numbers on the right; without room, reasons are cut."""
    widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD))]
    if room is not None:
        others = sum(widths) - widths[1] + len(_GAP) * (len(HEAD) - 1)
        widths[1] = max(len(HEAD[1]), min(widths[1], room - others))
    return [
        _GAP.join(
            [
                row[0].ljust(widths[0]),
                _cut(row[1], widths[1]).ljust(widths[1]),
                row[2].rjust(widths[2]),
                row[3].rjust(widths[3]),
            ]
        )
        for row in (HEAD, *rows)
    ]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def facts(report: Report) -> list[str]:
    """The numbers below the table."""
    comparison, sessions = report.comparison, report.sessions
    lines = [
        f"polls: {report.calls}, {report.calls / sessions:.1f} a session; {report.refused} of them throttled",
        f"dead letters: {report.dead}",
        f"events sent again, byte for byte the same: {comparison.repeats}",
        f"took {report.seconds:.1f} s",
    ]
    if comparison.latencies:
        median, p95 = (share_below(comparison.latencies, share) * DEMO.time_scale for share in (0.5, 0.95))
        lines.insert(0, f"creation to decision in session time ({_SCALE}): median {median:.1f} s, p95 {p95:.1f} s")
    if report.hints.ends:
        lines += hint_lines(report.hints)
    return lines


def hint_lines(hints: Hinted) -> list[str]:
    """How many ends were announced, and how soon a decision follows an end, without a hint and with one."""
    announced = f"hints: {hints.announced} of {hints.ends} ends announced"
    without = [f"ends without a hint: {hints.ends - hints.announced}; {_delay(hints.others)}"] if hints.others else []
    return [*without, f"{announced}; {_delay(hints.delays)}" if hints.delays else announced]


def _delay(ordered: Sequence[float]) -> str:
    return f"delay p50 {share_below(ordered, 0.5):.2f} s (end to decision, real time)"


def share_below(ordered: Sequence[float], share: float) -> float:
    """The smallest of some sorted numbers that `share` (0..1) of them do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def closing_lines(report: Report) -> list[str]:
    """Whether everything is as scripted; if not, what differs."""
    if report.is_good:
        return [f"all {report.sessions} decisions are as scripted"]
    differences = report.comparison.differences
    lines = [*report.problems, *(str(difference) for difference in differences)]
    if differences:
        noun = "difference" if len(differences) == 1 else "differences"
        lines.append(f"{len(differences)} {noun} from what the scripts call for")
    return lines


def print_report(report: Report, stream: TextIO | None = None) -> None:
    """Print it all; in colour, head and totals are bold, and a row that differs is red."""
    stream = stream or sys.stdout
    rows = table_rows(report.comparison)
    head, *body, totals = table_lines(rows, columns(stream))
    lines = [coloured(head, "bold", stream)]
    for row, line in zip(rows, body, strict=False):  # all but the totals
        lines.append(line if row[2] == row[3] else coloured(line, "bold red", stream))
    lines.append(coloured(totals, "bold", stream))
    stream.write("\n".join([*lines, "", *facts(report), "", *closing_lines(report)]) + "\n")
    stream.flush()
