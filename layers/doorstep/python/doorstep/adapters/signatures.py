"""Webhook signatures: who signs how, as data, and the one function that checks them.

Standard library only: the functions in front of the queues import this, and answer at once. The
`standardwebhooks` package makes the same signatures (a test compares them), but it takes the time
from the machine, reads text only, and raises something else at a malformed signature.
"""

from __future__ import annotations

import base64
import hmac
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from doorstep.domain.errors import SignatureInvalid

TOLERANCE = 300
"""Seconds that a signed timestamp may lie before or after now."""


def _text(secret: str) -> bytes:
    return secret.encode()


def _nfkd(secret: str) -> bytes:
    return unicodedata.normalize("NFKD", secret).encode()


def _hex(digest: bytes) -> bytes:
    return digest.hex().encode()


def _whsec(secret: str) -> bytes:
    """Base64, with or without padding and the prefix that tells it from other secrets."""
    encoded = secret.removeprefix("whsec_")
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)


class Scheme(NamedTuple):
    """One way to sign: HMAC-SHA256 over headers and raw body joined by full stops."""

    signatures: tuple[str, ...]
    """Headers that may carry it; one that matches will do."""
    key: Callable[[str], bytes] = _text
    """The key that a configured secret stands for; raises ValueError."""
    signed: tuple[str, ...] = ()
    """Headers that are signed together with the body."""
    timestamp: str = ""
    """The signed header that says when, in seconds of the epoch."""
    version: str = ""
    """Where set, a header lists `version,signature` pairs; other versions are passed over."""
    prefix: str = ""
    """Where set, what stands before the signature; one without it is passed over."""
    written: Callable[[bytes], bytes] = base64.b64encode
    """How the signature is written."""


STANDARD_WEBHOOKS = Scheme(
    signatures=("webhook-signature",),
    key=_whsec,
    signed=("webhook-id", "webhook-timestamp"),
    timestamp="webhook-timestamp",
    version="v1",
)
"""https://www.standardwebhooks.com. `v1a`, made with a private key, is a version passed over."""

SCHEMES = {
    "easypost": Scheme(
        signatures=("x-hmac-signature",), key=_nfkd, prefix="hmac-sha256-hex=", written=_hex
    ),
    "shopify": Scheme(signatures=("x-shopify-hmac-sha256", "shopify-hmac-sha256")),
}
"""Senders with a scheme of their own. All others sign as Standard Webhooks has it."""


def verify(
    sender: str, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: int
) -> None:
    """Raise SignatureInvalid, with the reason, unless one of the secrets signed this very body.

    While a secret is replaced, both are given. `now` is in seconds of the epoch.
    """
    scheme = SCHEMES.get(sender, STANDARD_WEBHOOKS)
    given = {name.lower(): value for name, value in headers.items()}
    for name in scheme.signed:
        if not given.get(name):
            raise SignatureInvalid(f"The header {name} is missing.")
    if scheme.timestamp:
        _check_age(given[scheme.timestamp], now)
    offered = list(_offered(scheme, given))
    if not offered:
        raise SignatureInvalid("There is no signature.")
    keys = list(_keys(scheme, secrets))
    if not keys:
        raise SignatureInvalid(f"No usable secret is configured for {sender}.")
    message = b".".join((*(_bytes(given[name]) for name in scheme.signed), body))
    for key in keys:
        expected = scheme.written(hmac.digest(key, message, "sha256"))
        if any(hmac.compare_digest(expected, signature) for signature in offered):
            return
    raise SignatureInvalid("No signature matches.")


def _check_age(timestamp: str, now: int) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureInvalid("The timestamp is not a number of seconds.")
    if abs(now - int(timestamp)) > TOLERANCE:
        raise SignatureInvalid(f"The timestamp is more than {TOLERANCE} s from now.")


def _offered(scheme: Scheme, given: Mapping[str, str]) -> Iterator[bytes]:
    for header in (given.get(name) or "" for name in scheme.signatures):
        if not scheme.version:
            signature = header.strip()
            if signature.startswith(scheme.prefix):
                yield from filter(None, [_bytes(signature.removeprefix(scheme.prefix))])
            continue
        for version, _, signature in (pair.partition(",") for pair in header.split()):
            if version == scheme.version and signature:
                yield _bytes(signature)


def _keys(scheme: Scheme, secrets: Sequence[str]) -> Iterator[bytes]:
    """The keys of all secrets that make one: an empty or broken secret verifies nothing."""
    for secret in secrets:
        try:
            key = scheme.key(secret)
        except ValueError:
            continue
        if key.strip():
            yield key


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
