from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.systemd.box import Box
from tests.deploy.systemd.service import SETUP, Service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Box(tmp_path, SETUP) as box:
        yield Service(box)
