"""Measured with tracemalloc, which makes seconds of what takes milliseconds: no unit test."""

import tracemalloc

import pytest

from tests.unit.support.messages import ID, parse


def with_context(context: str) -> str:
    return f'{{"sessionId": "{ID}", "context": {context}}}'


@pytest.mark.parametrize("member", ["[[]]", "{}", "[]", "0.5", '"x"', "12345"])
def test_it_takes_no_more_memory_than_its_bytes(member: str) -> None:
    """Of 90 contexts of 240 KB with lists in lists the objects took 800 MB."""
    text = with_context(f'{{"a":[{",".join([member] * (240_000 // (len(member) + 1)))}]}}')
    tracemalloc.start()
    try:
        requests = [parse(text) for _ in range(4)]
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < len(requests) * 250_000
