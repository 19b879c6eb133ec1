"""The scenarios that the chosen level includes, each with real processes, and its history checked."""

from pathlib import Path

import pytest

from tests.chaos.catalogue import selected
from tests.chaos.circumstances import Circumstances
from tests.chaos.options import level_of
from tests.chaos.scenario import Scenario


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    level = level_of(metafunc.config)
    runs = [(one, number) for number in range(level.rounds) for one in selected(level)]
    metafunc.parametrize(("scenario", "number"), runs, ids=[f"{one.name}-{number}" for one, number in runs])


# Many times what a scenario takes, for the sake of those that wait for a deadline: it ends what hangs.
@pytest.mark.timeout(900)
def test_the_promise_holds(
    scenario: Scenario, number: int, tmp_path: Path, moto_server: str, pytestconfig: pytest.Config
) -> None:
    if missing := scenario.needs():
        pytest.skip(missing)
    level = level_of(pytestconfig)
    seed = f"{pytestconfig.option.chaos_seed}-{number}"
    print(scenario.run(Circumstances(tmp_path, moto_server, seed, level.size)))
