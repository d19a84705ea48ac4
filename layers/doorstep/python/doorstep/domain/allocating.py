"""From held units to fulfillment orders, and back when a location cannot ship them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping
from datetime import datetime

from doorstep.domain import events, stock, transitions
from doorstep.domain.capacity import Agenda, Booking, reduced
from doorstep.domain.catalog import Location, LocationKind, Product
from doorstep.domain.errors import IllegalTransition, QuantityExceeded
from doorstep.domain.fulfillment import (
    FulfillmentLine,
    FulfillmentMethod,
    FulfillmentOrder,
    FulfillmentStatus,
    WithdrawalCause,
)
from doorstep.domain.money import Money
from doorstep.domain.order import Line, LineKind, Order, OrderStatus
from doorstep.domain.placing import release_hold
from doorstep.domain.production import WorkOrder, queued
from doorstep.domain.sourcing import Sourcing
from doorstep.domain.work_items import report

MOST_EXPLAINED = 20
"""Candidates that an explanation names: its row stays small however many locations there are,"""

MOST_SEEN = 12_000
"""and so many bytes of what the decision was made from."""


def waiting(order: Order) -> bool:
    """Whether there are units that a location should be found for, now."""
    return order.waiting and not order.on_hold and not order.deciding


def request(order: Order, *, by: str, at: datetime) -> Order:
    """Look for locations again, also among those that failed to ship it; an order that waits in a
    queue leaves it.

    Raises IllegalTransition where the order is on hold, or every unit has its location, or
    something else was decided for it.
    """
    for hold in order.holds:
        if hold.active and hold.queued:
            order = release_hold(order, hold.hold_id, by=by, at=at)
    if not waiting(order):
        placed = order.status is OrderStatus.PLACED
        state = "on hold" if order.on_hold else "allocated already" if placed else order.status
        state = "being remedied" if order.deciding else state
        raise IllegalTransition(f"order {order.order_id}", state, "allocated")
    open_lines = [line for line in order.lines if line.open > line.allocated]
    order = order.with_lines(line.changed(excluded=()) for line in open_lines)
    return order.raising(events.AllocationRequested())


def unfillable(order: Order) -> bool:
    """Whether locations were looked for, and there are units that none can ship."""
    return order.short_since is not None and waiting(order)


def waits_for(order: Order) -> tuple[str, ...]:
    """The SKUs of which a placed order has units that no stock holds."""
    return _skus(order, lambda line: line.backordered)


def owed(order: Order) -> tuple[str, ...]:
    """The SKUs of which a placed order holds units that are on no shelf."""
    return _skus(order, lambda line: line.owed)


def routable(order: Order, come: Mapping[str, int]) -> Order:
    """The order as a location is looked for: what it is owed does not count, but for units by line
    that have `come`.
    """
    lines = []
    for line in order.lines:
        missing = line.owed - come.get(line.line_id, 0)
        lines.append(line.changed(backordered=line.backordered + missing))
    return order.with_lines(lines)


def owe(order: Order, skus: Collection[str]) -> Order:
    """Put held units of these SKUs in the line for goods: no shelf has one for them."""
    changed, movements, units = [], [], []
    for line in order.lines:
        missing = line.unallocated - line.owed
        if not missing or line.sku not in skus or not line.tracked:
            continue
        changed.append(line.changed(owed=line.owed + missing))
        units.append(line.units(missing))
        movements.append(
            stock.Movement(
                kind=stock.MovementKind.OWED,
                sku=line.sku,
                quantity=missing,
                cause=f"{order.order_id}-V{order.version + 1}-{line.line_id}",
                shard=line.stock_shard,
            )
        )
    if not units:
        return order
    waits = order.with_lines(changed).moving(*movements)
    return waits.raising(events.OrderBackordered(units=tuple(units)))


def allocate(
    order: Order,
    sourcing: Sourcing,
    *,
    places: Mapping[str, Location],
    products: Mapping[str, Product],
    at: datetime,
    agenda: Agenda | None = None,
) -> Order:
    """Turn assignments into one fulfillment order per location, and its stock from held to
    allocated.

    Each location, by id in `places`, gets the time that its terms give it, and the units their
    share of its days, as the agenda has room. What is made to order gets a work order with the
    steps that `products`, by SKU, tell.
    """
    by_location: dict[str, dict[str, int]] = {}
    for assignment in sourcing.assignments:
        units = by_location.setdefault(assignment.location_id, {})
        units[assignment.line_id] = units.get(assignment.line_id, 0) + assignment.quantity
    if by_location:
        order = _explained(order, sourcing)
    for location_id, units in by_location.items():
        bookings = agenda.plan(location_id, sum(units.values())) if agenda else ()
        place = places[location_id]
        order = _allocate_to(order, place, units, products, bookings, why=sourcing.why, at=at)
    return order


def reserve(
    order: Order,
    place: Location,
    bookings: tuple[Booking, ...],
    *,
    products: Mapping[str, Product],
    at: datetime,
) -> Order:
    """Give all that shelves have of it to one place, with what it takes of the place's day: a
    courier comes for it. Its workflow starts once the order is placed.
    """
    units = {x.line_id: x.unallocated - x.owed for x in order.lines if x.unallocated > x.owed}
    why = f"{place.location_id} is the nearest whose courier has room"
    return _allocate_to(order, place, units, products, bookings, why=why, at=at)


def report_unfilled(order: Order, sourcing: Sourcing, *, at: datetime) -> Order:
    """Ask a person, once, about units that are held but that no location can ship, and explain.

    What waits for goods is nobody's business yet.
    """
    lines = [order.line(line_id) for line_id in sourcing.unfilled]
    names = ", ".join(
        f"{line.unallocated - line.owed} × {line.sku or line.line_id}"
        for line in lines
        if line.unallocated > line.owed
    )
    if not names:
        return order
    asked = report(order, "unfilled", text=f"No location can ship {names}.", at=at)
    if asked is order or sourcing.assignments:
        return asked
    return _explained(asked, sourcing)


def _explained(order: Order, sourcing: Sourcing) -> Order:
    """The order with the decision on its timeline."""
    currency = sourcing.rules.currency
    return order.raising(
        events.OrderRouted(
            why=sourcing.why,
            rules=sourcing.rules.label,
            cost=Money(minor=sourcing.cost, currency=currency),
            split=Money(minor=sourcing.split, currency=currency),
            proven=sourcing.proven,
            candidates=sourcing.candidates[:MOST_EXPLAINED],
            omitted=max(0, len(sourcing.candidates) - MOST_EXPLAINED),
            plan=sourcing.plan,
            seen=sourcing.seen.at_most(MOST_SEEN),
        )
    )


def _allocate_to(
    order: Order,
    place: Location,
    units: Mapping[str, int],
    products: Mapping[str, Product],
    bookings: tuple[Booking, ...],
    *,
    why: str,
    at: datetime,
) -> Order:
    key = f"{order.order_id}-F{len(order.fulfillment_orders) + 1}"
    lines, filled = [], {}
    for line_id, quantity in units.items():
        line = order.line(line_id)
        if quantity > line.unallocated:
            raise QuantityExceeded(f"line {line_id} to allocate", quantity, line.unallocated)
        filled[line_id] = max(0, quantity - (line.unallocated - line.owed))
        lines.append(
            line.changed(allocated=line.allocated + quantity, owed=line.owed - filled[line_id])
        )
    one = FulfillmentOrder(
        fulfillment_order_id=key,
        location_id=place.location_id,
        method=_method(order, place),
        pickup=order.pickup,
        service=order.service,
        accept_by=_after(place, place.terms.accept_hours, at),
        pack_by=_after(place, place.terms.pack_hours, at),
        ship_by=order.promise.ship_by if order.promise else None,
        deliver_by=order.promise.deliver_by if order.promise else None,
        bookings=bookings,
        allocated_at=at,
        lines=tuple(
            FulfillmentLine(
                line_id=line.line_id,
                sku=line.sku,
                name=line.name,
                quantity=units[line.line_id],
                tracked=line.tracked,
                instructions=line.instructions,
                work_order=_work_order(f"{key}-M{number}", line, products, at),
            )
            for number, line in enumerate(lines, start=1)
        ),
    )
    held = {line_id: quantity - filled[line_id] for line_id, quantity in units.items()}
    movements = _moved(order, one, stock.MovementKind.ALLOCATED, held, key)
    movements += _moved(order, one, stock.MovementKind.FILLED, filled, key)
    return (
        order.with_lines(lines)
        .with_fulfillment_order(one)
        .moving(*movements)
        .raising(
            events.FulfillmentAllocated(
                fulfillment_order_id=key,
                location_id=place.location_id,
                units=tuple(line.units(units[line.line_id]) for line in lines),
                why=why,
            )
        )
    )


def _work_order(
    key: str, line: Line, products: Mapping[str, Product], at: datetime
) -> WorkOrder | None:
    if line.kind is not LineKind.MADE_TO_ORDER:
        return None
    product = products.get(line.sku or "")
    return queued(key, product.steps if product else (), at=at)


def _method(order: Order, place: Location) -> FulfillmentMethod:
    if order.pickup:
        here = order.pickup.location_id == place.location_id
        return FulfillmentMethod.PICKUP if here else FulfillmentMethod.SHIP_TO_STORE
    vendor = place.kind is LocationKind.DROP_SHIP
    return FulfillmentMethod.DROP_SHIP if vendor else FulfillmentMethod.SHIP


def _after(place: Location, hours: int | None, at: datetime) -> datetime | None:
    return None if hours is None else place.local_calendar.hours_after(at, hours)


def reject(order: Order, key: str, *, reason: str) -> Order:
    """The location will not ship any of it: the units are held again, to be routed elsewhere.

    What it has begun to make it can only scrap.
    """
    one = order.fulfillment_order(key)
    check_not_begun(one, "rejected")
    units = {line.line_id: line.quantity for line in one.lines}
    movements = _moved(order, one, stock.MovementKind.DEALLOCATED, units, f"{key}-rejected")
    back = _given_back(order, one, units, excluded=True)
    return (
        back.with_fulfillment_order(one.to(FulfillmentStatus.REJECTED, reason=reason))
        .moving(*movements)
        .raising(
            events.FulfillmentRejected(
                fulfillment_order_id=key,
                location_id=one.location_id,
                reason=reason,
                units=tuple(order.line(i).units(q) for i, q in units.items()),
            )
        )
    )


def withdraw(order: Order, key: str, *, cause: WithdrawalCause, reason: str) -> Order:
    """Take back what a location has not packed, to be routed anew.

    A location that let its time pass is not asked again. What lies where the location is switched
    off is out of reach: it must be held anew, as after a short pick. Raises IllegalTransition where
    it is packed, or over.
    """
    one = order.fulfillment_order(key)
    if order.parcels_of(key):
        raise IllegalTransition(f"fulfillment order {key}", "packed", "withdrawn")
    check_not_begun(one, "withdrawn")
    withdrawn = one.to(FulfillmentStatus.WITHDRAWN, reason=reason)
    units = {line.line_id: line.quantity for line in one.lines}
    stranded = cause is WithdrawalCause.OUTAGE
    kind = stock.MovementKind.STRANDED if stranded else stock.MovementKind.DEALLOCATED
    movements = _moved(order, one, kind, units, f"{key}-withdrawn")
    back = _given_back(
        order, one, units, backordered=stranded, excluded=cause is WithdrawalCause.TIMEOUT
    )
    return (
        back.with_fulfillment_order(withdrawn)
        .moving(*movements)
        .raising(
            events.FulfillmentWithdrawn(
                fulfillment_order_id=key,
                location_id=one.location_id,
                cause=cause,
                reason=reason,
                units=tuple(order.line(i).units(q) for i, q in units.items()),
            )
        )
    )


def short(order: Order, key: str, missing: Mapping[str, int]) -> Order:
    """Units are not where they should be: they leave the location's sellable stock and are
    backordered.

    `missing` counts all units of a line that are not there, so the same report again changes
    nothing. What was found stays in this fulfillment order and is packed; it ends where nothing was
    found. The missing units were promised by nobody else, so the network level does not change:
    they must be held anew before they are routed.
    """
    one = order.fulfillment_order(key)
    if all(one.missing.get(line_id) == quantity for line_id, quantity in missing.items()):
        return order
    transitions.check("fulfillment order", key, one.status, FulfillmentStatus.SHORT)
    check_not_begun(one, "short of these units", missing)
    units = _newly_missing(one, missing)
    one = one.model_copy(update={"missing": {**one.missing, **missing}})
    cause = f"{key}-short-V{order.version + 1}"
    kind = stock.MovementKind.MISSED
    return _without(order, one, units, kind, cause=cause, reason="nothing was found")


def spoil(order: Order, key: str, units: Mapping[str, int], *, cause: str, reason: str) -> Order:
    """Units were ruined where they were to be made: they leave its stock, and are short."""
    one = order.fulfillment_order(key)
    return _without(order, one, units, stock.MovementKind.SPOILED, cause=cause, reason=reason)


def check_not_begun(
    one: FulfillmentOrder, event: str, line_ids: Container[str] | None = None
) -> None:
    """Raise IllegalTransition where somebody has begun to make any of it, or of these lines."""
    for line in one.lines:
        work = line.work_order
        if work and work.begun and (line_ids is None or line.line_id in line_ids):
            raise IllegalTransition(work.name, work.state, event)


def _without(
    order: Order,
    one: FulfillmentOrder,
    missing: Mapping[str, int],
    kind: stock.MovementKind,
    *,
    cause: str,
    reason: str,
) -> Order:
    """The order with units of a fulfillment order backordered; it ends where nothing is left."""
    key = one.fulfillment_order_id
    left = tuple(
        line.model_copy(update={"quantity": line.quantity - missing.get(line.line_id, 0)})
        for line in one.lines
    )
    found = tuple(line for line in left if line.quantity)
    movements = _moved(order, one, kind, missing, cause)
    back = _given_back(order, one, missing, backordered=True, excluded=True)
    if found:
        bookings = reduced(one.bookings, sum(missing.values()))
        after = one.model_copy(update={"lines": found, "bookings": bookings})
    else:
        after = one.to(FulfillmentStatus.SHORT, reason=reason)
    return (
        back.with_fulfillment_order(after)
        .moving(*movements)
        .raising(
            events.FulfillmentShort(
                fulfillment_order_id=key,
                location_id=one.location_id,
                units=tuple(order.line(i).units(q) for i, q in missing.items()),
                ended=not found,
            )
        )
    )


def _skus(order: Order, units: Callable[[Line], int]) -> tuple[str, ...]:
    """The SKUs of lines that have such units, of an order that may go on."""
    if not waiting(order):
        return ()
    found = (line.sku for line in order.lines if units(line) and line.tracked and line.sku)
    return tuple(dict.fromkeys(found))


def _newly_missing(one: FulfillmentOrder, missing: Mapping[str, int]) -> dict[str, int]:
    """Units by line beyond those that were reported before; raises QuantityExceeded."""
    have = {line.line_id: line.quantity for line in one.lines}
    new = {}
    for line_id, quantity in missing.items():
        known = one.missing.get(line_id, 0)
        if not max(1, known) <= quantity <= known + have.get(line_id, 0):
            possible = known + have.get(line_id, 0)
            raise QuantityExceeded(f"line {line_id} missing", quantity, possible)
        if quantity > known:
            new[line_id] = quantity - known
    return new


def _given_back(
    order: Order,
    one: FulfillmentOrder,
    units: Mapping[str, int],
    *,
    backordered: bool = False,
    excluded: bool,
) -> Order:
    """These units are no longer allocated here; `backordered` ones must be held anew, and for the
    lines of `excluded` ones this location is not asked again.
    """
    lines = []
    for line_id, quantity in units.items():
        line = order.line(line_id)
        short = quantity if backordered and line.tracked else 0
        without = (*line.excluded, one.location_id) if excluded else line.excluded
        lines.append(
            line.changed(
                allocated=line.allocated - quantity,
                backordered=line.backordered + short,
                excluded=tuple(dict.fromkeys(without)),
            )
        )
    return order.with_lines(lines)


def _moved(
    order: Order,
    one: FulfillmentOrder,
    kind: stock.MovementKind,
    units: Mapping[str, int],
    cause: str,
) -> list[stock.Movement]:
    return [
        stock.Movement(
            kind=kind,
            sku=line.sku,
            quantity=units[line.line_id],
            location_id=one.location_id,
            cause=f"{cause}-{line.line_id}",
            shard=order.line(line.line_id).stock_shard,
        )
        for line in one.lines
        if line.tracked and line.sku and units.get(line.line_id)
    ]
