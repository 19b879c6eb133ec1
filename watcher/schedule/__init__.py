"""The learned polling schedule: pure, with time injected.

How it works is told in the modules, in this order:
`durations` (how long sessions last), `curve` (what that says of one session), `shift` (whether it still holds),
`moment` (what is planned for when), `threshold` (what one call is worth), `schedule` (all together) and `wait` (as a
tenacity wait).
"""

from watcher.schedule.estimator import Mode
from watcher.schedule.plan import Planned, Session
from watcher.schedule.schedule import Schedule, State
from watcher.schedule.tenacity_wait import wait_learned

__all__ = ["Mode", "Planned", "Schedule", "Session", "State", "wait_learned"]
