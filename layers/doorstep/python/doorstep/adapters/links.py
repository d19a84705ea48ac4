"""Links that work without a login: signed, for one purpose, until a moment.

A token is `<second of the epoch until which it is good>.<HMAC-SHA256, base64url>`. What it allows
is part of what is signed, so it is of no use for anything else. Nothing is stored of it: what it
allows can be done once because the record behind it moves on.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime

from doorstep.domain.errors import SignatureInvalid
from doorstep.ports import Clock

MIN_SECRET = 32
"""Characters of a secret, at the least."""


class SignedLinks:
    """The Links port: `secrets` are those in use, the newest first; `page` takes the id and the
    token; `purpose` is the one thing that its links are good for.
    """

    def __init__(
        self, page: str, secrets: Sequence[str], clock: Clock, purpose: str = "remedy"
    ) -> None:
        self._page = page.rstrip("/")
        self._secrets = [secret for secret in secrets if len(secret) >= MIN_SECRET]
        self._clock = clock
        self._purpose = purpose
        if not self._secrets:
            raise RuntimeError(f"no secret of {MIN_SECRET} characters or more to sign links with")

    def to(self, key: str, until: datetime) -> str:
        token = self._signed(self._secrets[0], key, str(int(until.timestamp())))
        return f"{self._page}/{key}?token={token}"

    def check(self, key: str, token: str) -> None:
        until, _, _ = token.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) <= 12):
            raise SignatureInvalid("This link is not one of ours.")
        known = (self._signed(secret, key, until).encode() for secret in self._secrets)
        given = token.encode("utf-8", "surrogatepass")
        if not any(hmac.compare_digest(one, given) for one in known):
            raise SignatureInvalid("This link is not one of ours.")
        if int(until) < int(self._clock().timestamp()):
            raise SignatureInvalid("This link has expired.")

    def _signed(self, secret: str, key: str, until: str) -> str:
        message = f"{self._purpose}\n{key}\n{until}".encode()
        digest = hmac.digest(secret.encode(), message, "sha256")
        return f"{until}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
