"""Made to order: from what the customer said of a piece to the piece itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from doorstep.domain import events
from doorstep.domain.catalog import Product
from doorstep.domain.errors import IllegalTransition, InvalidCommand
from doorstep.domain.fulfillment import ENDED, WORKABLE, FulfillmentOrder, FulfillmentStatus
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.personalization import personalize
from doorstep.domain.placing import close_work_item, put_on_hold, release_hold, report
from doorstep.domain.work import WorkItemStatus

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
    lines = tuple(
        part.model_copy(update={"instructions": instructions}) if part.line_id == line_id else part
        for part in one.lines
    )
    return order.with_fulfillment_order(one.model_copy(update={"lines": lines}))


def _understood_at_last(order: Order, *, by: str, at: datetime) -> Order:
    """Nothing is missing any more: the hold and its work item end."""
    for item in order.work_items:
        if item.cause == PERSONALIZATION and item.status is WorkItemStatus.OPEN:
            order = close_work_item(order, item.work_item_id, by=by, at=at)
    if any(hold.hold_id == PERSONALIZATION and hold.active for hold in order.holds):
        order = release_hold(order, PERSONALIZATION, by=by, at=at)
    return order
