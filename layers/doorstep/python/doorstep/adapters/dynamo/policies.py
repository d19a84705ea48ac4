"""What a merchant has decided for a channel, in DynamoDB: one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doorstep.adapters.dynamo import keys
from doorstep.domain.remedy import RemedyPolicy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoPolicies:
    """The Policies port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def remedy(self, channel: str) -> RemedyPolicy:
        key = keys.remedy_policy(channel)
        answer = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}}
        )
        if "Item" not in answer:
            return RemedyPolicy(channel=channel)
        return RemedyPolicy.model_validate_json(answer["Item"]["json"]["S"])

    def save(self, policy: RemedyPolicy) -> None:
        key = keys.remedy_policy(policy.channel)
        self._client.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": key.pk},
                "sk": {"S": key.sk},
                "json": {"S": policy.model_dump_json()},
            },
        )
