"""What the documents point at exists: files, headings and commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"repomill((?: [a-z]+)+)")
CODE = re.compile(r"```(?:sh|console)\n(.*?)```|`(repomill [^`]*)`", re.DOTALL)


def test_there_are_pages_to_look_at() -> None:
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert [link for link in _relative_links(page) if not _leads_somewhere(page, link)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_in_the_documents_exist(page: Path) -> None:
    assert [words for words in _commands(page) if not _exists(words)] == []


def test_a_command_that_does_not_exist_would_be_found() -> None:
    assert _exists(["execution", "resume", "latest"])
    assert not _exists(["execution", "restart"])


def test_the_readme_is_short_and_leads_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 130
    assert 0 < text.index("make demo") < text.index("make test") < text.index("## ")


def _relative_links(page: Path) -> Iterator[str]:
    for link, image in LINK.findall(page.read_text(encoding="utf-8")):
        target = link or image
        if not re.match(r"[a-z]+:", target):
            yield target


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, heading = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not heading or heading in _headings(target))


def _headings(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _commands(page: Path) -> Iterator[list[str]]:
    for block, inline in CODE.findall(page.read_text(encoding="utf-8")):
        for words in COMMAND.findall(block or inline):
            yield words.split()


def _exists(words: list[str]) -> bool:
    """Follow nouns and verbs as far as there are groups; what follows a verb are its arguments."""
    command = typer.main.get_command(app)
    for word in words:
        if not isinstance(command, TyperGroup):
            return True
        if word not in command.commands:
            return False
        command = command.commands[word]
    return True
