"""What can go wrong with a demo itself."""


class DemoError(Exception):
    """The demo can't begin or go on; its text is for the user."""
