"""Fixtures that tests of several folders share."""

import gc
import os
import signal
from collections.abc import Iterator
from functools import cache
from operator import itemgetter

import botocore.session
import pytest
from hypothesis import settings

pytest_plugins = ["tests.moto", "tests.chaos.options"]

# Every client reads the same models, megabytes of JSON: reading them once saves a third of the time of many tests.
# What a test reads is botocore's own all the same, and the commands that tests spawn read it themselves.
botocore.session.create_loader = cache(botocore.session.create_loader)

# No speed of the machine is tested: an example may take as long as it takes. A few at each run, other ones each time:
# .ci/run wants fifty, and runs most of these tests on two Pythons.
settings.register_profile(
    "any machine", deadline=None, max_examples=int(os.environ.get("WATCHER_TEST_EXAMPLES", "20"))
)
settings.load_profile("any machine")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background so, and every command that these tests spawn and interrupt would
    # inherit it. With a handler here, they start with the default.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "maxschedchunk"):
        # Hand tests out one by one: in chunks, the last ones wait in line behind a long one while workers are idle.
        config.option.maxschedchunk = 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Spare the collector of garbage the tests and modules, of which there are many: they stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
        gc.set_threshold(10_000)  # five times as long between two passes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the long tests among the others, the longest first.

    They wait, while others compute; and nobody waits for one of them at the end.
    """
    limits = [(_limit(item), item) for item in items]
    long = [item for limit, item in sorted(limits, key=itemgetter(0), reverse=True) if limit]
    short = [item for limit, item in limits if not limit]
    step = len(short) // (len(long) + 1)
    mixed = [each for number, item in enumerate(long) for each in (item, *short[number * step : (number + 1) * step])]
    items[:] = mixed + short[len(long) * step :]


def _limit(item: pytest.Item) -> float:
    """Its own limit in seconds; 0 of a test that is content with the usual one."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0
