"""Routing decisions of all orders, by when they were made: read from the queue index.

One list a month, spread over as many partitions as the lists of what is due. The decisions
themselves are timeline items of their orders.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.schema import PK, QUEUE_INDEX, QUEUE_PK, QUEUE_SK, SK
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.events import TimelineItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDecisions:
    """The Decisions port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def routed(
        self, since: datetime, until: datetime, limit: int, after: str | None
    ) -> tuple[Sequence[TimelineItem], str | None]:
        start, end = _stamp(since), _stamp(until)
        if after:
            start = max(start, f"{after} ")  # right behind it
        found: dict[str, dict[str, Any]] = {}
        for month in _months(start, until):
            for shard in keys.decided_shards(month) if start < end else ():
                found |= self._listed(shard, start, end, limit + 1)
            if len(found) > limit:
                break
        page = sorted(found)[:limit]
        more = page[-1] if len(found) > limit else None
        return self._read([found[place] for place in page]), more

    def _listed(self, shard: str, start: str, end: str, limit: int) -> dict[str, dict[str, Any]]:
        """Keys of timeline items by their place in the list."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=QUEUE_INDEX,
            KeyConditionExpression=f"{QUEUE_PK} = :list AND {QUEUE_SK} BETWEEN :start AND :end",
            ExpressionAttributeValues={
                ":list": {"S": shard},
                ":start": {"S": start},
                ":end": {"S": end},
            },
            Limit=limit,
        )
        return {row[QUEUE_SK]["S"]: {PK: row[PK], SK: row[SK]} for row in answer["Items"]}

    def _read(self, wanted: Sequence[dict[str, Any]]) -> list[TimelineItem]:
        found: dict[tuple[str, str], str] = {}
        pending: dict[str, Any] = {self._table: {"Keys": list(wanted)}} if wanted else {}
        while pending:
            answer = self._client.batch_get_item(RequestItems=pending)
            for row in answer["Responses"].get(self._table, []):
                found[row[PK]["S"], row[SK]["S"]] = row["json"]["S"]
            pending = dict(answer["UnprocessedKeys"])
        rows = (found.get((key[PK]["S"], key[SK]["S"])) for key in wanted)
        return [TimelineItem.model_validate_json(row) for row in rows if row]


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _months(start: str, until: datetime) -> Iterator[str]:
    try:
        month = date.fromisoformat(start[:10]).replace(day=1)
    except ValueError:
        raise InvalidCommand({"after": "not a cursor of this list"}) from None
    while month <= until.date():
        yield f"{month:%Y-%m}"
        month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
