"""Block: what a Git remote asks for."""

from prefect.blocks.abstract import CredentialsBlock
from pydantic import ConfigDict, Field, SecretStr


class GitCredentials(CredentialsBlock):
    """User name and password, or token, for Git over HTTP.

    They reach Git through its environment only: never a URL, a command line, a remote, a file or a log.

    Attributes:
        username: user name; any text where the host takes a token.
        password: password or token.
    """

    _block_type_name = "Repomill Git Credentials"
    _block_type_slug = "repomill-git-credentials"
    _description = "User name and password, or token, for Git over HTTP."

    model_config = ConfigDict(title="Git credentials")

    username: str = Field(default="git", title="User name")
    password: SecretStr = Field(title="Password or token")

    def get_client(self) -> None:
        """Git is a program, not a client object; there is nothing to hand out."""
