"""Fixtures that tests of several folders share."""

import signal

import pytest
from hypothesis import settings

pytest_plugins = ["tests.moto", "tests.chaos.options"]

# No speed of the machine is tested: an example may take as long as it takes.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background so, and every command that these tests spawn and interrupt would
    # inherit it. With a handler here, they start with the default.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "maxschedchunk"):
        # Hand tests out one by one: in chunks, the last ones wait in line behind a long one while workers are idle.
        config.option.maxschedchunk = 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that may take longest: nobody waits for them at the end."""
    items.sort(key=_limit, reverse=True)


def _limit(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0
