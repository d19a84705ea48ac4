"""Back from a location that has not packed: its time is up, or an agent names another one.

The event of what was taken back wakes its workflow, which ends, and has locations looked for, as
after a rejection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pydantic import Field

from doorstep.domain import allocating
from doorstep.domain.capacity import Agenda, limited, span
from doorstep.domain.catalog import Location, Product
from doorstep.domain.errors import (
    Conflict,
    FullyBooked,
    IllegalTransition,
    InvalidCommand,
    NotFound,
    OutOfStock,
)
from doorstep.domain.fulfillment import FulfillmentOrder, FulfillmentStatus, WithdrawalCause
from doorstep.domain.order import Order, order_of
from doorstep.domain.record import Command
from doorstep.domain.routing import Verdict
from doorstep.domain.sourcing import Sourcing, source
from doorstep.ports import Catalog, Clock, Orders, Queues, Stock

_TRIES = 5


class Move(Command):
    """Another location for a fulfillment order, and why."""

    location_id: str = Field(min_length=1, max_length=64)
    reason: str = Field(min_length=1, max_length=200)


def take_back_late(
    *, orders: Orders, queues: Queues, clock: Clock, limit: int = 100
) -> tuple[str, ...]:
    """Take back every fulfillment order whose location let the time pass that its terms give it.

    Reads only what is due, and decides on the record: whoever answered in the meantime keeps it.
    Answers the ids taken back.
    """
    taken = []
    for key in queues.due("answer", clock(), limit):
        try:
            order = orders.get(order_of(key))
            one = order.fulfillment_order(key)
            if one.answer_by is None or one.answer_by > clock():
                continue
            missed = "accepted" if one.status is FulfillmentStatus.RELEASED else "packed"
            reason = f"not {missed} by {one.answer_by:%Y-%m-%d %H:%M} UTC"
            cause = WithdrawalCause.TIMEOUT
            orders.commit(allocating.withdraw(order, key, cause=cause, reason=reason))
        except (Conflict, NotFound, IllegalTransition):
            continue
        taken.append(key)
    return tuple(taken)


def move(
    key: str, command: Move, *, orders: Orders, stock: Stock, catalog: Catalog, clock: Clock
) -> Order:
    """Give an unpacked fulfillment order to another location: released here and reserved there in
    one transaction, after every check that routing makes (invariant 5).

    The location may be one that failed to ship it before: whoever moves it knows. The same move
    again is taken for the repeat that it is. Raises InvalidCommand for a location that may not ship
    it, OutOfStock for one that has too few units, IllegalTransition where it is packed or over.
    """
    places = {place.location_id: place for place in catalog.locations()}
    target = places.get(command.location_id)
    if target is None:
        raise InvalidCommand({"location_id": f"there is no location {command.location_id!r}"})
    for _ in range(_TRIES):
        order = orders.get(order_of(key))
        one = order.fulfillment_order(key)
        if _moved_before(one, target):
            return order
        if one.location_id == target.location_id:
            raise InvalidCommand({"location_id": "it is there already"})
        reason = f"moved to {target.location_id}: {command.reason}"
        free = allocating.withdraw(order, key, cause=WithdrawalCause.MOVED, reason=reason)
        products = catalog.products(part.sku for part in one.lines if part.sku)
        sourcing = _at(target, free, one, products, stock=stock)
        at = clock()
        taken = stock.taken(*span(at)) if limited([target]) else {}
        agenda = Agenda([target], taken, at)
        moved = allocating.allocate(
            free, sourcing, places=places, products=products, at=at, agenda=agenda
        )
        try:
            (stored,) = orders.commit(moved)
        except (Conflict, FullyBooked, OutOfStock):
            continue
        return stored
    raise Conflict([order_of(key)])


def _moved_before(one: FulfillmentOrder, target: Location) -> bool:
    moved = one.reason.startswith(f"moved to {target.location_id}: ")
    return one.status is FulfillmentStatus.WITHDRAWN and moved


def _at(
    target: Location,
    order: Order,
    one: FulfillmentOrder,
    products: Mapping[str, Product],
    *,
    stock: Stock,
) -> Sourcing:
    """All units of a fulfillment order, freed before, assigned to one location."""
    skus = [part.sku for part in one.lines if part.sku]
    levels = stock.levels(skus)
    available = {
        (sku, target.location_id): all_.at(target.location_id).available
        for sku, all_ in levels.items()
    }
    units = {part.line_id: part.quantity for part in one.lines}
    # Only these units, and no memory of who failed to ship them.
    asked = order.changed(
        lines=tuple(
            line.changed(
                ordered=line.canceled + line.backordered + line.allocated + units[line.line_id],
                excluded=(),
            )
            for line in order.lines
            if line.line_id in units
        )
    )
    sourcing = source(asked, [target], available, products=products)
    (judged,) = sourcing.candidates
    if not sourcing.unfilled:
        return sourcing
    if judged.verdict not in (Verdict.CHOSEN, Verdict.OUT_OF_STOCK):
        why = f"{target.location_id} may not ship it: {judged.verdict}"
        raise InvalidCommand({"location_id": why})
    wanted = Counter[str]()
    for part in one.lines:
        if part.tracked and part.sku:
            wanted[part.sku] += part.quantity
    raise OutOfStock(
        {
            sku: (units, left)
            for sku, units in wanted.items()
            if (left := available[sku, target.location_id]) < units
        }
    )
