"""What AWS would bill, from the meter on the embedded AWS: per order, by kind."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from local.aws import Aws

PRICES = json.loads(Path(__file__).with_name("prices.json").read_text())

_BYTES_PER_STEP_LOGGED = 450
"""Of one event of a workflow in its log, without data."""
_BYTES_PER_ACCESS_LOGGED = 350
_SQS_REQUESTS = 3
"""Of one message: sent, received, deleted. Fuller batches need fewer."""
_GB = 10**9


@dataclass
class Usage:
    """Counts of everything that has a price; fractions, once it is per order."""

    billed: dict[str, float]
    """By the names of `prices.json`."""
    requests: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """AWS calls by service."""
    operations: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """AWS calls by `function service operation`."""
    milliseconds: float = 0
    """Of all functions, as billed."""

    def per(self, count: int) -> Usage:
        def share(counts: Mapping[str, float]) -> defaultdict[str, float]:
            return defaultdict(float, {name: n / count for name, n in counts.items()})

        return Usage(
            billed=share(self.billed),
            requests=share(self.requests),
            operations=share(self.operations),
            milliseconds=self.milliseconds / count,
        )

    def list_price(self) -> dict[str, Decimal]:
        """US dollars per thousand, by kind."""
        return {
            name: Decimal(amount) * Decimal(PRICES["usd_per_million"][name]) / 1000
            for name, amount in self.billed.items()
        }

    def calls(self, function: str, *operations: str) -> float:
        """How often a function calls one of these operations of DynamoDB."""
        return sum(self.operations[f"{function} dynamodb {name}"] for name in operations)


@dataclass(frozen=True)
class Meter:
    """The file that `local/emulator/meter.py` writes."""

    file: Path
    aws: Aws
    state_machine_arn: str
    by_the_clock: tuple[str, ...]
    """Functions that run however many orders there are: not counted per order."""

    def mark(self) -> tuple[int, datetime]:
        """Where the meter is now."""
        return self.file.stat().st_size, datetime.now().astimezone()

    def since(self, mark: tuple[int, datetime]) -> Usage:
        """What Doorstep's own functions and workflows have used since."""
        with self.file.open("rb") as log:
            log.seek(mark[0])
            lines = [json.loads(line) for line in log]
        usage = _metered(line for line in lines if self._is_per_order(line))
        transitions, logged = self._workflows(mark[1])
        usage.billed["transition"] = transitions
        usage.billed["log_gb"] += logged * _BYTES_PER_STEP_LOGGED / _GB
        return usage

    def _is_per_order(self, line: Mapping[str, Any]) -> bool:
        who = line.get("caller", line.get("function", ""))
        return bool(who) and who not in self.by_the_clock

    def _workflows(self, since: datetime) -> tuple[int, int]:
        """Transitions (the start, and each state entered, retries included) and logged events."""
        client = self.aws.client("stepfunctions")
        transitions = events = 0
        pages = client.get_paginator("list_executions").paginate(
            stateMachineArn=self.state_machine_arn
        )
        for execution in (found for page in pages for found in page["executions"]):
            if execution["startDate"] < since:
                continue
            arn = execution["executionArn"]
            history = client.get_paginator("get_execution_history").paginate(executionArn=arn)
            types = [event["type"] for page in history for event in page["events"]]
            events += len(types)
            entered = sum(name.endswith("StateEntered") for name in types)
            tried = sum(name in ("TaskScheduled", "LambdaFunctionScheduled") for name in types)
            tasks = sum(name == "TaskStateEntered" for name in types)
            transitions += 1 + entered + max(0, tried - tasks)
        return transitions, events


def stored_bytes(rows: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """(bytes, orders) of what an order leaves behind in the table, its timeline included."""
    size = orders = 0
    for row in rows:
        if not row["pk"]["S"].startswith(("ORDER#", "TRACKED#", "LEDGER#")):
            continue
        size += 100 + sum(len(name) + len(str(*value.values())) for name, value in row.items())
        orders += row["sk"]["S"] == "ORDER"
    return size, orders


def _metered(lines: Iterable[Mapping[str, Any]]) -> Usage:
    billed: dict[str, float] = dict.fromkeys(PRICES["usd_per_million"], 0.0)
    usage = Usage(billed)
    for line in lines:
        match line["kind"]:
            case "request":
                who = line["caller"].removeprefix("doorstep-embedded-")
                usage.requests[line["service"]] += 1
                usage.operations[f"{who} {line['service']} {line['operation']}"] += 1
                if name := _priced(line["service"], line["operation"]):
                    billed[name] += line["entries"]
            case "capacity":
                billed["write_unit"] += line.get("write_units", 0)
                billed["read_unit"] += line.get("read_units", 0)
            case "invocation":
                usage.milliseconds += line["ms"]
                billed["invocation"] += 1
                billed["gb_second"] += line["ms"] / 1000 * line["memory"] / 1024
                billed["sqs_request"] += line["messages"] * _SQS_REQUESTS
                billed["api_request"] += line["http"]
                accessed = _BYTES_PER_ACCESS_LOGGED if line["http"] else 0
                billed["log_gb"] += (line["log_bytes"] + accessed) / _GB
    return usage


def _priced(service: str, operation: str) -> str:
    """The price that a call has by itself; those of the others are counted where they arrive."""
    return {
        ("events", "PutEvents"): "event",
        ("s3", "PUT"): "s3_put",
        ("s3", "GET"): "s3_get",
        ("ses", "POST"): "mail",
    }.get((service, operation), "")
