"""What a tree may hold before it leaves: the policy that an organisation or project sets."""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from repomill.canonical import digest

Action = Literal["allow", "review", "block"]
"""What follows from a finding: nothing, a person has to look, or the tree stays where it is."""

MEGABYTE: Final = 1024 * 1024


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProtectedPath(_Strict):
    """Files that a generated tree should not bring or change unseen."""

    pattern: Annotated[str, Field(min_length=1, max_length=500)]
    """One line of a `.gitignore`: no slash matches at any depth, a slash inside anchors it to the root."""

    action: Action

    @field_validator("pattern")
    @classmethod
    def _says_one_thing(cls, pattern: str) -> str:
        if pattern.startswith("!"):
            raise ValueError("write a later entry with action `allow` instead of `!`")
        if pattern.startswith("#") or pattern != pattern.strip() or "\n" in pattern:
            raise ValueError("is not a pattern: comments, outer spaces and line ends have no meaning here")
        return pattern


def _review(*patterns: str) -> tuple[ProtectedPath, ...]:
    return tuple(ProtectedPath(pattern=pattern, action="review") for pattern in patterns)


# Files that run on the host's own machines, with its credentials, as soon as they are pushed.
_CONTINUOUS_INTEGRATION: Final = _review(
    "/.github/workflows/", "/.github/actions/", "action.yml", "action.yaml", "/.gitea/workflows/",
    "/.forgejo/workflows/", ".gitlab-ci.yml", "/.gitlab/ci/", "/.circleci/", "/.buildkite/", "/.woodpecker/",
    "/.woodpecker.yml", "/.drone.yml", "/.travis.yml", "/.teamcity/", "/.semaphore/", "/azure-pipelines.yml",
    "/.azure-pipelines/", "/bitbucket-pipelines.yml", "/appveyor.yml", "/.appveyor.yml", "/.cirrus.yml",
    "/cloudbuild.yaml", "/buildspec.yml", "Jenkinsfile", "/.pre-commit-config.yaml", "/.husky/",
    "/.github/dependabot.yml", "/renovate.json",
)  # fmt: skip
# Who has to approve a change: GitHub reads the root, `.github` and `docs`, GitLab `.gitlab`, Gitea `.gitea`.
_OWNERSHIP: Final = _review("CODEOWNERS")
# A lock that a model made up pins packages that nobody resolved (names that do not exist can be registered).
_LOCK_FILES: Final = _review(
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "deno.lock",
    "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "pylock.*.toml", "requirements*.lock",
    "conda-lock.yml", "pixi.lock", "Cargo.lock", "go.sum", "Gemfile.lock", "composer.lock", "mix.lock",
    "pubspec.lock", "Podfile.lock", "Package.resolved", "packages.lock.json", "gradle.lockfile", "flake.lock",
    ".terraform.lock.hcl", "Chart.lock",
)  # fmt: skip
# Git itself acts on these in every clone.
_GIT_FILES: Final = _review(".gitmodules", ".lfsconfig")

DEFAULT_PROTECTED: Final = (*_CONTINUOUS_INTEGRATION, *_OWNERSHIP, *_LOCK_FILES, *_GIT_FILES)


class TreePolicy(_Strict):
    """What is looked for in a stored tree, and what follows. Sizes are in bytes.

    The JSON form is `model_dump_json`; a policy written for an older version is read with today's defaults for
    what it does not say, and refused when it says something unknown.
    """

    version: Literal[1] = 1

    max_file_size: Annotated[int, Field(gt=0)] = 10 * MEGABYTE
    max_total_size: Annotated[int, Field(gt=0)] = 2048 * MEGABYTE
    max_files: Annotated[int, Field(gt=0)] = 50_000

    placeholders: Action = "block"
    """Comments in which a model says that it left code out."""

    secrets: Action = "block"
    """Credentials that a rule recognises. The run's own known secrets are always `block`."""

    honour_allow_comments: bool = False
    """Whether a comment such as `pragma: allowlist secret` on the line excuses it. The tree's author is a model
    that may have copied the comment, so no is the default."""

    protected: Annotated[tuple[ProtectedPath, ...], Field(max_length=1000)] = DEFAULT_PROTECTED
    """The last entry that matches a path decides, as in `.gitignore` and CODEOWNERS."""

    @property
    def digest(self) -> str:
        """`sha256:<hex>`; equal policies have equal digests, however they were written."""
        return digest(self.model_dump(mode="json"))

    def with_protected(self, *entries: ProtectedPath) -> Self:
        """Return this policy with more protected paths, which win over those it has."""
        return self.model_copy(update={"protected": (*self.protected, *entries)})
