"""The learned polling schedule: pure, with injected time.

Read the modules in this order: `hazard` (how long sessions last), `survival` (what that means for one session),
`drift` (whether it still holds), `plan` (which polls are due when), `delay_threshold` (what one call is worth),
`estimator` and `schedule` (everything together).
"""

from watcher.schedule.estimator import Mode
from watcher.schedule.plan import Planned
from watcher.schedule.schedule import Schedule, State

__all__ = ["Mode", "Planned", "Schedule", "State"]
