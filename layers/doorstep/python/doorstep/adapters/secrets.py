"""Secrets: JSON objects in Secrets Manager, read anew every few minutes to see a rotation."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from doorstep.adapters import aws

KEPT_SECONDS = 300
"""How long a process keeps a secret before it reads it again."""

_kept: dict[str, tuple[float, Mapping[str, Any]]] = {}


def read(name: str) -> Mapping[str, Any]:
    """The JSON object in a secret, given its name or ARN; empty where no value was ever given."""
    now = time.monotonic()
    if name not in _kept or now - _kept[name][0] >= KEPT_SECONDS:
        _kept[name] = (now, _read(name))
    return _kept[name][1]


def entry(name: str, provider: str) -> str:
    """A provider's entry in a secret; raises RuntimeError where nobody has put it in."""
    value = read(name).get(provider)
    if not value:
        raise RuntimeError(f"the secret {name} has no entry {provider!r}")
    return str(value)


def _read(name: str) -> Mapping[str, Any]:
    client = aws.client("secretsmanager")
    try:
        value = client.get_secret_value(SecretId=name)["SecretString"]
    except client.exceptions.ResourceNotFoundException:
        return {}
    secret: Mapping[str, Any] = json.loads(value)
    return secret
