"""The front of a webhook: verify over the raw bytes, keep, queue, answer. Nothing is parsed here.

Light on purpose, since senders wait only seconds: no pydantic, no validation.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from doorstep.domain.errors import NotFound, SignatureInvalid
from doorstep.runtime import problem, wiring
from doorstep.runtime.observability import logger

MAX_BODY_BYTES = 1_000_000


class Delivery(NamedTuple):
    """A verified body and who sent it."""

    sender: str
    headers: Mapping[str, str]
    body: bytes


Answer = dict[str, Any]


def webhook(
    parameter: str, senders: Callable[[], Sequence[str]], *, max_bytes: int = MAX_BODY_BYTES
) -> Callable[[Callable[[Delivery], None]], Callable[[dict[str, Any], object], Answer]]:
    """A handler of signed callbacks from `senders`, whom the path parameter names."""

    def decorate(handle: Callable[[Delivery], None]) -> Callable[[dict[str, Any], object], Answer]:
        def entered(event: dict[str, Any], context: object) -> Answer:
            sender = (event.get("pathParameters") or {}).get(parameter, "")
            headers = {key.lower(): value for key, value in (event.get("headers") or {}).items()}
            try:
                body = _body(event)
                if len(body) > max_bytes:
                    return problem.too_large(max_bytes)
                _check_known(parameter, sender, senders())
                wiring.verify_webhook(sender, headers, body)
            except (NotFound, SignatureInvalid) as refusal:
                logger.warning("webhook refused", sender=sender[:60], reason=type(refusal).__name__)
                return problem.answer(refusal)
            handle(Delivery(sender, headers, body))
            logger.info("webhook", sender=sender, bytes=len(body))
            return {
                "statusCode": 202,
                "headers": {"content-type": "application/json"},
                "body": "{}",
            }

        return entered

    return decorate


def _check_known(parameter: str, sender: str, senders: Sequence[str]) -> None:
    if sender not in senders:
        raise NotFound(parameter, sender[:60])


def _body(event: dict[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode()
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise SignatureInvalid("the body is not what was signed") from None


def envelope(delivery: Delivery, **more: str) -> str:
    """What goes on the queue: who sent it, the headers that name it, and where it is kept."""
    named = {
        k: v
        for k, v in delivery.headers.items()
        if k.startswith(("x-shopify-", "shopify-", "webhook-"))
    }
    secret = {"webhook-signature", "x-shopify-hmac-sha256", "shopify-hmac-sha256"}
    headers = {key: value for key, value in named.items() if key not in secret}
    return json.dumps({"sender": delivery.sender, "headers": headers, **more})
