"""What a scenario is given, and what its sessions are like."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.chaos.history import Ending, Script

DEFAULT, PAYOUT = "default", "payout"
THRESHOLDS = {DEFAULT: 80.0, PAYOUT: 95.0}

LIVE = Script()
NEVER = Script(Ending.NEVER)
MIX = (
    *[LIVE] * 5,
    Script(confidence=87.5),  # live by one policy, not by the other
    Script(confidence=12.0),
    Script(has_image=False),
    Script(Ending.FAILED),
)
"""What sessions end in. All end soon: whatever the machine is busy with, there are minutes left for the polls."""

LEASE = 10
"""Seconds: short, so that a killed watcher's sessions are soon another's."""


class Ground(StrEnum):
    """Queue and ledger."""

    EMBEDDED = "embedded queue"
    SQS_SQLITE = "SQS, ledger in SQLite"
    SQS_DYNAMODB = "SQS, ledger in DynamoDB"


@dataclass(frozen=True)
class Circumstances:
    """What a scenario is given: `size` scales its numbers, 1.0 in CI."""

    folder: Path
    moto_url: str
    seed: str
    size: float = 1.0

    def count(self, number: int) -> int:
        return max(4, round(number * self.size))
