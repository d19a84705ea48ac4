"""Webhook signatures: who signs how, as data, and the one function that checks them.

Standard library only: the functions in front of the queues import this, and answer at once. The
`standardwebhooks` package makes the same signatures (a test compares them), but it takes the time
from the machine, reads text only, and raises something else at a malformed signature.
"""

from __future__ import annotations

import base64
import hmac
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

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
    pairs: tuple[str, str] | None = None
    """Where set, the header lists `name=value` pairs: names of the time, which is signed before the
    body, and of the signatures; others are passed over."""
    inside: Callable[[bytes], list[Claim]] | None = None
    """Where there is no such header: what is signed within the body."""


class Claim(NamedTuple):
    """What was signed, and the signatures that are offered for it."""

    message: bytes
    signatures: list[bytes]


def _adyen_items(body: bytes) -> list[Claim]:
    """Each item of a standard notification signs eight of its own fields."""
    try:
        document = json.loads(body)
        items = [one["NotificationRequestItem"] for one in document["notificationItems"]]
        return [_adyen_item(item) for item in items]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SignatureInvalid("There is no signed notification.") from None


def _adyen_item(item: Mapping[str, Any]) -> Claim:
    amount = item.get("amount") or {}
    fields = (
        *(item.get(name) for name in _ADYEN_NAMES),
        *(amount.get(name) for name in ("value", "currency")),
        *(item.get(name) for name in ("eventCode", "success")),
    )
    message = ":".join("" if field is None else str(field) for field in fields)
    signature = (item.get("additionalData") or {})["hmacSignature"]
    return Claim(_bytes(message), [_bytes(str(signature))])


_ADYEN_NAMES = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")


STANDARD_WEBHOOKS = Scheme(
    signatures=("webhook-signature",),
    key=_whsec,
    signed=("webhook-id", "webhook-timestamp"),
    timestamp="webhook-timestamp",
    version="v1",
)
"""https://www.standardwebhooks.com. `v1a`, made with a private key, is a version passed over."""

SCHEMES = {
    "adyen": Scheme(signatures=("hmacsignature",), key=bytes.fromhex, inside=_adyen_items),
    "easypost": Scheme(
        signatures=("x-hmac-signature",), key=_nfkd, prefix="hmac-sha256-hex=", written=_hex
    ),
    "shopify": Scheme(signatures=("x-shopify-hmac-sha256", "shopify-hmac-sha256")),
    "stripe": Scheme(signatures=("stripe-signature",), written=_hex, pairs=("t", "v1")),
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
    claims = _claims(scheme, given, body, now)
    keys = list(_keys(scheme, secrets))
    if not keys:
        raise SignatureInvalid(f"No usable secret is configured for {sender}.")
    if not all(_signed(claim, scheme, keys) for claim in claims):
        raise SignatureInvalid("No signature matches.")


def _claims(scheme: Scheme, given: Mapping[str, str], body: bytes, now: int) -> list[Claim]:
    """What has to be signed: one thing, or several within the body. Never empty."""
    for name in scheme.signed:
        if not given.get(name):
            raise SignatureInvalid(f"The header {name} is missing.")
    if scheme.timestamp:
        _check_age(given[scheme.timestamp], now)
    before = [_bytes(given[name]) for name in scheme.signed]
    if scheme.pairs:
        timestamp, offered = _pairs(scheme, given)
        _check_age(timestamp, now)
        before = [_bytes(timestamp)]
    else:
        offered = list(_offered(scheme, given))
    if offered:
        return [Claim(b".".join((*before, body)), offered)]
    claims = scheme.inside(body) if scheme.inside else []
    if not claims:
        raise SignatureInvalid("There is no signature.")
    return claims


def _signed(claim: Claim, scheme: Scheme, keys: Sequence[bytes]) -> bool:
    return any(
        hmac.compare_digest(scheme.written(hmac.digest(key, claim.message, "sha256")), signature)
        for key in keys
        for signature in claim.signatures
    )


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


def _pairs(scheme: Scheme, given: Mapping[str, str]) -> tuple[str, list[bytes]]:
    """The signed time and the signatures of a header that lists both."""
    at, signature = scheme.pairs or ("", "")
    header = next((given[name] for name in scheme.signatures if given.get(name)), "")
    listed = [pair.strip().partition("=") for pair in header.split(",")]
    times = [value for name, _, value in listed if name == at]
    return next(iter(times), ""), [_bytes(v) for name, _, v in listed if name == signature and v]


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
