"""Credentials of many issuers, drawn by chance when a test runs: no file of ours holds one."""

import base64
import json
import random
import string
from typing import Final

_ALPHANUMERIC: Final = string.ascii_letters + string.digits
_BASE32: Final = string.ascii_uppercase + "234567"
_HEX: Final = "0123456789abcdef"
_UPPER: Final = string.ascii_uppercase + string.digits


class Samples:
    """Makes one credential of each kind; equal seeds give equal ones."""

    def __init__(self, seed: int = 5) -> None:
        self._chance = random.Random(seed)

    def text(self, length: int, alphabet: str = _ALPHANUMERIC) -> str:
        return "".join(self._chance.choices(alphabet, k=length))

    def digits(self, length: int) -> str:
        return self.text(length, string.digits.replace("0", ""))

    def base64(self, size: int) -> str:
        return base64.b64encode(self._chance.randbytes(size)).decode()

    def pem(self, kind: str) -> str:
        dashes = "-" * 5
        body = "\n".join(self.base64(48) for _ in range(8))
        return f"{dashes}BEGIN {kind}{dashes}\n{body}\n{dashes}END {kind}{dashes}"

    def jwt(self) -> str:
        parts = ('{"alg":"HS256","typ":"JWT"}', '{"sub":"1234567890","iat":1516239022}', self.text(32))
        return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)

    def service_account(self) -> str:
        account = {"type": "service_account", "project_id": "x-1", "private_key": self.pem("PRIVATE KEY")}
        return json.dumps(account)

    def github_token(self) -> str:
        return f"ghp_{self.text(36)}"

    def formats(self) -> dict[str, str]:
        """Return a piece of a file for each kind of credential."""
        return self._clouds() | self._forges() | self._models() | self._messages() | self._keys() | self._others()

    def _clouds(self) -> dict[str, str]:
        account_key = self.base64(64)
        return {
            "AWS access key": f"AK{'IA'}{self.text(16, _BASE32)}",
            "AWS session key": f"AS{'IA'}{self.text(16, _BASE32)}",
            "AWS secret key": f'aws_secret_access_key = "{self.text(40)}"',
            "Google API key": f"AI{'za'}{self.text(35)}",
            "Google service account": self.service_account(),
            "Azure storage connection": f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={account_key};",
            "Azure storage key": f"AZURE_STORAGE_KEY={account_key}",
            "Azure shared access signature": f"https://a.blob.core.windows.net/c?sv=2022-11-02&sig={self.text(43)}%3D",
            "DigitalOcean": f"dop_v1_{self.text(64, _HEX)}",
            "HashiCorp Vault": f"hvs.{self.text(95)}",
            "Terraform Cloud": f"{self.text(14)}.atlasv1.{self.text(64)}",
            "Databricks": f"dapi{self.text(32, _HEX)}",
            "Heroku": f"HRKU-AA{self.text(58)}",
        }

    def _forges(self) -> dict[str, str]:
        return {
            "GitHub classic": self.github_token(),
            "GitHub fine-grained": f"github_pat_{self.text(22)}_{self.text(59)}",
            "GitHub OAuth": f"gho_{self.text(36)}",
            "GitLab": f"glpat-{self.text(20)}",
            "npm": f"//registry.example/:_authToken=npm_{self.text(36)}",
            "PyPI": f"pypi-AgEIcHlwaS5vcmc{self.text(150)}",
            "Docker Hub": f"dckr_pat_{self.text(27)}",
        }

    def _models(self) -> dict[str, str]:
        mark = "T3Blbk" + "FJ"
        return {
            "OpenAI": f"sk-{self.text(20)}{mark}{self.text(20)}",
            "OpenAI project": f"sk-proj-{self.text(74)}{mark}{self.text(74)}",
            "OpenAI service account": f"sk-svcacct-{self.text(74)}{mark}{self.text(74)}",
            "Anthropic": f"sk-ant-api03-{self.text(93)}AA",
            "Hugging Face": f"hf_{self.text(34, string.ascii_letters)}",
            "Groq": f"gsk_{self.text(52)}",
        }

    def _messages(self) -> dict[str, str]:
        hook = f"{self.digits(18)}/{self.text(68)}"
        return {
            "Slack bot": f"xoxb-{self.digits(12)}-{self.digits(13)}-{self.text(24)}",
            "Slack user": f"xoxp-{self.digits(12)}-{self.digits(12)}-{self.digits(12)}-{self.text(32, _HEX)}",
            "Slack webhook": f"https://hooks.slack.com/services/T{self.text(10, _UPPER)}/B{self.text(10, _UPPER)}/"
            + self.text(24),
            "SendGrid": f"SG.{self.text(22)}.{self.text(43)}",
            "Mailgun": f"key-{self.text(32, _HEX)}",
            "Twilio API key": f"SK{self.text(32, _HEX)}",
            "Twilio auth token": f"TWILIO_AUTH_TOKEN={self.text(32, _HEX)}",
            "Discord bot": f"MT{self.text(24)}.{self.text(6)}.{self.text(38)}",
            "Discord webhook": f"https://discord.com/api/webhooks/{hook}",
            "Telegram bot": f"{self.digits(10)}:AA{self.text(33)}",
            "Telegram URL": f"https://api.telegram.org/bot{self.digits(10)}:AA{self.text(33)}/getMe",
        }

    def _keys(self) -> dict[str, str]:
        kinds = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK")
        return {kind: self.pem(kind) for kind in kinds} | {"JWT": self.jwt()}

    def _others(self) -> dict[str, str]:
        return {
            "Stripe": f"sk_live_{self.text(24)}",
            "Stripe restricted": f"rk_live_{self.text(24)}",
            "Stripe webhook": f"whsec_{self.text(32)}",
            "Shopify": f"shpat_{self.text(32, _HEX)}",
            "New Relic": f"NRAK-{self.text(27, _UPPER)}",
            "Grafana": f"glsa_{self.text(32)}_{self.text(8, _HEX)}",
            "basic authentication in a URL": f"https://deploy:{self.text(16)}@git.corp.net/x.git",
            "database URL": f"postgresql://app:{self.text(16)}@db.corp.net:5432/x",
            "MongoDB URL": f"mongodb+srv://app:{self.text(16)}@c0.abcde.mongodb.net/x",
            "Redis URL": f"redis://:{self.text(16)}@cache.corp.net:6379",
            "curl with a password": f"curl -u deploy:{self.text(16)} https://git.corp.net",
        }
