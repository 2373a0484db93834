"""Where Copier templates come from: the forms Copier takes, and what is recorded of them."""

import pytest

from repomill.trees.scaffolds import CopierSource


@pytest.mark.parametrize(
    ("place", "url", "address"),
    [
        ("gh:tea/pot", "https://github.com/tea/pot.git", "gh:tea/pot"),
        ("gh:/tea/pot.git", "https://github.com/tea/pot.git", "gh:/tea/pot.git"),
        ("gl:tea/group/pot", "https://gitlab.com/tea/group/pot.git", "gl:tea/group/pot"),
        ("https://github.com/tea/pot", "https://github.com/tea/pot", "https://github.com/tea/pot"),
        ("https://tea.example/pot.git", "https://tea.example/pot.git", "https://tea.example/pot.git"),
        ("https://tea.example/pot", "https://tea.example/pot", "git+https://tea.example/pot"),
        ("git+https://tea.example/pot", "https://tea.example/pot", "git+https://tea.example/pot"),
        ("git@tea.example:pot", "git@tea.example:pot", "git@tea.example:pot"),
        ("mill@tea.example:pot", "mill@tea.example:pot", "git+mill@tea.example:pot"),
        ("ssh://git@tea.example/pot.git", "ssh://git@tea.example/pot.git", "ssh://git@tea.example/pot.git"),
        ("file:///srv/pot", "file:///srv/pot", "git+file:///srv/pot"),
        ("templates/pot", "", "templates/pot"),
        ("pot.git", "", "pot.git"),
    ],
)
def test_a_place_has_a_url_for_git_and_an_address_for_copier(place: str, url: str, address: str) -> None:
    source = CopierSource(place, "1.0" if url else "")
    assert (source.url, source.address) == (url, address)


def test_a_template_is_stored_apart_from_other_folders_and_refs() -> None:
    sources = CopierSource("pot"), CopierSource("gh:a/b", "1.0"), CopierSource("gh:a/b", "1.1")
    assert [source.name for source in sources] == ["copier:pot", "copier:gh:a/b@1.0", "copier:gh:a/b@1.1"]
