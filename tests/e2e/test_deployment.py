"""The deployed app answers, and lets in whom it knows."""

from http import HTTPStatus

import boto3
import httpx
import pytest

from local.embedded import REGION, EmbeddedAws
from local.outputs import Outputs


def test_the_api_describes_itself(doorstep: Outputs) -> None:
    answer = httpx.get(f"{doorstep.api_url}/openapi.json", timeout=30, trust_env=False)
    assert answer.json()["openapi"].startswith("3.")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nobody-knows-this-key"}])
def test_strangers_are_kept_out(doorstep: Outputs, header: dict[str, str]) -> None:
    url = f"{doorstep.api_url}/orders/O-1"
    answer = httpx.get(url, headers=header, timeout=30, trust_env=False)
    assert answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def test_a_function_may_do_nothing_that_it_was_not_given(
    aws: EmbeddedAws, doorstep: Outputs
) -> None:
    """IAM is enforced: the tests would not notice a missing permission otherwise."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=aws.endpoint,
        region_name=REGION,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="nobody",
    )
    with pytest.raises(client.exceptions.ClientError, match=r"AccessDenied|UnrecognizedClient"):
        client.describe_table(TableName=doorstep.table_name)
