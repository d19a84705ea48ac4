"""The tables as the app makes them, for a DynamoDB without the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doorstep.adapters.dynamo import schema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import GlobalSecondaryIndexTypeDef


def create_table(client: DynamoDBClient, name: str) -> str:
    """Doorstep's table, empty; answers its name."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": schema.PK, "KeyType": "HASH"},
            {"AttributeName": schema.SK, "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"}
            for attribute in (
                schema.PK,
                schema.SK,
                schema.DUE_PK,
                schema.DUE_SK,
                schema.QUEUE_PK,
                schema.QUEUE_SK,
            )
        ],
        GlobalSecondaryIndexes=[
            _index(schema.DUE_INDEX, schema.DUE_PK, schema.DUE_SK),
            _index(schema.QUEUE_INDEX, schema.QUEUE_PK, schema.QUEUE_SK),
        ],
    )
    return name


def create_sandbox_table(client: DynamoDBClient, name: str) -> str:
    """The memory of the sandbox payment provider, empty; answers its name."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": schema.PK, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": schema.PK, "AttributeType": "S"}],
    )
    return name


def _index(name: str, hash_key: str, range_key: str) -> GlobalSecondaryIndexTypeDef:
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": hash_key, "KeyType": "HASH"},
            {"AttributeName": range_key, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
