"""What is needed to know of an expression without a parser: Prometheus 2.42 tells nobody its syntax tree."""

import re
from collections.abc import Iterator

_LEAVE_ALONE = r"\{[^{}]*\}|\"[^\"]*\"|\[[^\]]*\]"
_COMPARISON = re.compile(rf"({_LEAVE_ALONE})|(==|!=|>=|<=|>|<)(?!\s*bool)")
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
_WORDS = re.compile(r"\b(?:and|or|unless|bool)\b")
_SELECTOR = re.compile(r"(?<![\w.])([a-zA-Z_:][\w:]*)(?![\w:])\s*(\{[^{}]*\})?(?!\s*\()")
_TIMES = re.compile(r"\[[^\]]*\]|\boffset\s+\w+")
_ABSENT = re.compile(r"\babsent\(([^()]*)\)")


def always(expr: str) -> str:
    """The expression with comparisons that answer 0 or 1 where they would leave a series out.

    An alert that doesn't fire has no series. This one has as soon as all that it compares exists and its vectors
    match; and if a name or label is wrong, it still has none.
    """
    shown = _ABSENT.sub(r"\1", expr)
    return _COMPARISON.sub(lambda found: found[1] or f"{found[2]} bool", shown)


def selectors(expr: str) -> Iterator[str]:
    """Each metric that the expression names, with its label matchers."""
    bare = _WORDS.sub(" ", _GROUPING.sub(" ", _TIMES.sub(" ", expr)))
    for found in _SELECTOR.finditer(bare):
        yield found[1] + (found[2] or "")
