"""Executions are started once by their name, and woken by a token that is kept until they wake."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from doorstep.adapters.dynamo import keys
from doorstep.adapters.workflow import TOKEN_SECONDS, StepFunctionsWorkflow
from doorstep.domain.errors import ProviderUnavailable
from doorstep.domain.fulfillment import FulfillmentLine, FulfillmentOrder
from doorstep.ports import Workflow
from tests.contract.fakes import FakeWorkflow

ONE = FulfillmentOrder(
    fulfillment_order_id="O-1-F1",
    location_id="leipzig",
    lines=(FulfillmentLine(line_id="L1", sku="MUG", name="Mug", quantity=1, tracked=True),),
    allocated_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
)

#: What Step Functions says of a task that somebody woke already, or that nobody waits for any more.
OVER = ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"]


@pytest.fixture
def state_machine(client: Callable[[str], Any]) -> str:
    """The ARN of a state machine, which is there and idle."""
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    made = client("stepfunctions").create_state_machine(
        name="fulfillment",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/fulfillment",
    )
    return str(made["stateMachineArn"])


@pytest.fixture
def stepfunctions(
    client: Callable[[str], Any], table: str, state_machine: str
) -> StepFunctionsWorkflow:
    return StepFunctionsWorkflow(state_machine, table, client("dynamodb"))


@pytest.fixture(params=["stepfunctions", "fake"])
def workflow(request: pytest.FixtureRequest, stepfunctions: StepFunctionsWorkflow) -> Workflow:
    return stepfunctions if request.param == "stepfunctions" else FakeWorkflow()


def test_an_execution_may_be_started_again(workflow: Workflow) -> None:
    workflow.start(ONE)
    workflow.start(ONE)
    workflow.start(ONE.model_copy(update={"attempt": 2}))


def test_an_answer_before_the_token_is_stored_comes_again_later(workflow: Workflow) -> None:
    with pytest.raises(ProviderUnavailable, match="O-1-F1"):
        workflow.succeed("O-1-F1")
    with pytest.raises(ProviderUnavailable):
        workflow.fail("O-1-F1", "Rejected")
    workflow.park("O-1-F1", "token")
    workflow.succeed("O-1-F1")


def test_an_answer_may_come_twice(workflow: Workflow) -> None:
    workflow.park("O-1-F1", "token")
    workflow.succeed("O-1-F1")
    workflow.succeed("O-1-F1")


def test_tokens_of_two_fulfillment_orders_are_kept_apart(workflow: Workflow) -> None:
    workflow.park("O-1-F1", "token")
    with pytest.raises(ProviderUnavailable):
        workflow.succeed("O-1-F2")


# --- Step Functions itself ----------------------------------------------------------------------


def test_one_execution_per_attempt_named_after_it(
    client: Callable[[str], Any], stepfunctions: StepFunctionsWorkflow, state_machine: str
) -> None:
    for attempt in (1, 1, 2, 2):
        stepfunctions.start(ONE.model_copy(update={"attempt": attempt}))
    executions = client("stepfunctions").list_executions(stateMachineArn=state_machine)
    arns = {execution["name"]: execution["executionArn"] for execution in executions["executions"]}
    assert set(arns) == {"O-1-F1", "O-1-F1-try2"}
    for arn in arns.values():
        started = client("stepfunctions").describe_execution(executionArn=arn)
        assert json.loads(started["input"]) == {"fulfillment_order_id": "O-1-F1"}


def test_a_closed_execution_is_not_started_again(stepfunctions: StepFunctionsWorkflow) -> None:
    with Stubber(stepfunctions._executions) as stub:
        stub.add_client_error("start_execution", "ExecutionAlreadyExists")
        stepfunctions.start(ONE)


def test_the_newest_token_wakes_the_task(stepfunctions: StepFunctionsWorkflow) -> None:
    stepfunctions.park("O-1-F1", "first try")
    stepfunctions.park("O-1-F1", "second try")
    with Stubber(stepfunctions._executions) as stub:
        expected = {
            "taskToken": "second try",
            "output": json.dumps({"fulfillment_order_id": "O-1-F1"}),
        }
        stub.add_response("send_task_success", {}, expected)
        stepfunctions.succeed("O-1-F1")
        stub.add_response("send_task_failure", {}, {"taskToken": "second try", "error": "Short"})
        stepfunctions.fail("O-1-F1", "Short")


@pytest.mark.parametrize("code", OVER)
def test_a_task_that_waits_no_more_is_done_already(
    stepfunctions: StepFunctionsWorkflow, code: str
) -> None:
    stepfunctions.park("O-1-F1", "token")
    with Stubber(stepfunctions._executions) as stub:
        stub.add_client_error("send_task_success", code)
        stepfunctions.succeed("O-1-F1")
        stub.add_client_error("send_task_failure", code)
        stepfunctions.fail("O-1-F1", "Rejected")


def test_a_token_outlives_its_execution_and_is_deleted_then(
    client: Callable[[str], Any], stepfunctions: StepFunctionsWorkflow, table: str
) -> None:
    stepfunctions.park("O-1-F1", "token")
    key = keys.task_token("O-1-F1")
    row = client("dynamodb").get_item(
        TableName=table, Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}}
    )["Item"]
    left = int(row["expires_ttl"]["N"]) - time.time()
    assert left == pytest.approx(TOKEN_SECONDS, abs=60)
