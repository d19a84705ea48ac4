"""Nothing appears, nothing is lost: the invariants of stock and money, checked on the tables.

Reads every row, so it is for laptops and tests.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from doorstep.adapters.dynamo.orders import assemble
from doorstep.adapters.dynamo.schema import TIMELINE_PREFIX
from doorstep.domain.money import Money, total
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.payment import STOREFRONT, Payment, PaymentOutcome
from doorstep.domain.stock import EFFECTS, MovementKind

Row = Mapping[str, Any]
"""An item in DynamoDB's wire format."""


def orders(rows: Iterable[Row]) -> Iterator[Order]:
    """Every order of the table."""
    of_order: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["pk"]["S"].startswith("ORDER#") and row["sk"]["S"] < TIMELINE_PREFIX:
            of_order[row["pk"]["S"]].append(row)
    for found in of_order.values():
        yield assemble(sorted(found, key=lambda row: str(row["sk"]["S"])))


def violations(rows: Iterable[Row], provider: Iterable[Row]) -> list[str]:
    """What does not add up, in words; empty where all is well.

    `rows` are Doorstep's own, `provider` those of the sandbox payment provider's memory.
    """
    rows = list(rows)
    accounts = {row["pk"]["S"]: row for row in provider}
    found = [*_stock(rows), *_gaps(rows)]
    for order in orders(rows):
        found += (f"{order.order_id}: {fault}" for fault in (*_lines(order), *_money(order)))
        for payment in order.payments:
            if payment.provider != STOREFRONT and order.placed_at:
                found += (f"{payment.payment_id}: {fault}" for fault in _account(payment, accounts))
    return found


def _stock(rows: Iterable[Row]) -> Iterator[str]:
    """Invariants 1, 2: nothing below zero, network and places agree, the ledger explains both."""
    network: dict[str, Counter[str]] = defaultdict(Counter)
    places: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    booked_network: dict[str, Counter[str]] = defaultdict(Counter)
    booked_places: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        kind, _, name = row["pk"]["S"].partition("#")
        if kind == "STOCK":
            counters = {key: int(value["N"]) for key, value in row.items() if "N" in value}
            yield from (f"{name}: {key} is {n}" for key, n in counters.items() if n < 0)
            level, _, place = row["sk"]["S"].partition("#")
            (network[name] if level == "NETWORK" else places[name, place]).update(counters)
        elif kind == "LEDGER":
            sku, quantity = row["sku"]["S"], int(row["quantity"]["N"])
            everywhere, here = EFFECTS[MovementKind(row["kind"]["S"])]
            booked_network[sku].update({key: n * quantity for key, n in everywhere.items()})
            if "location_id" in row:
                place = row["location_id"]["S"]
                booked_places[sku, place].update({key: n * quantity for key, n in here.items()})
    sellable: Counter[str] = Counter()
    for (sku, _), level in places.items():
        off = level["allocated"] + level["safety"] + level["unsellable"]
        sellable[sku] += level["on_hand"] - off
    for sku, level in network.items():
        if level["available"] + level["held"] != sellable[sku] + level["room"]:
            yield f"{sku}: network {dict(level)}, but {sellable[sku]} in all places"
        if _differs(level, booked_network[sku]):
            yield f"{sku}: network {dict(level)}, ledger {dict(booked_network[sku])}"
    for key, level in places.items():
        if _differs(level, booked_places[key]):
            yield f"{' at '.join(key)}: {dict(level)}, ledger {dict(booked_places[key])}"


def _lines(order: Order) -> Iterator[str]:
    """Invariant 3: each counter within the one before it."""
    for x in order.lines:
        forth = (0, x.delivered, x.shipped, x.allocated, x.ordered - x.canceled)
        back = (0, x.returned, x.return_requested, x.delivered)
        if list(forth) != sorted(forth) or list(back) != sorted(back):
            yield f"line {x.line_id}: counters {forth} and {back}"


def _money(order: Order) -> Iterator[str]:
    """Invariant 4: no tender gives more than it has; the shares of the parcels are the whole."""
    for payment in order.payments:
        if payment.captured + payment.claimed > payment.authorized:
            yield f"{payment.captured} + {payment.claimed} of {payment.authorized} authorized"
        if payment.refunded > payment.captured:
            yield f"{payment.refunded} refunded of {payment.captured}"
    packed = total((parcel.amount for parcel in order.parcels), order.currency)
    if order.status is OrderStatus.CLOSED:
        canceled = any(line.canceled for line in order.lines)
        if not canceled and packed != order.totals.total:
            yield f"{packed} in parcels, {order.totals.total} sold"
        if order.captured != (order.totals.total if _prepaid(order) else packed):
            yield f"{order.captured} captured, {packed} in parcels"


def _account(payment: Payment, accounts: Mapping[str, Row]) -> Iterator[str]:
    """What the provider remembers of a payment's authorizations, against what we do."""
    granted = [e for e in payment.authorizations if e.outcome is PaymentOutcome.SUCCEEDED]
    known = [accounts[event.reference] for event in granted if event.reference in accounts]
    if len(known) < len(granted) and payment.amount:
        yield f"the provider does not know all of {[event.reference for event in granted]}"
        return
    moved: Counter[str] = Counter()
    for row in known:
        numbers = {key: int(value["N"]) for key, value in row.items() if "N" in value}
        moved.update({key: numbers[key] for key in ("amount", "voided")})
        here: Counter[str] = Counter()
        for done in row["done"]["M"].values():
            here[done["M"]["action"]["S"]] += int(done["M"]["amount"]["N"])
        moved.update(here)
        left = sum(numbers[key] for key in ("capturable", "voided", "released")) + here["capture"]
        if left != numbers["amount"]:
            yield f"the provider has {left} of {numbers['amount']}"
    currency = payment.amount.currency
    for name, ours, theirs in (
        ("authorized", payment.authorized + payment.voided + payment.expired, moved["amount"]),
        ("captured", payment.captured, moved["capture"]),
        ("refunded", payment.refunded, moved["refund"]),
        ("voided", payment.voided, moved["voided"]),
    ):
        if ours.minor != theirs:
            yield f"{ours} {name}; the provider says {Money(minor=theirs, currency=currency)}"


def _gaps(rows: Iterable[Row]) -> Iterator[str]:
    """Invariant 6: the events of an order, or of a SKU, are numbered without gaps."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row["sk"]["S"].startswith(TIMELINE_PREFIX):
            number = int(row["sk"]["S"].removeprefix(TIMELINE_PREFIX))
            numbers[row["pk"]["S"]].append(number)
    for subject, found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield f"{subject}: its events are numbered {sorted(found)}"


def _prepaid(order: Order) -> bool:
    return any(payment.provider == STOREFRONT for payment in order.payments)


def _differs(level: Counter[str], booked: Counter[str]) -> bool:
    return any(level[name] != booked[name] for name in {*level, *booked})
