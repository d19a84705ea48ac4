"""How payments compared with a provider's report, in DynamoDB: one row per provider and day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from doorstep.adapters.dynamo import keys, marks
from doorstep.domain.reconciling import Reconciliation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoReconciliations:
    """The Reconciliations port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def days(self, provider: str, limit: int) -> Sequence[Reconciliation]:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.reconciliations(provider)}},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
        )
        return [Reconciliation.model_validate_json(row["json"]["S"]) for row in answer["Items"]]

    def save(self, day: Reconciliation) -> None:
        key = keys.reconciliation(day.provider, day.day.isoformat())
        self._client.put_item(
            TableName=self._table,
            Item={"pk": {"S": key.pk}, "sk": {"S": key.sk}, **marks.json(day)},
        )
