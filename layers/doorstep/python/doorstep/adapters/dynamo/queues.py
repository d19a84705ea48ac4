"""What waits, read from the two sparse indexes.

They lag and they may be stale: the records themselves are read after them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.schema import (
    ANY_SKU,
    DUE_INDEX,
    DUE_PK,
    DUE_SK,
    PK,
    QUEUE_INDEX,
    QUEUE_PK,
    QUEUE_SK,
    SK,
)
from doorstep.domain.errors import InvalidCommand, NotFound
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.work import WorkItem, WorkItemStatus
from doorstep.ports import Waiting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PLACE = (PK, SK, QUEUE_SK)


def come_due(
    client: DynamoDBClient, table: str, queue: str, before: datetime, limit: int
) -> list[str]:
    """What stands in a `due` queue with a time that has come, the oldest first.

    So many of each of its shards, at the most.
    """
    found: list[str] = []
    for shard in keys.due_shards(queue):
        answer = client.query(
            TableName=table,
            IndexName=DUE_INDEX,
            KeyConditionExpression=f"{DUE_PK} = :queue AND {DUE_SK} < :before",
            ExpressionAttributeValues={
                ":queue": {"S": shard},
                ":before": {"S": before.isoformat(timespec="seconds")},
            },
            Limit=limit,
        )
        found += [row[DUE_SK]["S"] for row in answer["Items"]]
    return [entry.partition("#")[2] for entry in sorted(found)]


class DynamoQueues:
    """The Queues port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def due(self, queue: str, before: datetime, limit: int) -> Sequence[str]:
        return come_due(self._client, self._table, queue, before, limit)[:limit]

    def fulfillment_orders(
        self, location_id: str, limit: int, after: str | None
    ) -> tuple[Sequence[FulfillmentOrder], str | None]:
        rows, cursor = self._queued(keys.location_queue(location_id), limit, after)
        found = [FulfillmentOrder.model_validate_json(row) for row in rows]
        return [one for one in found if one.desk == location_id], cursor

    def work_items(self, limit: int, after: str | None) -> tuple[Sequence[WorkItem], str | None]:
        rows, cursor = self._queued(keys.work_queue(), limit, after)
        found = [WorkItem.model_validate_json(row) for row in rows]
        return [item for item in found if item.status is WorkItemStatus.OPEN], cursor

    def waiting(self, after: str = "") -> Iterator[Waiting]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=QUEUE_INDEX,
            KeyConditionExpression=f"{QUEUE_PK} = :queue AND {QUEUE_SK} > :after",
            ExpressionAttributeValues={
                ":queue": {"S": keys.waiting_queue()},
                ":after": {"S": after or " "},
            },
        )
        for row in (row for page in pages for row in page["Items"]):
            place = row[QUEUE_SK]["S"]
            _, order_id, *names = place.split("#", 2)
            parts = "".join(names).partition("##")
            skus, _, owed = (part.split("#") if part else [] for part in parts)
            known = None if ANY_SKU in skus else tuple(skus)
            yield Waiting(order_id, known, place, tuple(owed))

    def tracked(self, carrier: str, tracking_number: str) -> str:
        key = keys.tracked(carrier, tracking_number)
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}}
        )
        if "Item" not in answer:
            raise NotFound("tracking number", tracking_number)
        return answer["Item"]["order_id"]["S"]

    def _queued(self, queue: str, limit: int, after: str | None) -> tuple[list[str], str | None]:
        """One page of a queue: keys from the index, then the records themselves."""
        page: dict[str, Any] = {"ExclusiveStartKey": _decoded(after, queue)} if after else {}
        answer = self._client.query(
            TableName=self._table,
            IndexName=QUEUE_INDEX,
            KeyConditionExpression=f"{QUEUE_PK} = :queue",
            ExpressionAttributeValues={":queue": {"S": queue}},
            Limit=limit,
            **page,
        )
        wanted = [{"pk": row["pk"], "sk": row["sk"]} for row in answer["Items"]]
        rows: dict[tuple[str, str], str] = {}
        pending: dict[str, Any] = {self._table: {"Keys": wanted}} if wanted else {}
        while pending:
            records = self._client.batch_get_item(RequestItems=pending)
            for row in records["Responses"].get(self._table, []):
                rows[row["pk"]["S"], row["sk"]["S"]] = row["json"]["S"]
            pending = dict(records["UnprocessedKeys"])
        found = [rows[k] for key in wanted if (k := (key["pk"]["S"], key["sk"]["S"])) in rows]
        last = answer.get("LastEvaluatedKey")
        return found, _encoded(last) if last else None


def _encoded(key: Any) -> str:
    """A cursor: the place of the last record of a page within its queue."""
    place = [key[name]["S"] for name in _PLACE]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _decoded(cursor: str, queue: str) -> Any:
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError:
        place = None
    known = isinstance(place, list) and all(part and isinstance(part, str) for part in place)
    if not known or len(place) != len(_PLACE):
        raise InvalidCommand({"after": "not a cursor of this list"})
    return {QUEUE_PK: {"S": queue}} | {
        name: {"S": part} for name, part in zip(_PLACE, place, strict=True)
    }
