"""What must not be lost is kept, encrypted, and has the shape that the repositories expect."""

from doorstep.adapters.dynamo import schema
from tests.template.template import Template


def test_the_tables_on_aws_are_backed_up_encrypted_and_protected(prod: Template) -> None:
    for name, table in prod.of("AWS::DynamoDB::Table").items():
        recovery = table["PointInTimeRecoverySpecification"]
        assert recovery["PointInTimeRecoveryEnabled"] is True
        assert table["SSESpecification"]["SSEEnabled"] is True
        assert table["DeletionProtectionEnabled"] is True
        assert prod.resources[name]["DeletionPolicy"] == "Retain"


def test_what_holds_data_on_aws_outlives_its_stack(prod: Template) -> None:
    for kind in ("S3::Bucket", "SecretsManager::Secret", "Cognito::UserPool"):
        for name in prod.of(f"AWS::{kind}"):
            assert prod.resources[name]["DeletionPolicy"] == "Retain", name


def test_the_table_has_the_shape_of_its_schema(template: Template) -> None:
    table = next(
        one
        for one in template.of("AWS::DynamoDB::Table").values()
        if "GlobalSecondaryIndexes" in one
    )
    assert keys(table["KeySchema"]) == [schema.PK, schema.SK]
    assert {
        one["IndexName"]: keys(one["KeySchema"]) for one in table["GlobalSecondaryIndexes"]
    } == {
        schema.DUE_INDEX: [schema.DUE_PK, schema.DUE_SK],
        schema.QUEUE_INDEX: [schema.QUEUE_PK, schema.QUEUE_SK],
    }
    assert table["TimeToLiveSpecification"]["AttributeName"] == schema.TTL
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_buckets_are_private_and_encrypted(template: Template) -> None:
    for bucket in template.of("AWS::S3::Bucket").values():
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert "BucketEncryption" in bucket


def keys(key_schema: list[dict[str, str]]) -> list[str]:
    return [one["AttributeName"] for one in key_schema]
