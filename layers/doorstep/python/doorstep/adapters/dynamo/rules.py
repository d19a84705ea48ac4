"""Sourcing rules in DynamoDB: one row that is in force for each channel, and one for each version.

Both are written in one transaction, so that no version is in force that nobody can look up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.transact import TransactionRefused, create, put, transact
from doorstep.domain.errors import Conflict
from doorstep.domain.rules import Edition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoRuleBook:
    """The RuleBook port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def write(self, edition: Edition) -> None:
        rules = edition.rules
        current = keys.sourcing_rules(rules.channel)
        attributes = {
            "json": {"S": rules.model_dump_json()},
            "version": {"N": str(rules.version)},
        }
        actions = [
            create(keys.edition(rules.channel, rules.version), _json(edition)),
            create(current, attributes)
            if rules.version == 1
            else put(
                current,
                attributes,
                "version = :before",
                ExpressionAttributeValues={":before": {"N": str(rules.version - 1)}},
            ),
        ]
        try:
            transact(self._client, self._table, actions)
        except TransactionRefused:
            raise Conflict([f"the rules of {rules.channel}"]) from None

    def editions(self, channel: str, limit: int) -> Sequence[Edition]:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": keys.editions(channel)}},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
        )
        return [
            Edition.model_validate_json(row["json"]["S"], extra="ignore") for row in answer["Items"]
        ]


def _json(edition: Edition) -> dict[str, dict[str, str]]:
    return {"json": {"S": edition.model_dump_json()}}
