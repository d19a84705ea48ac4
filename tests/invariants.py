"""The invariants of the domain as pure functions: records go in, what is broken comes out in words.

No test framework, no ports: unit tests, end-to-end tests and the replay of real orders check the
same rules on whatever they read. An empty answer means that the rule holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from doorstep.domain import refunding
from doorstep.domain.capacity import UNITS, Taken
from doorstep.domain.events import FulfillmentAllocated, OrderRouted, StockItem, TimelineItem
from doorstep.domain.fulfillment import (
    ENDED,
    UNDONE,
    FulfillmentMethod,
    FulfillmentOrder,
    FulfillmentStatus,
)
from doorstep.domain.money import Money, total
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.payment import STOREFRONT, Payment, PaymentAction, PaymentEvent, PaymentOutcome
from doorstep.domain.stock import EFFECTS, StockLevels
from doorstep.domain.transitions import TRANSITIONS

_COUNTERS = (
    "on_hand",
    "available",
    "allocated",
    "safety",
    "unsellable",
    "damaged",
    "quality_control",
    "missing",
    "suspended",
    "in_transit",
)
"""Of a location's level."""


class Moved(NamedTuple):
    """A row of the ledger: units of a SKU, moved once. An empty `location_id`: the network."""

    sku: str
    location_id: str
    kind: str
    quantity: int


def broken_levels(levels: StockLevels) -> Iterator[str]:
    """Invariant 1: nothing below zero, and the network can sell exactly what locations have."""
    for network in levels.network:
        for name in ("available", "held", "room", "owed"):
            if getattr(network, name) < 0:
                yield f"{levels.sku}: network {name} is {getattr(network, name)}"
    for level in levels.locations:
        where = f"{levels.sku} in {level.location_id}"
        for name in _COUNTERS:
            if getattr(level, name) < 0:
                yield f"{where}: {name} is {getattr(level, name)}"
        parts = level.available + level.allocated + level.safety + level.unsellable
        if level.on_hand != parts:
            yield f"{where}: {level.on_hand} on hand, but its parts add up to {parts}"
        apart = (level.damaged, level.quality_control, level.missing, level.suspended)
        if level.unsellable != sum(apart):
            yield f"{where}: {level.unsellable} unsellable, but its parts add up to something else"
    sellable = sum(level.available for level in levels.locations)
    if levels.available + levels.held != sellable + levels.room:
        yield (
            f"{levels.sku}: {levels.available} available and {levels.held} held in the network,"
            f" but {sellable} sellable in its locations and room for {levels.room} beyond"
        )


def broken_ledger(levels: StockLevels, ledger: Iterable[Moved]) -> Iterator[str]:
    """Invariant 2: the movements add up to the levels, per SKU and place."""
    network: Counter[str] = Counter()
    places: dict[str, Counter[str]] = defaultdict(Counter)
    for moved in ledger:
        if moved.sku != levels.sku:
            continue
        on_network, on_place = EFFECTS[moved.kind]  # type: ignore[index]
        for name, sign in on_network.items():
            network[name] += sign * moved.quantity
        for name, sign in on_place.items() if moved.location_id else ():
            places[moved.location_id][name] += sign * moved.quantity
    for name in ("available", "held", "room", "owed"):
        if network[name] != getattr(levels, name):
            yield f"{levels.sku}: ledger says {network[name]} {name}, not {getattr(levels, name)}"
    known = {level.location_id: level for level in levels.locations}
    for place in known.keys() | places.keys():
        for name in _COUNTERS:
            says, has = places[place][name], getattr(known.get(place), name, 0)
            if says != has:
                yield f"{levels.sku} in {place}: ledger says {says} {name}, not {has}"


def broken_reservations(levels: StockLevels, orders: Iterable[Order]) -> Iterator[str]:
    """Invariants 1 and 5: every unit that is held or allocated belongs to exactly one line."""
    held: Counter[str] = Counter()
    owed: Counter[str] = Counter()
    allocated: Counter[tuple[str, str]] = Counter()
    for order in orders:
        for line in order.lines:
            if line.tracked and line.sku == levels.sku:
                held[levels.sku] += line.unallocated
                owed[levels.sku] += line.owed
        for one in order.fulfillment_orders:
            if one.status in ENDED or one.has_left:
                continue
            for part in one.lines:
                if part.tracked and part.sku == levels.sku:
                    allocated[levels.sku, one.location_id] += part.quantity
    if held[levels.sku] != levels.held:
        yield f"{levels.sku}: {levels.held} held, but lines wait for {held[levels.sku]}"
    if owed[levels.sku] != levels.owed:
        yield f"{levels.sku}: {levels.owed} owed, but lines wait for {owed[levels.sku]}"
    for level in levels.locations:
        wanted = allocated[levels.sku, level.location_id]
        if level.allocated != wanted:
            where = f"{levels.sku} in {level.location_id}"
            yield f"{where}: {level.allocated} allocated, but fulfillment orders have {wanted}"


def broken_days(orders: Iterable[Order], taken: Taken) -> Iterator[str]:
    """What is taken of a location's day is what fulfillment orders hold of it, within its limit."""
    held: Counter[tuple[str, date, str]] = Counter()
    limits: dict[tuple[str, date, str], int] = {}
    for one in (one for order in orders for one in order.fulfillment_orders):
        if one.bookings and one.status in UNDONE:
            yield f"{one.fulfillment_order_id}: {one.status}, but it still holds a share of a day"
        units = sum(booking.quantity for booking in one.bookings if booking.what == UNITS)
        if units not in (0, one.quantity):
            yield f"{one.fulfillment_order_id}: {units} units booked, it has {one.quantity}"
        for booking in one.bookings:
            held[booking.key] += booking.quantity
            limits[booking.key] = max(booking.limit, limits.get(booking.key, 0))
    for key in held.keys() | taken.keys():
        if held[key] != taken.get(key, 0):
            yield f"{key}: {taken.get(key, 0)} taken, but fulfillment orders hold {held[key]}"
        if held[key] > limits.get(key, 0):
            yield f"{key}: {held[key]} taken of {limits.get(key, 0)}"


def broken_counts(order: Order) -> Iterator[str]:
    """Invariant 3: the counters of every line, and the children that they count."""
    shipped, delivered, at_locations = _units(order)
    for line in order.lines:
        where = f"{order.order_id} line {line.line_id}"
        chain = (0, line.delivered, line.shipped, line.allocated, line.ordered - line.canceled)
        if sorted(chain) != list(chain):
            yield f"{where}: 0 ≤ delivered ≤ shipped ≤ allocated ≤ open is not so: {chain}"
        back = (0, line.returned, line.return_requested, line.delivered)
        if sorted(back) != list(back):
            yield f"{where}: 0 ≤ returned ≤ return requested ≤ delivered is not so: {back}"
        if line.backordered < 0 or line.unallocated < 0:
            yield f"{where}: {line.backordered} backordered, {line.unallocated} unallocated"
        if not 0 <= line.owed <= line.unallocated:
            yield f"{where}: {line.owed} owed of {line.unallocated} that are held"
        if order.fulfillment_orders and line.kind != "digital":
            counted = (at_locations[line.line_id], shipped[line.line_id], delivered[line.line_id])
            if counted != (line.allocated, line.shipped, line.delivered):
                yield f"{where}: children have {counted} (allocated, shipped, delivered)"


def broken_shares(order: Order) -> Iterator[str]:
    """Invariant 4: what parcels and canceled units carry adds up to the order, to the last unit."""
    zero = Money.zero(order.currency)
    for line in order.lines:
        where = f"{order.order_id} line {line.line_id}"
        if not 0 <= line.settled_units <= line.ordered:
            yield f"{where}: {line.settled_units} of {line.ordered} units are settled"
        if line.settled_units == line.ordered and line.settled != line.total:
            yield f"{where}: settled with {line.settled}, sold for {line.total}"
        parts = [p for s in order.parcels for p in s.lines if p.line_id == line.line_id]
        packed = total((part.amount for part in parts), order.currency)
        if line.kind != "digital" and not line.canceled and packed != line.settled:
            yield f"{where}: parcels carry {packed}, {line.settled} is settled"
        if line.refunded > packed and line.total >= zero:
            yield f"{where}: {line.refunded} is refunded of {packed}"
    for parcel in order.shipments:
        carried = total((part.amount for part in parcel.lines), order.currency)
        if parcel.amount != carried + parcel.order_amount:
            yield f"{parcel.shipment_id}: {parcel.amount} is not its lines and its order amount"
    once = total((parcel.order_amount for parcel in order.parcels), order.currency)
    unpacked = len(order.shipments) > len(order.parcels)
    if order.parcels and not unpacked and once != order.totals.shipping + order.totals.fees:
        yield f"{order.order_id}: parcels carry {once} of what is charged once"
    complete = all(line.settled_units == line.ordered for line in order.lines)
    whole = not any(line.canceled or line.kind == "digital" for line in order.lines)
    carried = total((parcel.amount for parcel in order.parcels), order.currency)
    if complete and whole and carried != order.totals.total:
        yield f"{order.order_id}: parcels carry {carried} of {order.totals.total}"


def broken_money(order: Order) -> Iterator[str]:
    """Invariant 4: nothing captured or claimed that is not authorized, nor refunded uncaptured."""
    for payment in order.payments:
        asked = payment.captured + payment.claimed
        if asked > payment.authorized:
            yield f"{payment.payment_id}: {asked} captured or claimed of {payment.authorized}"
        if payment.refunded > payment.captured:
            yield f"{payment.payment_id}: {payment.refunded} refunded of {payment.captured}"
        yield from _twice(payment)
    for refund in order.refunds:
        given = refunding.given_for(order, refund.refund_id)
        if given > refund.amount or (refund.settled_at and given != refund.given):
            yield f"{refund.refund_id}: {given} given of {refund.amount}, {refund.given} noted"
    for parcel in order.shipments:
        claimed = [
            (payment.payment_id, event)
            for payment in order.payments
            for event in payment.events
            if event.action is PaymentAction.CAPTURE
            and event.outcome is not PaymentOutcome.FAILED
            and event.key not in {undone.undoes for undone in payment.undoing}
            and event.key.startswith(f"{parcel.shipment_id}-capture")
        ]
        taken = [event for _, event in claimed]
        asked = total((event.amount for event in taken), order.currency)
        one = order.fulfillment_order(parcel.fulfillment_order_id)
        left = one.has_left and parcel in order.parcels and not _prepaid(order)
        if asked > parcel.amount or (left and asked != parcel.amount):
            yield f"{parcel.shipment_id}: {asked} of {parcel.amount} captured as {_keys(taken)}"
        tenders = Counter(payment_id for payment_id, _ in claimed)
        if any(times > 1 for times in tenders.values()):
            yield f"{parcel.shipment_id}: claimed twice of one tender as {_keys(taken)}"


def broken_stock_events(items: Iterable[StockItem]) -> Iterator[str]:
    """Invariant 6: the events of a SKU are numbered without gaps, and each change of state begins
    where the one before it ended.
    """
    numbers: Counter[str] = Counter()
    states: dict[tuple[str, str], str] = {}
    for item in items:
        numbers[item.sku] += 1
        if item.sequence != numbers[item.sku]:
            yield f"{item.sku}: event {item.sequence} follows {numbers[item.sku] - 1}"
        if "state" not in item.data:
            continue
        place = (item.sku, str(item.data["location_id"] or ""))
        before, after = str(item.data["before"]), str(item.data["state"])
        if before == after or before != states.get(place, "out_of_stock"):
            yield f"{place}: {before} → {after} after {states.get(place)}"
        states[place] = after


def broken_remedies(order: Order) -> Iterator[str]:
    """One way out at a time; what is sent instead costs no more than what it stands for."""
    unfinished = [one.remedy_id for one in order.remedies if one.open or one.decided]
    if len(unfinished) > 1:
        yield f"{order.order_id}: {unfinished} at once"
    for one in order.remedies:
        if one.open and order.status is OrderStatus.PLACED and one.units.keys() - order.unplaced:
            yield f"{one.remedy_id}: offered for {one.units}, but {order.unplaced} are missing"
        if one.refund is not None and one.refund < Money.zero(order.currency):
            yield f"{one.remedy_id}: {one.refund} is paid back"
    sold = total((x.total for x in order.lines if not x.replaces), order.currency)
    if sold != order.totals.lines:
        yield f"{order.order_id}: lines sold for {sold}, not {order.totals.lines}"
    for line in order.lines:
        where = f"{order.order_id} line {line.line_id}"
        instead = [x for x in order.lines if x.replaces == line.line_id]
        if sum(x.ordered for x in instead) != line.substituted:
            yield f"{where}: {line.substituted} substituted, others are {instead}"
        if line.substituted > line.canceled:
            yield f"{where}: {line.substituted} substituted of {line.canceled} canceled"
        parcels = [p for s in order.parcels for p in s.lines if p.line_id == line.line_id]
        canceled = line.settled - total((part.amount for part in parcels), order.currency)
        paid = total((x.total for x in instead), order.currency)
        if paid > canceled:
            yield f"{where}: {paid} for what is sent instead of {canceled}"


def broken_work(order: Order) -> Iterator[str]:
    """What is made to order is made as was said, step by step, and packed once it is done."""
    for one in order.fulfillment_orders:
        for part in one.lines:
            work = part.work_order
            where = f"{one.fulfillment_order_id} line {part.line_id}"
            if work is None:
                continue
            states = [passage.state for passage in work.passages]
            moments = [passage.at for passage in work.passages]
            if states[0] != "queued" or states[-1] != work.state or moments != sorted(moments):
                yield f"{where}: is {work.state}, but went {states} at {moments}"
            moves = pairwise(states)
            if any(to not in TRANSITIONS["work order"][state] for state, to in moves):
                yield f"{where}: cannot have gone {states}"
            if order.parcels_of(one.fulfillment_order_id) and not work.done:
                yield f"{where}: packed, but {work.state}"
            alive = one.status not in ENDED
            if alive and part.instructions != order.line(part.line_id).instructions:
                yield f"{where}: is made by other instructions than the order's"


def broken_timeline(order: Order, timeline: Sequence[TimelineItem]) -> Iterator[str]:
    """Invariant 6: numbered without gaps, and one event for every change of state."""
    numbers = [item.sequence for item in timeline]
    if numbers != list(range(1, order.sequence + 1)):
        yield f"{order.order_id}: events are numbered {numbers}, the newest is {order.sequence}"
    told = Counter((item.name, _about(item)) for item in timeline)
    for expected, times in _expected(order).items():
        if told[expected] != times:
            name, about = expected
            yield f"{order.order_id}: {told[expected]} × {name} {about}, not {times}"


def broken_routing(order: Order, timeline: Sequence[TimelineItem]) -> Iterator[str]:
    """What a decision says goes where went there: its plan is what was allocated with it."""
    for number, item in enumerate(timeline):
        if item.name != OrderRouted.name:
            continue
        done: dict[str, Counter[str]] = {}
        for after in timeline[number + 1 :]:
            if after.name != FulfillmentAllocated.name:
                break
            allocated = FulfillmentAllocated.model_validate(after.data)
            units = {unit.line_id: unit.quantity for unit in allocated.units}
            done.setdefault(allocated.location_id, Counter()).update(units)
        plan = OrderRouted.model_validate(item.data).plan
        if done != plan:
            yield f"{order.order_id}: routed as {plan}, allocated as {done}"


def broken(
    orders: Sequence[Order],
    levels: Iterable[StockLevels],
    ledger: Sequence[Moved],
    timelines: Mapping[str, Sequence[TimelineItem]],
    taken: Taken | None = None,
) -> list[str]:
    """Everything that does not hold in a whole shop; of locations' days where they are given."""
    found: list[str] = [] if taken is None else list(broken_days(orders, taken))
    for sku in levels:
        found += broken_levels(sku)
        found += broken_ledger(sku, ledger)
        found += broken_reservations(sku, orders)
    for order in orders:
        found += broken_counts(order)
        found += broken_shares(order)
        found += broken_money(order)
        found += broken_remedies(order)
        found += broken_work(order)
        found += broken_timeline(order, timelines[order.order_id])
        found += broken_routing(order, timelines[order.order_id])
    return found


def _units(order: Order) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Units by line: shipped, delivered, and with a location or beyond."""
    shipped: Counter[str] = Counter()
    delivered: Counter[str] = Counter()
    allocated: Counter[str] = Counter()
    left = {one.fulfillment_order_id: one.has_left for one in order.fulfillment_orders}
    for one in order.fulfillment_orders:
        if one.status not in ENDED or one.status is FulfillmentStatus.DELIVERED:
            allocated.update({part.line_id: part.quantity for part in one.lines})
    for parcel in order.parcels:
        if left[parcel.fulfillment_order_id]:
            units = {part.line_id: part.quantity for part in parcel.lines}
            shipped.update(units)
            if parcel.delivered_at:
                delivered.update(units)
    return shipped, delivered, allocated


def _prepaid(order: Order) -> bool:
    return any(payment.provider == STOREFRONT for payment in order.payments)


def _keys(events: Iterable[PaymentEvent]) -> list[str]:
    return [event.key for event in events]


def _twice(payment: Payment) -> Iterator[str]:
    keys = Counter(event.key for event in payment.events)
    for key, times in keys.items():
        if times > 1:
            yield f"{payment.payment_id}: {key} is there {times} times"


def _about(item: TimelineItem) -> str:
    """The record an event is about, other than its order."""
    names = ("work_order_id", "fulfillment_order_id", "shipment_id", "return_id", "payment_id")
    for name in (*names, "remedy_id"):
        if name in item.data:
            return str(item.data[name])
    return ""


def _expected(order: Order) -> Counter[tuple[str, str]]:
    """How often some events must have happened for the order to be what it is."""
    found: Counter[tuple[str, str]] = Counter()
    found["order.placed", ""] = int(order.placed_at is not None)
    found["order.closed", ""] = int(order.status is OrderStatus.CLOSED)
    for one in order.fulfillment_orders:
        found |= _expected_of(one)
    found["refund.granted", ""] = len(order.refunds)
    found["refund.settled", ""] = sum(one.settled_at is not None for one in order.refunds)
    for remedy in order.remedies:
        ended = {"carried_out": "remedy.carried_out", "withdrawn": "remedy.withdrawn"}
        found["remedy.offered", remedy.remedy_id] = 1
        for status, name in ended.items():
            found[name, remedy.remedy_id] = int(remedy.status == status)
    for payment in order.payments:
        done = [e for e in payment.events if e.outcome is PaymentOutcome.SUCCEEDED]
        captures = [e for e in done if e.action is PaymentAction.CAPTURE]
        if payment.provider != "storefront":
            for event in captures:
                found["payment.captured", event.key.partition("-capture")[0]] += 1
        found["payment.voided", payment.payment_id] = sum(
            event.action is PaymentAction.VOID for event in done
        )
    return found


def _expected_of(one: FulfillmentOrder) -> Counter[tuple[str, str]]:
    key, status = one.fulfillment_order_id, one.status
    collected = one.method is FulfillmentMethod.PICKUP
    found = Counter[tuple[str, str]]()
    for work in (part.work_order for part in one.lines if part.work_order):
        states = Counter(passage.state for passage in work.passages)
        found["work_order.started", work.work_order_id] = int(work.begun)
        found["work_order.finished", work.work_order_id] = states["quality_check"]
        found["work_order.passed", work.work_order_id] = states["done"]
    return found | Counter(
        {
            ("fulfillment_order.allocated", key): 1,
            ("fulfillment_order.shipped", key): int(one.has_left and not collected),
            ("fulfillment_order.ready_for_pickup", key): int(one.collect_by is not None),
            ("fulfillment_order.delivered", key): int(status is FulfillmentStatus.DELIVERED),
            ("fulfillment_order.rejected", key): int(status is FulfillmentStatus.REJECTED),
            ("fulfillment_order.uncollected", key): int(status is FulfillmentStatus.UNCOLLECTED),
            ("fulfillment_order.withdrawn", key): int(status is FulfillmentStatus.WITHDRAWN),
            ("fulfillment_order.canceled", key): int(status is FulfillmentStatus.CANCELED),
        }
    )
