import json

import pytest

from watcher.util.compact_json import compact_json


def test_it_is_one_line_without_blanks_in_the_order_given() -> None:
    assert compact_json({"b": [1, 2.5, None, True], "a": {"ü": "💡"}}) == '{"b":[1,2.5,null,true],"a":{"ü":"💡"}}'


@pytest.mark.parametrize("letter", [*"\x7f\x85\x9f\u2028\u2029\ufffe\uffff\ud800\udfff\n\x00"])
def test_what_a_receiver_may_not_take_is_escaped(letter: str) -> None:
    text = compact_json([letter])
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text) == [letter]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_does_not_have_is_refused_rather_than_written(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        compact_json({"x": [number]})
