"""What a Git host asks for before it lets anybody in."""

from base64 import b64encode
from dataclasses import dataclass

from pydantic import SecretStr

MASK = "***"


@dataclass(frozen=True, slots=True)
class GitCredentials:
    """User name and password (or token) for HTTP. SSH uses the agent and the keys of whoever runs the process."""

    username: str
    password: SecretStr

    def authorization(self) -> str:
        """Return the value of an HTTP `Authorization` header (RFC 7617)."""
        return f"Basic {self._encoded()}"

    def scrub(self, text: str) -> str:
        """Mask the secret in what a server said; some echo the header they did not like."""
        for secret in (self._encoded(), self.password.get_secret_value()):
            text = text.replace(secret, MASK) if secret else text
        return text

    def _encoded(self) -> str:
        return b64encode(f"{self.username}:{self.password.get_secret_value()}".encode()).decode("ascii")
