"""Who may call the Doorstep of this laptop: API keys and webhook secrets, made here, told to it.

What an operator does once after a deployment to AWS (docs/deploy.md), done by `grant`.

They are kept in the laptop's own folder, so that a curl command that worked yesterday works today.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from local.aws import Aws
from local.embedded import HOME
from local.outputs import Outputs

CALLERS = {
    "admin": ("admin", ""),
    "webshop": ("storefront", "web"),
    "warehouse": ("warehouse", ""),
    "service": ("agent", ""),
}
"""Name of a caller → its role, and the channels or locations it is limited to (none: all)."""

SENDERS = ("shopify", "generic", "sandbox")
"""Who signs webhooks: two storefronts and a carrier."""

MAIL_DOMAIN = "doorstep.example"
"""Of the address that writes to customers here (`infra/stage.py`)."""

_KEY_BYTES = 24


@dataclass(frozen=True)
class Access:
    """The API key of every caller, and the secret that every sender signs with."""

    keys: dict[str, str]
    webhooks: dict[str, str]

    def callers(self) -> dict[str, dict[str, object]]:
        """What the stack is told: callers by the SHA-256 of their key, never the key."""
        return {
            hashlib.sha256(key.encode()).hexdigest(): {
                "name": name,
                "role": CALLERS[name][0],
                "scope": CALLERS[name][1],
            }
            for name, key in self.keys.items()
        }


def access(home: Path = HOME) -> Access:
    """The keys of this laptop: those it has, and new ones for callers and senders without."""
    file = home / "access.json"
    known = json.loads(file.read_text()) if file.exists() else {"keys": {}, "webhooks": {}}
    made = Access(
        keys=_filled(known["keys"], CALLERS, "dsk_"),
        webhooks=_filled(known["webhooks"], SENDERS, "whsec_"),
    )
    if asdict(made) != known:
        home.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(made), indent=2) + "\n")
    return made


def grant(outputs: Outputs, home: Path = HOME) -> Access:
    """Tell a deployed stack who may call it and who signs with what."""
    known = access(home)
    signing = {sender: [secret] for sender, secret in known.webhooks.items()}
    with Aws(outputs.endpoint) as aws:
        client = aws.client("secretsmanager")
        for name, value in (
            (outputs.api_keys_secret, known.callers()),
            (outputs.webhooks_secret, signing),
        ):
            client.put_secret_value(SecretId=name, SecretString=json.dumps(value))
    mail = aws.client("sesv2")
    with contextlib.suppress(mail.exceptions.AlreadyExistsException):
        mail.create_email_identity(EmailIdentity=MAIL_DOMAIN)
    return known


def sign_in(outputs: Outputs, email: str) -> str:
    """The access token of a customer, who is made on first use."""
    pool, password = outputs.user_pool_id, f"{secrets.token_urlsafe(_KEY_BYTES)}-Aa1"
    with Aws(outputs.endpoint) as aws:
        client = aws.client("cognito-idp")
        with contextlib.suppress(client.exceptions.UsernameExistsException):
            client.admin_create_user(UserPoolId=pool, Username=email, MessageAction="SUPPRESS")
        client.admin_set_user_password(
            UserPoolId=pool, Username=email, Password=password, Permanent=True
        )
        answer = client.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=outputs.user_pool_client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
    return str(answer["AuthenticationResult"]["AccessToken"])


def _filled(known: dict[str, str], names: Iterable[str], prefix: str) -> dict[str, str]:
    return {name: known.get(name) or f"{prefix}{_random()}" for name in names}


def _random() -> str:
    """Base64 of random bytes: also the form of a Standard Webhooks secret."""
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
