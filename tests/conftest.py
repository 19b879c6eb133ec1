"""Fixtures that tests of several folders share."""

import signal

pytest_plugins = ["tests.moto", "tests.chaos.options"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background so, and every command that these tests spawn and interrupt would
    # inherit it. With a handler here, they start with the default.
    signal.signal(signal.SIGINT, signal.default_int_handler)
