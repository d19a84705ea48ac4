"""The fulfillment workflow: tasks end in time, retry what may pass, and fail into order."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from doorstep.domain import errors
from tests.template.template import Template

ASL = Path(__file__).parents[2] / "infra/workflows/fulfillment.asl.json"
FULFILLMENT: dict[str, Any] = json.loads(ASL.read_text())
STATES: dict[str, dict[str, Any]] = FULFILLMENT["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def test_every_state_can_be_reached_and_every_way_ends() -> None:
    reached, left = set(), {FULFILLMENT["StartAt"]}
    while left:
        name = left.pop()
        reached.add(name)
        state = STATES[name]
        ways = {one["Next"] for one in state.get("Catch", [])} | {state.get("Next")}
        assert ways != {None} or state["Type"] in ("Succeed", "Fail"), name
        left |= {way for way in ways if way} - reached
    assert reached == set(STATES)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_time_limit(name: str) -> None:
    assert TASKS[name]["TimeoutSeconds"] > 0


@pytest.mark.parametrize("name", TASKS)
def test_every_task_retries_transient_errors_only_with_a_limit_and_jitter(name: str) -> None:
    (retry,) = TASKS[name]["Retry"]
    failures = {one.__name__ for one in errors.Failure.__subclasses__()}
    ours = {error for error in retry["ErrorEquals"] if "." not in error}
    assert ours == failures
    assert "States.ALL" not in retry["ErrorEquals"]
    assert retry["MaxAttempts"] <= 5
    assert retry["MaxDelaySeconds"] <= 60
    assert retry["JitterStrategy"] == "FULL"


@pytest.mark.parametrize("name", sorted(set(TASKS) - {"SetAside"}))
def test_whatever_else_goes_wrong_sets_the_fulfillment_order_aside(name: str) -> None:
    last = TASKS[name]["Catch"][-1]
    assert (last["ErrorEquals"], last["Next"]) == (["States.ALL"], "SetAside")


def test_errors_caught_by_name_exist() -> None:
    (declined, _) = TASKS["Capture"]["Catch"]
    assert all(hasattr(errors, name) for name in declined["ErrorEquals"])


def test_the_way_of_one_parcel_is_four_states() -> None:
    """Each state costs money: a state that only moves data, or only ends, is not a state."""
    way = [FULFILLMENT["StartAt"]]
    while "End" not in STATES[way[-1]]:
        way.append(STATES[way[-1]]["Next"])
    assert way == ["Release", "Capture", "BuyLabel", "Dispatch"]


def test_tasks_outlast_their_functions(template: Template) -> None:
    for name, one in template.functions().items():
        for state in TASKS.values():
            if state["Resource"] == f"${{{name.partition('.')[2]}}}":
                assert state["TimeoutSeconds"] > one["Timeout"]


def test_every_placeholder_is_substituted(template: Template) -> None:
    (machine,) = template.of("AWS::StepFunctions::StateMachine").values()
    wanted = set(re.findall(r"\$\{(\w+)\}", ASL.read_text()))
    assert set(machine["DefinitionSubstitutions"]) == wanted


def test_a_failed_workflow_raises_an_alarm(template: Template) -> None:
    for metric in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"):
        assert template.watched(metric) == set(template.of("AWS::StepFunctions::StateMachine"))
