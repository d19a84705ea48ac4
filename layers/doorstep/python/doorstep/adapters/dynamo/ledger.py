"""The ledger in DynamoDB, and the mark on every level that moved since it was last checked.

The mark is written with the level, and only where there is none yet: a SKU that is sold a thousand
times between two checks is put on the list once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.keys import Key
from doorstep.adapters.dynamo.queues import come_due
from doorstep.adapters.dynamo.schema import DUE_PK, DUE_SK
from doorstep.adapters.dynamo.stock import MOVED, levels_of
from doorstep.adapters.dynamo.transact import TransactionRefused, add, create, transact
from doorstep.domain.errors import Conflict
from doorstep.domain.ledger import (
    LOCATION_COUNTERS,
    NETWORK_COUNTERS,
    Drift,
    LedgerRow,
    corrections,
)
from doorstep.domain.stock import LocationLevel, MovementKind, NetworkLevel, StockLevels

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoLedger:
    """The Ledger port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Any) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def moved(self, before: datetime, limit: int) -> Sequence[str]:
        skus = come_due(self._client, self._table, MOVED, before, limit)
        return list(dict.fromkeys(skus))[:limit]

    def levels(self, sku: str) -> StockLevels:
        return levels_of(self._client, self._table, sku, consistent=True)

    def rows(self, levels: StockLevels) -> Sequence[LedgerRow]:
        places = [None, *(level.location_id for level in levels.locations)]
        return [row for place in places for row in self._rows(levels.sku, place)]

    def checked(self, levels: StockLevels) -> None:
        for key, seen in _rows_of(levels):
            action = add(key, {}, expected=seen, remove=(DUE_PK, DUE_SK))
            with suppress(TransactionRefused):  # it has moved since, and stays on the list
                transact(self._client, self._table, [action])

    def correct(self, levels: StockLevels, found: Sequence[Drift], by: str) -> None:
        at = self._clock()
        seen = dict(_rows_of(levels))
        actions = []
        for (location_id, shard), change in corrections(levels, found).items():
            key = (
                keys.location_level(levels.sku, location_id)
                if location_id
                else keys.network_level(levels.sku, shard)
            )
            actions.append(add(key, change, expected=seen.get(key, {})))
            row: dict[str, Any] = {
                "sku": {"S": levels.sku},
                "kind": {"S": MovementKind.CORRECTED},
                "quantity": {"N": str(sum(abs(units) for units in change.values()))},
                "at": {"S": at.isoformat()},
                "by": {"S": by},
                "reason": {"S": ", ".join(f"{name} {units:+}" for name, units in change.items())},
                "causes": {"M": {}},
            }
            if location_id:
                row["location_id"] = {"S": location_id}
            cause = f"repair-{at.isoformat()}"
            actions.append(
                create(keys.movement(levels.sku, location_id, MovementKind.CORRECTED, cause), row)
            )
        try:
            transact(self._client, self._table, actions)
        except TransactionRefused:
            raise Conflict([levels.sku]) from None

    def _rows(self, sku: str, location_id: str | None) -> list[LedgerRow]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.ledger(sku, location_id)}},
            ExpressionAttributeNames={"#kind": "kind", "#at": "at"},
            ProjectionExpression="#kind, #at, quantity, causes",
            ConsistentRead=True,
        )
        return [
            LedgerRow(
                kind=MovementKind(row["kind"]["S"]),
                at=datetime.fromisoformat(row["at"]["S"]),
                location_id=location_id,
                quantity=int(row["quantity"]["N"]),
                causes={name: int(units["N"]) for name, units in row["causes"]["M"].items()},
            )
            for page in pages
            for row in page["Items"]
        ]


def _rows_of(levels: StockLevels) -> list[tuple[Key, dict[str, int]]]:
    """The row of every level, with its counters as they were seen."""
    rows: list[tuple[Key, dict[str, int]]] = []
    level: NetworkLevel | LocationLevel
    for level in levels.network:
        seen = {name: getattr(level, name) for name in NETWORK_COUNTERS}
        rows.append((keys.network_level(level.sku, level.shard), seen))
    for level in levels.locations:
        seen = {name: getattr(level, name) for name in LOCATION_COUNTERS}
        rows.append((keys.location_level(level.sku, level.location_id), seen))
    return rows
