import subprocess
import sys

import pytest

IMPORTED = (
    "import sys, {module}; "
    "print(*sorted(name for name in sys.modules if name.startswith(('watcher.', 'pytest', 'pydantic', 'boto3'))))"
)


@pytest.mark.parametrize(
    ("module", "with_it"),
    [("watcher.simulator", ("watcher.simulator",)), ("watcher.cli.simulate", ("watcher.cli", "watcher.util"))],
)
def test_it_needs_nothing_else_of_the_watcher(module: str, with_it: tuple[str, ...]) -> None:
    """Others take the simulator into their own test suites: it must stand alone."""
    script = IMPORTED.format(module=module)
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert module in loaded.split()
    strangers = [name for name in loaded.split() if not name.startswith(("watcher.simulator", *with_it))]
    assert strangers == []
