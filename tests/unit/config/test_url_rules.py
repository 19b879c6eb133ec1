"""Rules for the settings that are URLs, at their edges."""

import json
from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    "url", [" http://h.example/x", "\thttp://h.example", "HTTP://h.example", "\nhTTp://h.example"]
)
def test_no_spelling_gets_plain_http_past_its_rule(problems_of: Callable[..., list[str]], url: str) -> None:
    sinks = json.dumps([{"type": "webhook", "url": url}])
    (problem,) = problems_of(None, {"sinks": sinks})
    assert "would carry decisions unencrypted" in problem
