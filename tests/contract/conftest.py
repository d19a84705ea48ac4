"""AWS in memory, with the tables as the app makes them."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from doorstep.adapters import aws, secrets
from doorstep.adapters.dynamo.catalog import DynamoCatalog
from doorstep.adapters.dynamo.decisions import DynamoDecisions
from doorstep.adapters.dynamo.orders import DynamoOrders
from doorstep.adapters.dynamo.places import DynamoPlaces
from doorstep.adapters.dynamo.queues import DynamoQueues
from doorstep.adapters.dynamo.rules import DynamoRuleBook
from doorstep.adapters.dynamo.stock import DynamoStock
from tests.builders import Clock
from tests.contract.fakes_orders import (
    FakeCatalog,
    FakeDecisions,
    FakeOrders,
    FakePlaces,
    FakeQueues,
    FakeRuleBook,
    FakeStock,
    Memory,
)
from tests.contract.tables import create_sandbox_table, create_table
from tests.contract.world import World

TABLE = "doorstep"
SANDBOX_TABLE = "sandbox"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """An AWS of its own for one test, with nothing in it: makes the client of a service."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        aws._made.cache_clear()
        secrets._kept.clear()
        yield boto3.client
    aws._made.cache_clear()


@pytest.fixture
def table(client: Callable[[str], Any]) -> str:
    """The name of the table, which is there and empty."""
    return create_table(client("dynamodb"), TABLE)


@pytest.fixture
def sandbox_table(client: Callable[[str], Any]) -> str:
    """The sandbox payment provider's memory, which is there and empty."""
    return create_sandbox_table(client("dynamodb"), SANDBOX_TABLE)


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> World:
    """The repositories, in memory and on the table."""
    clock = Clock()
    if request.param == "memory":
        memory = Memory(clock=clock)
        return World(
            FakeOrders(memory, clock),
            FakeStock(memory),
            FakeCatalog(memory),
            FakeQueues(memory),
            FakePlaces(memory),
            FakeRuleBook(memory),
            FakeDecisions(memory),
            clock,
        )
    table: str = request.getfixturevalue("table")
    dynamodb = aws.client("dynamodb")
    return World(
        DynamoOrders(dynamodb, table, "system", clock),
        DynamoStock(dynamodb, table, clock),
        DynamoCatalog(dynamodb, table),
        DynamoQueues(dynamodb, table),
        DynamoPlaces(dynamodb, table),
        DynamoRuleBook(dynamodb, table),
        DynamoDecisions(dynamodb, table),
        clock,
    )
