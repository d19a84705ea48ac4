"""The fulfillment workflow on Step Functions. What wakes it is kept beside its order."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from doorstep.adapters import aws
from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.schema import TTL
from doorstep.domain.errors import ProviderUnavailable
from doorstep.domain.fulfillment import FulfillmentOrder

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOKEN_SECONDS = 366 * 24 * 3600
"""How long a token is kept: as long as an execution can live."""


class StepFunctionsWorkflow:
    """The Workflow port on one state machine and one DynamoDB table."""

    def __init__(self, state_machine_arn: str, table: str, tokens: DynamoDBClient) -> None:
        self._state_machine_arn = state_machine_arn
        self._table = table
        self._tokens = tokens
        self._executions = aws.client("stepfunctions")

    def start(self, one: FulfillmentOrder) -> None:
        with suppress(self._executions.exceptions.ExecutionAlreadyExists):
            self._executions.start_execution(
                stateMachineArn=self._state_machine_arn,
                name=one.execution_name,
                input=_about(one.fulfillment_order_id),
            )

    def park(self, fulfillment_order_id: str, token: str) -> None:
        key = keys.task_token(fulfillment_order_id)
        expires = int(time.time()) + TOKEN_SECONDS
        # The newest token replaces an older one: a task that is tried again waits with a new one.
        self._tokens.put_item(
            TableName=self._table,
            Item={
                "pk": {"S": key.pk},
                "sk": {"S": key.sk},
                "token": {"S": token},
                TTL: {"N": str(expires)},
            },
        )

    def succeed(self, fulfillment_order_id: str) -> None:
        token = self._token(fulfillment_order_id)
        with suppress(*self._over):
            self._executions.send_task_success(taskToken=token, output=_about(fulfillment_order_id))

    def fail(self, fulfillment_order_id: str, error: str) -> None:
        token = self._token(fulfillment_order_id)
        with suppress(*self._over):
            self._executions.send_task_failure(taskToken=token, error=error)

    @property
    def _over(self) -> tuple[type[ClientError], ...]:
        """What Step Functions says of a task that waits no more."""
        known = self._executions.exceptions
        return known.TaskDoesNotExist, known.TaskTimedOut, known.InvalidToken

    def _token(self, fulfillment_order_id: str) -> str:
        key = keys.task_token(fulfillment_order_id)
        row = self._tokens.get_item(
            TableName=self._table,
            Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
            ConsistentRead=True,
        ).get("Item")
        if row is None:
            # The answer came before the token was stored. Whoever brought it brings it again.
            raise ProviderUnavailable(f"no task waits for {fulfillment_order_id} yet")
        return row["token"]["S"]


def _about(fulfillment_order_id: str) -> str:
    return json.dumps({"fulfillment_order_id": fulfillment_order_id})
