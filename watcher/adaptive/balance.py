"""Many watchers that share one quota without talking to each other: each one's share of it, held and kept even.

All watchers see the same share p of their calls throttled. A watcher expects one throttle in its `patience`, that is
in so many of its calls. A throttle cuts its rate, and a patience wins the cut back, so the rate stays about where the
calls of a patience are 1 / p. A patience lasts equally long whatever the rate, so the faster a watcher the more calls
it is, and there is one rate for a p, the same for all: the fairness of additive increase and multiplicative decrease
(Chiu and Jain, 1989).

How even that is hangs on how many throttles there are to go by, not on how much each one moves: over a time with n of
them for each, shares are off by about 1 / root(n). How soon another quota is found does hang on how much they move.
So the rate swings about the share, and takes it along slowly:

- up, the faster the longer no throttle comes. By chance one comes early as often as late, and in all nothing is won;
  when the quota has grown, it is late for everyone;
- down with a throttle, the more the sooner it comes, and what there was of a swing up shrinks;
- up by itself while it is below the share.

Slow watchers have little to go by: of eight with 5 calls a second between them, each meets a throttle in 80 seconds,
and may not meet more, so half a minute without one means nothing. For them a patience is a fixed number of calls, and
a throttle takes the more the slower they are, so that some have always been growing for long, and fast. The price is
evenness: nothing but the slowness of the share keeps it.
"""

import math

FLOOR = 0.2
"""Calls a second that throttles never take: below it nothing would be learned for too long."""

KNEE = 3.0
"""Calls a second from which on watchers are fast; just less than one in eight of the greater default quota has."""

PATIENCE = 14.2
"""Seconds, of the fast; of the slow, as many as the calls of one at KNEE take. So 2.3 % is the most that any expects
to be throttled. It comes to about 2 %, and to half of it for one alone: throttles that come by its own growth are
more regular than those that come by chance."""

CUT, SLOW_CUT = 0.135, 0.8
"""What a throttle takes from the fast, as a power of e; and the power with which it grows below KNEE."""

SOONER = 0.3
"""A throttle takes less by this power of e for each patience that went by before it."""

IMPATIENCE = 1.25
"""Power of the patiences without a throttle with which growth gets faster."""

LONGEST = 4.0
"""Patiences after which it gets no faster."""

MOST_GROWTH = 0.28
"""Growth a second at most, whatever the rate has become since the last throttle."""

REMAINS = 0.55
"""Part of a swing up that a throttle leaves, before its cut."""

RECOVERY = 0.38
"""Part of a swing down that is made good in a patience."""

FOLLOWING = 0.05
"""Part of a swing that the share takes over in a patience."""

_GROWTH = 1.0 / math.gamma(IMPATIENCE + 1.0)
_TAKEN = 1.0 + SOONER
"""With these, growth and cuts both come to `cut` a patience when throttles come by chance."""


def patience(rate: float) -> float:
    """Seconds in which a watcher of `rate` calls a second expects a throttle."""
    return PATIENCE * max(1.0, KNEE / rate)


def cut(rate: float) -> float:
    """What a throttle takes from it on average, as a power of e."""
    return CUT if rate >= KNEE else CUT * float((KNEE / rate) ** SLOW_CUT)


class Balance:
    """A watcher's share of the quota, and the swing about it.

    Attributes:
        rate: calls a second now.
    """

    def __init__(self, share: float) -> None:
        """`share`: calls a second to begin with."""
        self.rate = self._share = max(FLOOR, share)
        self._swing = self._quiet = 0.0  # a power of e; patiences since the last throttle

    def elapse(self, seconds: float) -> None:
        """A call begins after so many seconds in which the rate was what limits."""
        part = 1.0 / (patience(self._share) * self._share)
        self._quiet += part
        growth = cut(self._share) * _GROWTH * float(min(self._quiet, LONGEST) ** IMPATIENCE)
        if self._swing < 0.0:
            growth -= RECOVERY * self._swing
        followed = FOLLOWING * part * self._swing
        self._share = max(FLOOR, self._share * math.exp(followed))
        self._swing_by(min(growth * part, MOST_GROWTH * seconds) - followed)

    def throttled(self) -> None:
        """A call was throttled that began after the last throttle was heeded."""
        taken = cut(self._share) * _TAKEN * math.exp(-SOONER * self._quiet)
        self._quiet = 0.0
        self._swing_by(-taken - (1.0 - REMAINS) * max(0.0, self._swing))

    def _swing_by(self, power: float) -> None:
        self.rate = max(FLOOR, self._share * math.exp(self._swing + power))
        self._swing = math.log(self.rate / self._share)
