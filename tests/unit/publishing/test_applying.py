"""What is said about applying a plan."""

import pytest

from repomill.publishing.saga.applying import Applying
from repomill.publishing.saga.routes import Route


@pytest.mark.parametrize(
    ("kind", "branch", "said"),
    [
        ("github", "main", "pushes straight to the branch main."),
        ("git", "main", "pushes straight to the branch main."),
        ("github", "mill", "pushes to the branch mill and opens a pull request into main, unless one is open already."),
        (
            "gitlab",
            "mill",
            "pushes to the branch mill and opens a merge request into main, unless one is open already.",
        ),
        ("git", "mill", "pushes to the branch mill, for a person to merge into main."),
    ],
)
def test_branch_and_request_are_named_as_the_host_names_them(kind: str, branch: str, said: str) -> None:
    assert Applying.of(kind, "main", Route(branch, start="main")).sentence() == f"Applying it {said}"
