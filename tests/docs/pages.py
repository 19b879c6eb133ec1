"""The Markdown pages of the tree: their links, headings and shell blocks."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`(?:[^`\n]|\n(?!\n))*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_SHELL = re.compile(r"^(?:<!-- ([^\n]+?) -->\n\n)?```(?:sh|bash|shell|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A shell block, and what the comment before it says of it: "run by FILE" or "not run: REASON"."""

    mark: str
    text: str


def pages() -> Iterator[str]:
    """The path of each page, from the root."""
    for path in sorted(ROOT.rglob("*.md")):
        name = path.relative_to(ROOT)
        folders = name.parts[:-1]
        is_ours = not any(part == "node_modules" or part.startswith(".") for part in folders if part != ".github")
        if is_ours:
            yield str(name)


def read(page: str) -> str:
    """The page's text."""
    return (ROOT / page).read_text()


def links(text: str) -> list[str]:
    """All targets but those in code."""
    return _LINK.findall(_CODE.sub("", _FENCE.sub("", text)))


def anchors(text: str) -> set[str]:
    """What GitHub makes of the headings: repeated ones get a number."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken_links(page: str) -> list[str]:
    """Relative links to files or headings that are not there, or not in the tree."""
    return [link for link in links(read(page)) if "://" not in link and not _resolves(page, link)]


def _resolves(page: str, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = ((ROOT / page).parent / name).resolve() if name else ROOT / page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target.read_text()))


def shell_blocks(page: str) -> list[Block]:
    """All of them, in order."""
    return [Block(mark, text) for mark, text in _SHELL.findall(read(page))]
