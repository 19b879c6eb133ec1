"""Many watchers that share one quota without talking to each other: each one's share of it, held and kept even.

All watchers see the same share p of their calls throttled. A watcher gives up `PULL` of its rate for each throttle
and wins that back in one `patience`, so it stays where throttles come once in its patience: where
p = 1 / (rate x patience(rate)) = `wanted(rate)`. That falls with the rate, so there is one rate for a p, the same for
all: the fairness of additive increase and multiplicative decrease (Chiu and Jain, 1989).

How even that is hangs on how many throttles there are to go by, and how little each one moves. With 25 calls a
second, eight watchers and 1 % throttled, one has a throttle in half a minute: shares by chance differ by the root of
PULL / 2, so PULL is small. But a small step finds no other quota in half a minute. So what is quick is kept apart
from the share, as a factor that is taken back unless it proves right (`swing`):

- up, when a throttle is overdue. If it comes after all, the rate goes back to where it was, as if nothing had been;
  the longer it stays away, the more of the growth is kept.
- down, when throttles come close together. If that is soon over, the rate comes back by itself; if it goes on, the
  quota has shrunk, or others have come, and the share is cut for good.
"""

FLOOR = 0.2
"""Calls a second that throttles never take: below it nothing would be learned for too long."""

EIGHTH = 25.0 / 8
"""Calls a second: the share of one in eight of the greater default quota, about which `wanted` is drawn up."""

WANTED = 0.013
"""Share of calls throttled that is aimed at there. With 1 % a throttle would come too seldom to share evenly."""

FASTER, SLOWER, SLOWEST = 0.83, 0.08, 1.5
"""Powers with which it falls with the rate: above EIGHTH, below it, and below SLOW. The greater the power, the sooner
shares are even. But it has to stay below 2 % for one in eight of the smaller default quota, and throttles must come
often enough everywhere for their absence to be noticed."""

SLOW = 0.6

PULL = 0.04
"""Share of the rate that a throttle takes, for good."""

OVERDUE = 1.28
"""Patiences, counted in calls, after which the next throttle is overdue."""

EAGERNESS, EAGERNESS_POWER = 6.7, 1.3
"""How fast the growth grows then; MOST_GROWTH, a second, is where that ends."""

MOST_GROWTH = 0.28

DOUBT, BELIEF = 2.3, 4.3
"""Patiences without a throttle. Growth is taken back before DOUBT, kept in part after it, wholly from BELIEF on."""

NEARLY = 0.9
REGULAR = 5
"""After more than so many throttles in a row that came no sooner than NEARLY a patience they come by this watcher's
own growth, not by chance: there is no other, or all are as regular. Then TRUST of the growth is kept at once, for in
a small bucket the throttle comes before there is time for belief."""

TRUST = 0.8

WEIGHT = 0.06
"""Of the latest call in the share of throttled ones, which so is that of the latest 16 or so."""

SUSPECT = 0.14
"""Share of the latest calls throttled (three close together) from which a throttle swings the rate down."""

SHRUNK, SURE = 0.225, 0.36
"""Shares of the latest calls throttled from which a throttle cuts for good, in part and wholly."""

CUT = 0.47
"""Share of the rate that such a throttle takes."""

PASSED_ON = 0.9
"""How much of a swing down is for good once it is sure, as a power."""

RECOVERY = 0.012
"""Growth a second after a swing down."""

GRACE = 15.0
"""Seconds in which nothing is cut for good: others that started together still search, and throttle everyone."""


def wanted(rate: float) -> float:
    """Share of its calls that a watcher of `rate` calls a second lets be throttled."""
    if rate >= EIGHTH:
        return WANTED * float((EIGHTH / rate) ** FASTER)
    if rate >= SLOW:
        return WANTED * float((EIGHTH / rate) ** SLOWER)
    return WANTED * float((EIGHTH / SLOW) ** SLOWER * (SLOW / rate) ** SLOWEST)


def _between(value: float, low: float, high: float) -> float:
    """How far `value` is on the way from `low` to `high`: 0 to 1."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


class Balance:
    """A watcher's share of the quota, and the swing about it.

    Attributes:
        rate: calls a second now.
    """

    def __init__(self, share: float) -> None:
        """`share`: calls a second to begin with."""
        self.rate = self._share = max(FLOOR, share)
        self._swing = 1.0
        self._quiet = self._regular = 0
        self._crowd = self._age = 0.0

    def elapse(self, seconds: float) -> None:
        """A call begins after so many seconds in which the rate was what limits."""
        self._age += seconds
        self._quiet += 1
        throttles = self._share * wanted(self._share)
        quiet = self._patiences()
        self._share *= 1.0 + PULL * throttles * seconds
        if self._swing < 1.0:
            self._swing = min(1.0, self._swing * (1.0 + RECOVERY * seconds))
        elif quiet > OVERDUE:
            growth = EAGERNESS * (quiet - OVERDUE) ** EAGERNESS_POWER * throttles
            self._swing *= 1.0 + min(MOST_GROWTH, growth) * seconds
            if quiet > BELIEF:
                self._keep(1.0)
        self._set_rate()

    def passed(self) -> None:
        """A call was not throttled."""
        self._crowd -= WEIGHT * self._crowd

    def throttled(self) -> None:
        """A call was throttled that began after the last throttle was heeded."""
        self._crowd += WEIGHT * (1.0 - self._crowd)
        self._regular = self._regular + 1 if self._patiences() >= NEARLY else 0
        if self._swing > 1.0:
            self._keep(self._believed())
            self._swing = 1.0
        self._cut(_between(self._crowd, SHRUNK, SURE) if self._age >= GRACE else 0.0)
        self._set_rate()
        self._quiet = 0

    def _patiences(self) -> float:
        """How long ago the last throttle was."""
        return self._quiet * wanted(self._share)

    def _believed(self) -> float:
        """How much of the growth is kept now that it has met a throttle."""
        believed = _between(self._patiences(), DOUBT, BELIEF)
        return max(believed, TRUST) if self._regular > REGULAR else believed

    def _cut(self, sure: float) -> None:
        """`sure`: how certain it is (0 to 1) that the quota has shrunk or others have come."""
        self._share *= 1.0 - PULL - (CUT - PULL) * sure
        if self._crowd > SUSPECT:
            self._swing *= 1.0 - CUT * (1.0 - sure)
        self._keep(PASSED_ON * sure)

    def _set_rate(self) -> None:
        self._share = max(FLOOR, self._share)
        self._swing = max(FLOOR / self._share, self._swing)
        self.rate = self._share * self._swing

    def _keep(self, part: float) -> None:
        """Make so much of the swing part of the share."""
        kept = self._swing**part
        self._share, self._swing = self._share * kept, self._swing / kept
