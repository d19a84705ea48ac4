"""The deployed app answers, and lets in whom it knows."""

import json
import urllib.error
import urllib.request
from http import HTTPStatus

import boto3
import pytest

from local.embedded import REGION, EmbeddedAws
from local.outputs import Outputs


def test_the_api_describes_itself(doorstep: Outputs) -> None:
    with urllib.request.urlopen(f"{doorstep.api_url}/openapi.json", timeout=30) as answer:
        assert json.load(answer)["openapi"].startswith("3.")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nobody-knows-this-key"}])
def test_strangers_are_kept_out(doorstep: Outputs, header: dict[str, str]) -> None:
    request = urllib.request.Request(f"{doorstep.api_url}/orders/O-1", headers=header)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    with refused.value as answer:
        assert answer.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


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
