"""Every legal move of every record that has a state: the one table, and the one function that reads
it.

Add a state here first; `docs/lifecycle.md` is generated from this table.
"""

from doorstep.domain.errors import IllegalTransition

TRANSITIONS: dict[str, dict[str, frozenset[str]]] = {
    "order": {
        "pending": frozenset({"placed", "canceled"}),
        "placed": frozenset({"closed", "canceled"}),
        "closed": frozenset(),
        "canceled": frozenset(),
    },
    "fulfillment order": {
        "allocated": frozenset({"released", "withdrawn", "canceled", "exception"}),
        "released": frozenset(
            {"accepted", "packed", "rejected", "short", "withdrawn", "canceled", "exception"}
        ),
        "accepted": frozenset(
            {"packed", "rejected", "short", "withdrawn", "canceled", "exception"}
        ),
        "packed": frozenset({"shipped", "ready_for_pickup", "on_hold", "exception"}),
        "on_hold": frozenset({"allocated", "packed", "withdrawn", "canceled"}),
        "exception": frozenset({"allocated", "packed", "withdrawn", "canceled"}),
        "shipped": frozenset({"ready_for_pickup", "delivered"}),
        "ready_for_pickup": frozenset({"delivered", "uncollected"}),
        "delivered": frozenset(),
        "uncollected": frozenset(),
        "rejected": frozenset(),
        "short": frozenset(),
        "withdrawn": frozenset(),
        "canceled": frozenset(),
    },
    "work order": {
        "queued": frozenset({"in_production"}),
        "in_production": frozenset({"quality_check"}),
        "quality_check": frozenset({"done", "in_production"}),
        "done": frozenset({"in_production"}),
    },
    "return": {
        "approved": frozenset({"received", "canceled"}),
        "received": frozenset({"refunded", "closed"}),
        "refunded": frozenset(),
        "closed": frozenset(),
        "canceled": frozenset(),
    },
    "remedy": {
        "offered": frozenset({"chosen", "expired", "withdrawn"}),
        "chosen": frozenset({"carried_out", "withdrawn"}),
        "expired": frozenset({"carried_out", "withdrawn"}),
        "carried_out": frozenset(),
        "withdrawn": frozenset(),
    },
    "work item": {
        "open": frozenset({"closed"}),
        "closed": frozenset(),
    },
}
"""record → state → the states it may move to. An empty set ends the record's life.

A shipment follows the carrier, whose news comes late, twice and out of order: `shipment.py` ranks
its states instead.
"""


def check(record: str, key: str, state: str, to: str) -> None:
    """Raise IllegalTransition unless the table lets `record` move from `state` to `to`."""
    if to not in TRANSITIONS[record][state]:
        raise IllegalTransition(f"{record} {key}", state, to)
