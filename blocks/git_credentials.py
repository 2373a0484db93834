"""Block: what a Git remote asks for."""

from prefect.blocks.abstract import CredentialsBlock
from pydantic import Field, HttpUrl, SecretStr


class GitCredentials(CredentialsBlock):
    """User name and password, or token, for Git over HTTP.

    They reach Git through its environment only: never a URL, a command line, a remote, a file or a log.
    """

    _block_type_name = "Repomill Git Credentials"
    _block_type_slug = "repomill-git-credentials"
    _description = "User name and password, or token, for Git over HTTP."
    _documentation_url = HttpUrl("https://git-scm.com/docs/gitcredentials")

    # No title of its own: of a block that is picked in a form, Prefect takes the title for the name of its class.

    username: str = Field(
        default="git", title="User name", description="User name; any text where the host takes a token."
    )
    password: SecretStr = Field(title="Password or token", description="Password or token.")

    def get_client(self) -> None:
        """Git is a program, not a client object; there is nothing to hand out."""
