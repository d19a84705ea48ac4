"""How SKUs stand, in DynamoDB: a row, its events and its work items, written in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from doorstep.adapters.dynamo import keys, marks
from doorstep.adapters.dynamo.schema import TIMELINE_PREFIX
from doorstep.adapters.dynamo.transact import TransactionRefused, create, put, transact
from doorstep.domain.errors import Conflict
from doorstep.domain.events import StockItem
from doorstep.domain.standing import Standing
from doorstep.domain.work import WorkItemStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STANDING = "standing"
"""The `due` queue of SKUs that are looked at even if they do not move."""

_ROWS_A_READ = 100


class DynamoStandings:
    """The Standings port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Any) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def find(self, skus: Iterable[str]) -> Mapping[str, Standing]:
        wanted = [keys.standing(sku) for sku in dict.fromkeys(skus)]
        found: dict[str, Standing] = {}
        for start in range(0, len(wanted), _ROWS_A_READ):
            part = wanted[start : start + _ROWS_A_READ]
            rows = [{"pk": {"S": key.pk}, "sk": {"S": key.sk}} for key in part]
            pending: Any = {self._table: {"Keys": rows, "ConsistentRead": True}}
            while pending:
                answer = self._client.batch_get_item(RequestItems=pending)
                for row in answer["Responses"].get(self._table, []):
                    one = Standing.model_validate_json(row["json"]["S"])
                    found[one.sku] = one
                pending = answer["UnprocessedKeys"]
        return found

    def save(self, standing: Standing) -> None:
        at, lost = self._clock(), Conflict([standing.sku])
        after = standing.model_copy(
            update={
                "version": standing.version + 1,
                "sequence": standing.sequence + len(standing.raised),
            }
        )
        key = keys.standing(standing.sku)
        row = marks.json(after) | marks.due(STANDING, standing.sku, after.look_at)
        row["version"] = {"N": str(after.version)}
        expected = {":expected": {"N": str(standing.version)}}
        actions = [
            put(key, row, "version = :expected", about=lost, ExpressionAttributeValues=expected)
            if standing.version
            else create(key, row, about=lost)
        ]
        for number, event in enumerate(standing.raised, standing.sequence + 1):
            item = StockItem(
                sku=standing.sku,
                sequence=number,
                at=at,
                actor="system",
                name=event.name,
                version=event.version,
                data=event.model_dump(mode="json"),
            )
            place = keys.stock_timeline(standing.sku, number)
            actions.append(create(place, marks.json(item), about=lost))
        if work := standing.work_item:
            told = marks.json(work)
            if work.status is WorkItemStatus.OPEN:
                told |= marks.queued(keys.work_queue(), work.opened_at)
            place = keys.stock_work_item(standing.sku, work.work_item_id)
            actions.append(put(place, told, "attribute_exists(pk) OR attribute_not_exists(pk)"))
        try:
            transact(self._client, self._table, actions)
        except TransactionRefused:
            raise lost from None

    def events(self, sku: str) -> list[StockItem]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={
                ":pk": {"S": keys.standing(sku).pk},
                ":sk": {"S": TIMELINE_PREFIX},
            },
        )
        return [
            StockItem.model_validate_json(row["json"]["S"])
            for page in pages
            for row in page["Items"]
        ]
