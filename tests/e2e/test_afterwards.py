"""After everything else: what all the other tests left behind adds up, and no log names anybody."""

import re

import pytest

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.days import counters
from doorstep.adapters.dynamo.schema import TIMELINE_PREFIX
from doorstep.domain.events import TimelineItem
from local.conservation import orders, violations
from tests.e2e.world import ADDRESS, PERSON, World
from tests.invariants import (
    broken_counts,
    broken_days,
    broken_money,
    broken_shares,
    broken_timeline,
)

SOMEBODY = (
    *PERSON["name"].split(),
    PERSON["email"],
    ADDRESS["line1"],
    ADDRESS["phone"],
    "Lindenallee",
    "@example.org",
)


@pytest.fixture(scope="module")
def settled(world: World) -> World:
    """Nothing is on its way any more; what failed once comes again after a minute or three."""
    for queue in ("allocate", "resume", "carrier", "refund", "notify", "storefront"):
        world.drained(queue, seconds=190)
    return world


def test_stock_and_money_are_conserved(settled: World) -> None:
    """Invariants 1, 2 and 4, over the tables and what the payment provider remembers."""
    aws, outputs = settled.aws, settled.outputs
    assert not violations(aws.rows(outputs.table_name), aws.rows(outputs.sandbox_table_name))


def test_every_order_is_what_its_history_says(settled: World) -> None:
    """Invariants 3, 4 and 6, order by order."""
    rows = list(settled.aws.rows(settled.outputs.table_name))
    timelines: dict[str, list[TimelineItem]] = {}
    for row in sorted(rows, key=lambda row: row["sk"]["S"]):
        if row["sk"]["S"].startswith(TIMELINE_PREFIX) and row["pk"]["S"].startswith("ORDER#"):
            item = TimelineItem.model_validate_json(row["json"]["S"])
            timelines.setdefault(item.order_id, []).append(item)
    broken = [
        fault
        for order in orders(rows)
        for check in (broken_counts(order), broken_shares(order), broken_money(order))
        for fault in check
    ]
    broken += [
        fault
        for order in orders(rows)
        for fault in broken_timeline(order, timelines[order.order_id])
    ]
    taken = [counters(row) for row in rows if row["pk"]["S"] == keys.days()]
    broken += broken_days(orders(rows), {key: n for day in taken for key, n in day.items()})
    assert not broken


def test_no_dead_letter_is_left(settled: World) -> None:
    dead = {name: settled.waiting(f"{name}-dead") for name in ("allocate", "resume", "refund")}
    assert dead == {"allocate": 0, "resume": 0, "refund": 0}


def test_no_log_names_a_customer_or_holds_a_secret(settled: World) -> None:
    client = settled.aws.client("logs")
    secrets = (*settled.access.keys.values(), *settled.access.webhooks.values())
    wanted = re.compile("|".join(map(re.escape, (*SOMEBODY, *secrets, "tok_approve", "eyJraWQ"))))
    groups = client.get_paginator("describe_log_groups").paginate()
    names = [group["logGroupName"] for page in groups for group in page["logGroups"]]
    assert any("checkout-api" in name for name in names)
    told = [
        f"{name}: {line['message'][:300]}"
        for name in names
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=name)
        for line in page["events"]
        if wanted.search(line["message"])
    ]
    assert not told
