"""Secrets are read once every few minutes, so that a rotation is seen and the calls are few."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from doorstep.adapters import secrets


class Timer:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def timer(monkeypatch: pytest.MonkeyPatch) -> Timer:
    timer = Timer()
    monkeypatch.setattr(secrets, "time", timer)
    return timer


def rotate(client: Callable[[str], Any], **values: str) -> None:
    client("secretsmanager").put_secret_value(SecretId="webhooks", SecretString=json.dumps(values))


def test_a_secret_is_a_json_object(client: Callable[[str], Any]) -> None:
    client("secretsmanager").create_secret(Name="webhooks", SecretString='{"shopify": ["a"]}')
    assert secrets.read("webhooks") == {"shopify": ["a"]}


def test_a_rotation_is_seen_after_five_minutes(client: Callable[[str], Any], timer: Timer) -> None:
    client("secretsmanager").create_secret(Name="webhooks", SecretString='{"shopify": "old"}')
    assert secrets.read("webhooks") == {"shopify": "old"}
    rotate(client, shopify="new")
    timer.now += secrets.KEPT_SECONDS - 1
    assert secrets.read("webhooks") == {"shopify": "old"}
    timer.now += 1
    assert secrets.read("webhooks") == {"shopify": "new"}


def test_two_secrets_are_kept_apart(client: Callable[[str], Any]) -> None:
    client("secretsmanager").create_secret(Name="webhooks", SecretString='{"a": 1}')
    client("secretsmanager").create_secret(Name="api-keys", SecretString='{"b": 2}')
    assert secrets.read("webhooks") == {"a": 1}
    assert secrets.read("api-keys") == {"b": 2}


@pytest.mark.usefixtures("client")
def test_a_secret_that_was_never_given_a_value_is_empty() -> None:
    assert secrets.read("webhooks") == {}
