"""The functions as AWS calls them, over the app's tables, buckets and queues in memory."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from moto import mock_aws

from doorstep.adapters import aws, secrets
from doorstep.runtime import settings, wiring
from doorstep.runtime.observability import logger
from functions.allocate import stock_api, stockkeeping_api
from tests import builders as a
from tests.contract.conftest import sandbox_table, table  # noqa: F401
from tests.contract.fakes import FakeWorkflow
from tests.handlers.cloud import LINKS_SECRET, WEBHOOK_SECRET, Cloud, call, kept

KEPT = [name for name in vars(wiring).values() if hasattr(name, "cache_clear")]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], Any]]:
    """An AWS of its own for one test; the clients are made once, since that takes the time."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield aws.client


@pytest.fixture
def cloud(
    client: Callable[[str], Any],
    table: str,  # noqa: F811
    sandbox_table: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Cloud]:
    """Everything a function may need, empty; the workflow is a fake that remembers."""
    buckets, queues, secret = client("s3"), client("sqs"), client("secretsmanager")
    place = {"LocationConstraint": "eu-central-1"}
    environment = {
        "STAGE": "test",
        "TABLE_NAME": table,
        "SANDBOX_TABLE_NAME": sandbox_table,
        "EVENT_BUS_NAME": client("events").create_event_bus(Name="doorstep") and "doorstep",
        "SENDER_ADDRESS": "shop@example.org",
        "API_KEYS_SECRET": "api-keys",
        "WEBHOOKS_SECRET": "webhooks",
        "LINKS_SECRET": "links",
        "REMEDY_PAGE": "https://shop.example/remedies",
        "PAYMENT_PAGE": "https://shop.example/pay",
    }
    for name in ("inbox", "documents"):
        buckets.create_bucket(Bucket=name, CreateBucketConfiguration=place)
        environment[f"{name.upper()}_BUCKET"] = name
    for name in ("storefront", "carrier", "stock_file"):
        url = queues.create_queue(QueueName=name)["QueueUrl"]
        environment[f"{name.upper()}_QUEUE_URL"] = url
    signed = {sender: [WEBHOOK_SECRET] for sender in ("shopify", "generic", "sandbox")}
    secret.create_secret(Name="webhooks", SecretString=json.dumps(signed))
    secret.create_secret(Name="links", SecretString=json.dumps({"current": LINKS_SECRET}))
    secret.create_secret(Name="api-keys", SecretString="{}")
    client("sesv2").create_email_identity(EmailIdentity="shop@example.org")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    _forget()
    workflow = FakeWorkflow()
    monkeypatch.setattr(wiring, "workflow", lambda: workflow)
    yield Cloud(client, workflow)
    _forget()


@pytest.fixture
def shop(cloud: Cloud) -> Cloud:
    """The cloud, with mugs to sell in Berlin and Hamburg."""
    for path, record in (
        ("/products/MUG", a.product("MUG", "12.00")),
        ("/locations/BERLIN", a.location("BERLIN")),
        ("/locations/HAMBURG", a.location("HAMBURG", a.HAMBURG)),
        ("/delivery-options/standard", a.delivery()),
    ):
        body = record.model_dump(mode="json")
        assert call(stock_api, "PUT", path, body).status == 200
    goods = {"receipt_id": "R1", "goods": [{"sku": "MUG", "quantity": 5}]}
    assert call(stockkeeping_api, "POST", "/locations/BERLIN/receipts", goods).status == 201
    kept.clear()
    return cloud


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the functions log from now on."""
    lines = StringIO()
    for handler in logger.handlers:
        monkeypatch.setattr(handler, "stream", lines)
    return lines


def _forget() -> None:
    """Whatever the process keeps between calls."""
    settings.settings.cache_clear()
    secrets._kept.clear()
    for name in KEPT:
        name.cache_clear()
