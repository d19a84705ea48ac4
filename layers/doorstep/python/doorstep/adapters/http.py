"""HTTP to providers: the one module with an HTTP client, urllib3, which boto3 brings along.

What a provider refuses is an answer, for its adapter to read. That it is down, busy or out of reach
is ProviderUnavailable. Reading is tried again at once; a `post` never is once it may have arrived.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

import urllib3

from doorstep.domain.errors import ProviderUnavailable

CONNECT_SECONDS = 2
READ_SECONDS = 8
TRIES = 2

_BUSY = frozenset({408, 425, 429})


class Answer(NamedTuple):
    """What a provider answered: below 300 it did what it was asked, from 400 on it refused."""

    status: int
    body: bytes


def get(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Read; raises ProviderUnavailable."""
    return _send("GET", url, headers or {}, None)


def post(url: str, document: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Send a JSON document; raises ProviderUnavailable, after which it may have arrived or not."""
    typed = {"content-type": "application/json", **(headers or {})}
    return _send("POST", url, typed, json.dumps(document).encode())


def basic(user: str, password: str = "") -> dict[str, str]:
    """The header of HTTP basic authentication."""
    return dict(urllib3.make_headers(basic_auth=f"{user}:{password}"))


def _send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
    host = urlsplit(url).hostname or ""
    try:
        answer = _pool().request(method, url, headers=headers, body=body, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        reason = getattr(error, "reason", None) or error
        raise ProviderUnavailable(f"{host}: {type(reason).__name__}") from None
    if answer.status >= 500 or answer.status in _BUSY:
        raise ProviderUnavailable(f"{host} answered {answer.status}")
    return Answer(answer.status, answer.data)


@cache
def _pool() -> urllib3.PoolManager:
    patience = urllib3.Retry(
        total=TRIES - 1,
        allowed_methods={"GET"},
        status_forcelist={*_BUSY, 500, 502, 503, 504},
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    return urllib3.PoolManager(retries=patience, timeout=timeout)
