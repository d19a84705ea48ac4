"""Locations as they are at this moment, and what each keeps stock of, in DynamoDB.

The catalog may be a minute old: whoever switches a location off or on, or follows it, reads here.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.catalog import switched
from doorstep.adapters.dynamo.schema import DUE_PK, DUE_SK, PK, QUEUE_INDEX, QUEUE_PK, QUEUE_SK, SK
from doorstep.domain.catalog import Location
from doorstep.domain.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoPlaces:
    """The Places port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, location_id: str) -> Location:
        key = keys.location(location_id)
        answer = self._client.get_item(
            TableName=self._table,
            Key={PK: {"S": key.pk}, SK: {"S": key.sk}},
            ConsistentRead=True,
        )
        if "Item" not in answer:
            raise NotFound("location", location_id)
        return Location.model_validate_json(answer["Item"]["json"]["S"])

    def skus(self, location_id: str, after: str | None) -> tuple[Sequence[str], str | None]:
        shelf = {"S": keys.shelf(location_id)}
        page: dict[str, Any] = {}
        if after:
            key = keys.location_level(after, location_id)
            page["ExclusiveStartKey"] = {
                PK: {"S": key.pk},
                SK: {"S": key.sk},
                QUEUE_PK: shelf,
                QUEUE_SK: {"S": after},
            }
        answer = self._client.query(
            TableName=self._table,
            IndexName=QUEUE_INDEX,
            KeyConditionExpression=f"{QUEUE_PK} = :shelf",
            ExpressionAttributeValues={":shelf": shelf},
            Limit=100,
            **page,
        )
        found = [row[QUEUE_SK]["S"] for row in answer["Items"]]
        return found, found[-1] if "LastEvaluatedKey" in answer else None

    def settled(self, location: Location) -> None:
        if location.switched_at is None:
            return
        key = keys.location(location.location_id)
        seen = switched(location.location_id, location.switched_at)
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._table,
                Key={PK: {"S": key.pk}, SK: {"S": key.sk}},
                UpdateExpression=f"REMOVE {DUE_PK}, {DUE_SK}",
                ConditionExpression=f"{DUE_SK} = :seen",
                ExpressionAttributeValues={":seen": {"S": seen}},
            )
