import json

import pytest

from watcher.util.text import escaped, escaped_json, escaped_lines, rounded_down

HOSTILE = "\x1b[2J\x9b31m\x7f\u202ea\u2028\u2029\x85\u2066\U000e0041\n\r\t\0"


def test_whatever_is_not_printable_is_escaped_and_all_else_stays() -> None:
    assert escaped("\x1b[2Ja\n\x9bb\u202e") == "\\x1b[2Ja\\n\\x9bb\\u202e"
    assert escaped(HOSTILE).isprintable()
    assert escaped("ü 漢字 😀 a\\b") == "ü 漢字 😀 a\\b"


def test_lines_that_we_have_broken_stay_lines() -> None:
    assert escaped_lines("a\x1b\n\tb\u2028c") == "a\\x1b\n\tb\\u2028c"


@pytest.mark.parametrize("text", [HOSTILE, "plain", "ü😀"])
def test_escaped_json_is_the_same_document(text: str) -> None:
    shown = escaped_json(json.dumps({"a": text}, ensure_ascii=False))
    assert shown.isprintable()
    assert json.loads(shown) == {"a": text}


@pytest.mark.parametrize(
    ("number", "shown"),
    [(79.99999, 79.99), (80.0, 80.0), (0.29, 0.29), (97.3, 97.3), (-0.001, -0.01), (99.999999, 99.99), (80, 80)],
)
def test_a_number_is_never_rounded_up(number: float, shown: float) -> None:
    assert rounded_down(number) == shown
    assert rounded_down(number) <= number
