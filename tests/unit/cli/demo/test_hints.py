from pathlib import Path

from watcher.cli.demo.hints import closing_hint
from watcher.cli.demo.plan import make_plan


def test_a_demo_that_is_gone_can_be_played_again() -> None:
    assert closing_hint(30, 4, None) == "look into it with: watcher demo --sessions 30 --seed 4 --keep DIR"


def test_the_session_to_explain_is_an_eventful_one(tmp_path: Path) -> None:
    folder = tmp_path / "with blank"
    lines = closing_hint(30, 4, folder).splitlines()
    explained = lines[2].split()[-1]
    (session,) = [one for one in make_plan(30, 4).sessions if one.session_id == explained]
    assert session.script is not None
    assert session.script.faults
    assert lines[1] == f"  WATCHER_CONFIG='{folder.resolve()}/watcher.toml' watcher decisions"


def test_where_nothing_happens_the_first_session_is_explained(tmp_path: Path) -> None:
    assert make_plan(1, 4).sessions[0].session_id in closing_hint(1, 4, tmp_path)
