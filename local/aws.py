"""boto3 clients of the embedded AWS, and the table read as a person would: whole, and typed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import boto3
from botocore.config import Config

from local.embedded import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CONNECTIONS = 32


class Aws:
    """The embedded AWS at an endpoint, with credentials of its own and none of this machine's."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session = boto3.Session("test", "test", region_name=REGION)
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections."""
        for client in self._clients.values():
            client.close()

    def client(self, service: str) -> Any:
        """The boto3 client of a service; one each."""
        if service not in self._clients:
            self._clients[service] = self._session.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self._endpoint,
                config=Config(max_pool_connections=_CONNECTIONS, retries={"mode": "standard"}),
            )
        return self._clients[service]

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return cast("DynamoDBClient", self.client("dynamodb"))

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Every row of a table, in wire format."""
        for page in self.dynamodb.get_paginator("scan").paginate(
            TableName=table, ConsistentRead=True
        ):
            yield from page["Items"]
