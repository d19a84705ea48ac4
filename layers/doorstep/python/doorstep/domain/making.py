"""Made to order: from what the customer said of a piece to the piece itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from doorstep.domain import events, stock
from doorstep.domain.allocating import check_not_begun, spoil
from doorstep.domain.catalog import Product
from doorstep.domain.errors import (
    IllegalTransition,
    InvalidCommand,
    NotFound,
    QuantityExceeded,
)
from doorstep.domain.fulfillment import (
    ENDED,
    WORKABLE,
    FulfillmentLine,
    FulfillmentOrder,
    FulfillmentStatus,
)
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.personalization import personalize
from doorstep.domain.placing import put_on_hold, release_hold
from doorstep.domain.production import ProductionState, WorkOrder
from doorstep.domain.shipping import accept
from doorstep.domain.work import WorkItemStatus
from doorstep.domain.work_items import close_work_item, report

PERSONALIZATION = "personalization"
"""The hold, and the cause of the work item, of an order that does not say how a piece is to be."""

_CHANGEABLE = WORKABLE | {FulfillmentStatus.ALLOCATED}


def misunderstood(order: Order, products: Mapping[str, Product]) -> dict[str, str]:
    """What is wrong with the instructions of its open lines, by the path `lines.<id>.<option>`."""
    faults = {}
    for line in order.lines:
        product = products.get(line.sku or "")
        if product and line.tracked and line.open:
            said = personalize(product.options, line.instructions)
            for name, fault in said.faults.items():
                faults[f"lines.{line.line_id}.{name}"] = fault
    return faults


def await_instructions(order: Order, faults: Mapping[str, str], *, by: str, at: datetime) -> Order:
    """Keep the order until somebody has found out how its pieces are to be, and ask for it."""
    reasons = tuple(f"{path}: {fault}" for path, fault in faults.items())
    held = put_on_hold(order, PERSONALIZATION, reasons, by=by, at=at)
    text = f"Ask the customer, and correct the instructions. {'; '.join(reasons)}"
    return report(held, PERSONALIZATION, text=text, at=at)


def instruct(
    order: Order,
    said: Mapping[str, Mapping[str, str]],
    *,
    products: Mapping[str, Product],
    by: str,
    at: datetime,
) -> Order:
    """The pieces of some lines (line id → instructions) are to be different, wherever they are to
    be made.

    The order goes on where it only waited for that. Raises InvalidCommand with every fault, and
    IllegalTransition where work has begun, or goods are packed.
    """
    if order.status is not OrderStatus.PLACED:
        raise IllegalTransition(f"order {order.order_id}", order.status, "instructed anew")
    for line_id, instructions in _understood(order, said, products).items():
        line = order.line(line_id)
        if instructions == line.instructions:
            continue
        for one in order.fulfillment_orders:
            order = _passed_on(order, one, line_id, instructions)
        order = order.with_lines([line.changed(instructions=instructions)]).raising(
            events.InstructionsChanged(line_id=line_id)
        )
    if misunderstood(order, products):
        return order
    return _understood_at_last(order, by=by, at=at)


def _understood(
    order: Order, said: Mapping[str, Mapping[str, str]], products: Mapping[str, Product]
) -> dict[str, dict[str, str]]:
    """By line the new instructions, with what a storefront had told besides; raises
    InvalidCommand.
    """
    lines = {line.line_id: line for line in order.lines}
    found, faults = {}, {}
    for line_id, wanted in said.items():
        line = lines.get(line_id)
        if line is None or not line.open:
            faults[f"lines.{line_id}"] = "this order has no such line to be made"
            continue
        product = products.get(line.sku or "")
        options = product.options if product and line.tracked else ()
        read, before = personalize(options, wanted), personalize(options, line.instructions)
        told = {name: before.instructions[name] for name in before.unknown}
        for name, fault in read.faults.items():
            faults[f"lines.{line_id}.{name}"] = fault
        for name in read.unknown:
            if read.instructions[name] != told.get(name):
                faults[f"lines.{line_id}.{name}"] = "this piece has no such option"
        found[line_id] = told | read.instructions
    if faults:
        raise InvalidCommand(faults)
    return found


def _passed_on(
    order: Order, one: FulfillmentOrder, line_id: str, instructions: dict[str, str]
) -> Order:
    """Tell the location that is to make it; raises IllegalTransition where that is too late."""
    if one.status in ENDED or all(part.line_id != line_id for part in one.lines):
        return order
    if one.status not in _CHANGEABLE or order.parcels_of(one.fulfillment_order_id):
        key = f"fulfillment order {one.fulfillment_order_id}"
        raise IllegalTransition(key, one.status, "made differently")
    check_not_begun(one, "made differently", {line_id})
    return order.with_fulfillment_order(
        one.with_lines(
            part.model_copy(
                update={
                    "instructions": instructions,
                    "work_order": part.work_order and part.work_order.instructed_anew,
                }
            )
            for part in one.lines
            if part.line_id == line_id
        )
    )


def _understood_at_last(order: Order, *, by: str, at: datetime) -> Order:
    """Nothing is missing any more: the hold and its work item end."""
    for item in order.work_items:
        if item.cause == PERSONALIZATION and item.status is WorkItemStatus.OPEN:
            order = close_work_item(order, item.work_item_id, by=by, at=at)
    if any(hold.hold_id == PERSONALIZATION and hold.active for hold in order.holds):
        order = release_hold(order, PERSONALIZATION, by=by, at=at)
    return order


# --- in the workshop ------------------------------------------------------------------------------


class Work(NamedTuple):
    """A work order, the line that it is about, and the fulfillment order that has it."""

    order: WorkOrder
    line: FulfillmentLine
    one: FulfillmentOrder

    @property
    def names(self) -> dict[str, str]:
        """What every event of it says."""
        return {
            "fulfillment_order_id": self.one.fulfillment_order_id,
            "location_id": self.one.location_id,
            "work_order_id": self.order.work_order_id,
        }

    def to(self, order: Order, state: ProductionState, *, at: datetime, reason: str = "") -> Order:
        """The order with the work moved on; raises IllegalTransition."""
        if self.one.status not in WORKABLE:
            key = f"fulfillment order {self.one.fulfillment_order_id}"
            raise IllegalTransition(key, self.one.status, f"{state} ({self.order.work_order_id})")
        return self.changed(order, self.order.to(state, at=at, reason=reason))

    def changed(self, order: Order, work: WorkOrder) -> Order:
        one = order.fulfillment_order(self.one.fulfillment_order_id)
        line = self.line.model_copy(update={"work_order": work})
        return order.with_fulfillment_order(one.with_lines([line]))


def work_on(order: Order, key: str) -> Work:
    """Find a work order; raises NotFound."""
    for one in order.fulfillment_orders:
        for line in one.lines:
            if line.work_order and line.work_order.work_order_id == key:
                return Work(line.work_order, line, one)
    raise NotFound("work order", key)


def printed(order: Order, key: str, document: str) -> Order:
    """The work order is on paper, as its instructions are now."""
    work = work_on(order, key)
    told = events.WorkPrinted(**work.names, instructions=work.order.version)
    return work.changed(order, work.order.model_copy(update={"document": document})).raising(told)


def start(order: Order, key: str, *, at: datetime) -> Order:
    """Work has begun: from here on the pieces are neither canceled nor made differently.

    A location that starts has accepted.
    """
    work = work_on(order, key)
    if work.one.status is FulfillmentStatus.RELEASED:
        order = accept(order, work.one.fulfillment_order_id)
    if work.order.begun:  # a piece that failed goes back to work, too
        raise IllegalTransition(work.order.name, work.order.state, "started")
    begun = work.to(order, ProductionState.IN_PRODUCTION, at=at)
    return begun.raising(events.WorkStarted(**work.names))


def finish(order: Order, key: str, *, at: datetime) -> Order:
    """The pieces are made, and have to pass the quality check."""
    work = work_on(order, key)
    made = work.to(order, ProductionState.QUALITY_CHECK, at=at)
    return made.raising(events.WorkFinished(**work.names))


def pass_check(order: Order, key: str, *, at: datetime) -> Order:
    """The pieces are as they were wanted, and can be packed."""
    work = work_on(order, key)
    done = work.to(order, ProductionState.DONE, at=at)
    return done.raising(events.WorkPassed(**work.names))


def fail_check(order: Order, key: str, *, reason: str, at: datetime) -> Order:
    """The pieces are not as they should be: back to work."""
    work = work_on(order, key)
    if work.order.state is not ProductionState.QUALITY_CHECK:
        raise IllegalTransition(work.order.name, work.order.state, "failed")
    back = work.to(order, ProductionState.IN_PRODUCTION, at=at, reason=reason)
    return back.raising(events.WorkFailed(**work.names, reason=reason))


def scrap(
    order: Order, key: str, *, scrapped: int, again: bool, reason: str, at: datetime
) -> Order:
    """Pieces were spoiled: they are made `again` of what the location has left, else they are short
    there and routed elsewhere. What they were made of leaves the stock.

    `scrapped` counts all spoiled pieces of the work order, so the same report again changes
    nothing. Raises QuantityExceeded, and IllegalTransition where work has not begun; the commit
    raises OutOfStock where nothing is left to make them of.
    """
    work = work_on(order, key)
    units = scrapped - work.order.scrapped
    if not units:
        return order
    if not work.order.begun or work.one.status not in WORKABLE:
        raise IllegalTransition(work.order.name, work.order.state, "scrapped")
    if not 0 < units <= work.line.quantity:
        most = work.order.scrapped + work.line.quantity
        raise QuantityExceeded(f"{work.order.name}: pieces scrapped", scrapped, most)
    told = events.WorkScrapped(**work.names, quantity=units, again=again, reason=reason)
    noted = work.order.model_copy(update={"scrapped": scrapped})
    cause = f"{key}-scrapped-{scrapped}"
    if not again:
        order = work.changed(order, noted).raising(told)
        missing = {work.line.line_id: units}
        return spoil(order, work.one.fulfillment_order_id, missing, cause=cause, reason=reason)
    if work.order.state is not ProductionState.IN_PRODUCTION:
        noted = noted.to(ProductionState.IN_PRODUCTION, at=at, reason=reason)
    order = work.changed(order, noted).raising(told)
    if not work.line.tracked or not work.line.sku:
        return order
    return order.moving(
        stock.Movement(
            kind=stock.MovementKind.ADJUSTED_DOWN,
            sku=work.line.sku,
            quantity=units,
            location_id=work.one.location_id,
            cause=cause,
            shard=order.line(work.line.line_id).stock_shard,
            reason=reason,
        )
    )
