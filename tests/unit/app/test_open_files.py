import resource
from typing import Any

import pytest

from watcher.app.open_files import allow_files, files_needed
from watcher.config import Settings


def needed(**sections: Any) -> int:
    return files_needed(Settings.model_validate(sections))


def test_calls_and_sinks_need_files_beside_the_port() -> None:
    webhook = {"type": "webhook", "url": "https://example.com", "concurrency": 20}
    assert needed(polling={"concurrency": 100}) == needed(polling={"concurrency": 1}) + 99
    assert needed(sinks=[{"type": "stdout"}, webhook]) >= needed() + 20


@pytest.mark.parametrize(("hard", "is_risky"), [(64, True), (1024, False), (resource.RLIM_INFINITY, False)])
def test_too_low_a_limit_is_raised_or_named(monkeypatch: pytest.MonkeyPatch, hard: int, is_risky: bool) -> None:
    raised: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    found = allow_files(Settings())
    assert raised == [(64 if is_risky else needed(), hard)]
    assert [(risk.subject, "have 64 files" in risk.what, "ulimit -n" in risk.fix) for risk in found] == [
        ("open files", True, True)
    ] * is_risky
