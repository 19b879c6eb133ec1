"""The pages: their links lead somewhere, and their commands are run, or say why not."""

import re

import pytest

from tests.docs.pages import ROOT, Block, anchors, broken_links, links, pages, read, shell_blocks

PAGES = list(pages())


def test_pages_are_found() -> None:
    assert {"README.md", ".github/SECURITY.md", "deploy/integrate/README.md", "watcher/cli/README.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_each_link_leads_to_a_file_and_a_heading(page: str) -> None:
    assert broken_links(page) == []


def test_anchors_are_githubs() -> None:
    text = "# Upgrade, way back\n## `watcher get`\n```sh\n# not a heading\n```\n## Once\n## Once\n## What's new?\n"
    assert anchors(text) == {"upgrade-way-back", "watcher-get", "once", "once-1", "whats-new"}


def test_code_has_no_links() -> None:
    text = "[a](b.md) `[c](d)` `of two\nlines` [g](h.md)\n```python\nx[1](2)\n```\n![e](f.svg)\n"
    assert links(text) == ["b.md", "h.md", "f.svg"]


@pytest.mark.parametrize("page", PAGES)
def test_each_shell_block_is_run_or_says_why_not(page: str) -> None:
    assert [block.text for block in shell_blocks(page) if not is_marked(block)] == []


def is_marked(block: Block) -> bool:
    """Whether it gives a reason, or names a test that reads a page."""
    if block.mark.startswith("not run: "):
        return True
    runner = ROOT / block.mark.removeprefix("run by ")
    return block.mark.startswith("run by ") and runner.is_file() and "README.md" in runner.read_text()


@pytest.mark.parametrize("mark", ["", "run by tests/no_such_test.py", "run by watcher/__init__.py", "a comment"])
def test_a_block_without_runner_or_reason_is_found(mark: str) -> None:
    assert not is_marked(Block(mark, "true\n"))


@pytest.mark.parametrize("page", PAGES)
def test_marks_name_only_what_is_there(page: str) -> None:
    marks = " ".join(block.mark for block in shell_blocks(page))
    named = re.findall(r"(?:tests|deploy|\.ci)/[\w./-]*\w", marks)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_no_page_names_a_section_of_another_in_words() -> None:
    """A link can be checked, `README, "On a real account"` cannot."""
    assert [page for page in PAGES if re.search(r'README, "', read(page))] == []
