"""Blocks: what lets an export into a host of repositories, by the kind of host."""

from collections.abc import Sequence
from typing import Any

from prefect.blocks.abstract import CredentialsBlock
from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, SecretStr

from repomill.publishing.hosts.port import AppLogin, HostLogin


class GiteaToken(CredentialsBlock):
    """A token of Gitea or Forgejo."""

    _block_type_name = "Repomill Gitea Token"
    _block_type_slug = "repomill-gitea-token"
    _description = "A token of Gitea or Forgejo, with the address of the server."
    _documentation_url = HttpUrl("https://docs.gitea.com/development/api-usage")

    model_config = ConfigDict(title="Gitea token")

    url: str = Field(default="https://codeberg.org", title="Address", description="Address of the server.")
    token: SecretStr = Field(
        title="Token", description="Access token with the scopes `read:user` and `write:repository`."
    )

    def get_client(self) -> None:
        """Exports connect by themselves; there is nothing to hand out."""


class GitHubApp(CredentialsBlock):
    """An installation of a GitHub App; it gets tokens of an hour by signing with its key."""

    _block_type_name = "Repomill GitHub App"
    _block_type_slug = "repomill-github-app"
    _description = "An installation of a GitHub App, which gets tokens of an hour."
    _documentation_url = HttpUrl("https://docs.github.com/en/apps")

    model_config = ConfigDict(title="GitHub App")

    url: str = Field(default="", title="Address", description="Address of an Enterprise server; empty for github.com.")
    app_id: str = Field(title="App id", description="Id of the App, or its client id.")
    installation_id: int = Field(
        title="Installation id", description="Number of the installation, from the address of its settings page."
    )
    private_key: SecretStr = Field(
        title="Private key (PEM)", description="Key of the App, as the PEM text that GitHub gives."
    )

    def get_client(self) -> None:
        """Exports connect by themselves; there is nothing to hand out."""


def login_blocks(kind: str) -> Sequence[type[Block]]:
    """Return the types of blocks that may hold a login for a kind of host; importing vendors' takes a while."""
    if kind == "github":
        from prefect_github.credentials import GitHubCredentials  # type: ignore[import-untyped]  # no py.typed

        return (GitHubCredentials, GitHubApp)
    if kind == "gitlab":
        from prefect_gitlab.credentials import GitLabCredentials  # type: ignore[import-untyped]  # no py.typed

        return (GitLabCredentials,)
    return (GiteaToken,) if kind == "gitea" else ()


def login_of(block: Any) -> HostLogin:
    """Return what a block of one of these types holds."""
    if isinstance(block, GitHubApp):
        return HostLogin(block.url, app=AppLogin(block.app_id, block.installation_id, block.private_key))
    return HostLogin(getattr(block, "url", None) or "", block.token)
