"""The budget: what an order may use at the most. Counts only, so that it holds on any machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from bench.usage import Usage

BUDGET: Mapping[str, Mapping[str, float]] = json.loads(
    Path(__file__).with_name("budget.json").read_text()
)

_CHECKOUT = "checkout-api"


def counts(usage: Usage) -> dict[str, float]:
    """The counts of one order that the budget names, to be compared and to be shown."""
    billed = usage.billed
    return {
        "transactions of the checkout": usage.calls(_CHECKOUT, "TransactWriteItems"),
        "reads of the checkout": usage.calls(_CHECKOUT, "GetItem", "BatchGetItem", "Query"),
        "AWS calls": sum(usage.requests.values()),
        "DynamoDB write units": billed["write_unit"],
        "DynamoDB read units": billed["read_unit"],
        "workflow transitions": billed["transition"],
        "Lambda invocations": billed["invocation"],
        "events": billed["event"],
        "list price in USD per 1,000": float(sum(usage.list_price().values())),
    }


def overdrawn(scenario: str, usage: Usage) -> list[str]:
    """What is above the budget, in words."""
    used = counts(usage)
    return [
        f"{scenario}: {used[name]:.2f} {name}, the budget is {limit}"
        for name, limit in BUDGET[scenario].items()
        if used[name] > limit
    ]
