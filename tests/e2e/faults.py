"""What goes wrong on AWS, made to go wrong on purpose: calls that fail, deliveries that repeat.

The functions are the deployed ones. For a while they reach the embedded AWS through a proxy
(microburst) that answers as AWS does when it is in trouble, and signs anew what it lets pass.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

from local.client import wait_for
from local.embedded import client_environment, free_port
from tests.e2e.world import PATIENCE, World

_PROXY = Path(sys.executable).with_name("microburst")

DEATH = {"code": "AccessDeniedException", "status": 400}
"""An answer that no SDK tries again: whoever gets it, ends."""


class Faults:
    """A proxy in front of the embedded AWS, and the functions that call through it."""

    def __init__(self, world: World, functions: Sequence[str], log: Path) -> None:
        self._world = world
        self._functions = functions
        self._log = log
        self._open = ExitStack()
        self.endpoint = f"http://127.0.0.1:{free_port()}"
        self._http = self._open.enter_context(httpx.Client(trust_env=False, timeout=PATIENCE))

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            upstream, port = self._world.outputs.endpoint, self.endpoint.rpartition(":")[2]
            process = subprocess.Popen(  # noqa: S603
                [_PROXY, "--upstream", upstream, "--port", port, "--resign"],
                env=client_environment(upstream),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._open.callback(process.wait)
        self._open.callback(process.terminate)
        wait_for("the proxy answers", self._healthy, seconds=PATIENCE)
        for name in self._functions:
            settings = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_SDK_UA_APP_ID": name}
            self._open.enter_context(self._world.configured(name, **settings))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def dying(self, call: int, *functions: str) -> Iterator[None]:
        """Each of these functions dies once: at its `call`-th call of AWS from now on."""
        rules = [self._dies_at(call, name) for name in functions]
        with self.failing(*rules):
            if call > 1:
                # It fails one call, lets `call - 1` pass, and fails the next: we are the first.
                for name in functions:
                    headers = {"user-agent": f"app/{name}"}
                    self._http.get(f"{self.endpoint}/begin", headers=headers)
            yield

    @contextmanager
    def failing(self, *rules: dict[str, Any]) -> Iterator[None]:
        """Rules of microburst that hold for a while."""
        self._ask("DELETE", "fired", [])
        self._ask("POST", "rules", rules)
        try:
            yield
        finally:
            self._ask("POST", "rules", [])

    def hangs(self, function: str, service: str, operation: str) -> dict[str, Any]:
        """A rule: the first such call of the function is neither done nor answered."""
        return {
            "service": service,
            "operation": operation,
            "headers": {"user-agent": f"app/{function}"},
            "times": 1,
            "timeout_ms": 60_000,
        }

    def died(self) -> list[str]:
        """What has failed since the last rules, without our own calls: `dynamodb GetItem`."""
        fired = self._ask("GET", "fired", None)
        return [f"{f['service']} {f['operation']}" for f in fired if f["path"] != "/begin"]

    def _dies_at(self, call: int, name: str) -> dict[str, Any]:
        return {
            "service": "*",
            "headers": {"user-agent": f"app/{name}"},
            "sequence": {"fail": 1, "pass": call - 1},
            "times": min(call, 2),
            "error": DEATH,
        }

    def _healthy(self) -> bool:
        try:
            return bool(self._ask("GET", "health", None))
        except httpx.TransportError:
            return False

    def _ask(self, method: str, path: str, body: Iterable[Any] | None) -> Any:
        content = None if body is None else json.dumps(list(body))
        url = f"{self.endpoint}/_microburst/{path}"
        return self._http.request(method, url, content=content).raise_for_status().json()


@contextmanager
def every_event_twice(world: World) -> Iterator[None]:
    """Each rule of the bus has a twin: its queue gets every event two times, at the same time."""
    events, bus = world.aws.client("events"), world.outputs.event_bus_name
    twins = []
    for rule in events.list_rules(EventBusName=bus)["Rules"]:
        targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
        name = f"{rule['Name'][:60]}-twin"
        events.put_rule(Name=name, EventBusName=bus, EventPattern=rule["EventPattern"])
        events.put_targets(Rule=name, EventBusName=bus, Targets=targets)
        twins.append((name, [target["Id"] for target in targets]))
    try:
        yield
    finally:
        for name, ids in twins:
            events.remove_targets(Rule=name, EventBusName=bus, Ids=ids)
            events.delete_rule(Name=name, EventBusName=bus)


@contextmanager
def every_task_twice(world: World) -> Iterator[None]:
    """The workflow runs each of its tasks a second time, with the same input, before the next."""
    client, arn = world.aws.client("stepfunctions"), world.outputs.state_machine_arn
    definition = client.describe_state_machine(stateMachineArn=arn)["definition"]
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps(_twice(definition)))
    try:
        yield
    finally:
        client.update_state_machine(stateMachineArn=arn, definition=definition)


def _twice(definition: str) -> dict[str, Any]:
    machine: dict[str, Any] = json.loads(definition)
    for name, state in list(machine["States"].items()):
        if state["Type"] == "Task":
            again = f"{name}Again"
            machine["States"][again] = dict(state)
            state.pop("End", None)
            state["Next"] = again
    return machine
