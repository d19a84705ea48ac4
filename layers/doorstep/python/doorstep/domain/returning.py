"""From the wish to send something back to the money on its way: request, receive, refund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import Field

from doorstep.domain import events, refunding, stock
from doorstep.domain.errors import (
    IdempotencyKeyReused,
    InvalidCommand,
    QuantityExceeded,
    ReturnRefused,
)
from doorstep.domain.money import Money, total
from doorstep.domain.order import Line, LineKind, Order, Quantity
from doorstep.domain.record import Command
from doorstep.domain.returns import Return, ReturnLine, ReturnReason, ReturnStatus

WINDOW = timedelta(days=30)
"""How long after delivery a return may be asked for."""


MAX_LINES = 20
"""Lines of one return, at the most: they are counted in one transaction, up to four writes each."""


class WantedReturn(Command):
    """Units of one line that the customer wants to send back."""

    line_id: str = Field(min_length=1, max_length=120)
    quantity: Quantity
    reason: ReturnReason
    note: str = Field(default="", max_length=500)


class ReceivedUnits(Command):
    """What really came of one line."""

    received: int = Field(ge=0, le=10_000)
    damaged: int = Field(default=0, ge=0, le=10_000)


def request(
    order: Order,
    wanted: Sequence[WantedReturn],
    key: str,
    *,
    at: datetime,
) -> tuple[Order, Return]:
    """Approve a return within the window and within what was delivered, but of no final sale.

    The same idempotency key again answers the same return; with other lines it raises
    IdempotencyKeyReused. Raises ReturnRefused with the reason, QuantityExceeded for units that were
    not delivered or are returned already, and InvalidCommand for a line that is named twice or is
    not there.
    """
    for known in order.returns:
        if known.request_key == key:
            if known.announced != {item.line_id: item.quantity for item in wanted}:
                raise IdempotencyKeyReused(key)
            return order, known
    _check_lines(order, wanted)
    _check_window(order, at)
    lines = []
    for item in wanted:
        line = order.line(item.line_id)
        if reason := _sold_for_good(line):
            raise ReturnRefused(f"{line.name} ({line.sku or line.line_id}) {reason}.")
        returnable = line.delivered - line.return_requested
        if item.quantity > returnable:
            raise QuantityExceeded(f"line {line.line_id} to return", item.quantity, returnable)
        lines.append(line.changed(return_requested=line.return_requested + item.quantity))
    back = Return(
        return_id=f"{order.order_id}-R{len(order.returns) + 1}",
        request_key=key,
        location_id=_location(order, wanted[0].line_id),
        lines=tuple(ReturnLine(**item.model_dump()) for item in wanted),
        requested_at=at,
    )
    requested = (
        order.with_lines(lines)
        .with_return(back)
        .raising(
            events.ReturnApproved(
                return_id=back.return_id,
                units=tuple(order.line(i.line_id).units(i.quantity) for i in wanted),
            )
        )
    )
    return requested, back


def labeled(order: Order, key: str, *, carrier: str, tracking_number: str, label: str) -> Order:
    """The label for the way back is there; one that is there already is kept."""
    back = order.return_(key)
    if back.tracking_number:
        return order
    update = {"carrier": carrier, "tracking_number": tracking_number, "label": label}
    return order.with_return(back.model_copy(update=update)).raising(
        events.ReturnLabeled(return_id=key, carrier=carrier, tracking_number=tracking_number)
    )


def receive(order: Order, key: str, counts: Mapping[str, ReceivedUnits], *, at: datetime) -> Order:
    """Count what came: sellable units are in stock again, and the refund covers the units received.

    Units that were announced and did not come may be announced again. Raises QuantityExceeded where
    more came than were announced, and InvalidCommand for a line that the return does not name.
    """
    back = order.return_(key).to(ReturnStatus.RECEIVED)
    announced = {line.line_id for line in back.lines}
    if unknown := set(counts) - announced:
        raise InvalidCommand(
            {f"lines.{line_id}": "this return has no such line" for line_id in sorted(unknown)}
        )
    lines, parts, movements = [], [], []
    for part in back.lines:
        count = counts.get(part.line_id, ReceivedUnits(received=0))
        if count.received > part.quantity:
            raise QuantityExceeded(f"line {part.line_id} received", count.received, part.quantity)
        if count.damaged > count.received:
            raise QuantityExceeded(f"line {part.line_id} damaged", count.damaged, count.received)
        line = order.line(part.line_id)
        refund = _refund_share(order, line, count.received)
        lines.append(
            line.changed(
                returned=line.returned + count.received,
                return_requested=line.return_requested - (part.quantity - count.received),
                refunded=line.refunded + refund,
            )
        )
        parts.append(
            part.model_copy(
                update={"received": count.received, "damaged": count.damaged, "refund": refund}
            )
        )
        if line.tracked and line.sku:
            movements += _restock(back, line.line_id, line.sku, count, line.stock_shard)
    refund = total((part.refund for part in parts if part.refund), order.currency)
    received = back.model_copy(update={"lines": tuple(parts), "received_at": at, "refund": refund})
    return (
        order.with_lines(lines)
        .with_return(received)
        .moving(*movements)
        .raising(
            events.ReturnReceived(
                return_id=key,
                units=tuple(order.line(p.line_id).units(p.received) for p in parts if p.received),
                refund=refund,
            )
        )
    )


def cancel(order: Order, key: str) -> Order:
    """Nothing of it will come: its units may be announced again."""
    back = order.return_(key).to(ReturnStatus.CANCELED)
    lines = [
        line.changed(return_requested=line.return_requested - part.quantity)
        for part in back.lines
        for line in [order.line(part.line_id)]
    ]
    units = tuple(order.line(part.line_id).units(part.quantity) for part in back.lines)
    canceled = events.ReturnCanceled(return_id=key, units=units)
    return order.with_lines(lines).with_return(back).raising(canceled)


def settle(order: Order, key: str) -> Order:
    """The return is over where all of its money was given back, or all that was left to give."""
    back = order.return_(key)
    owed = back.refund or Money.zero(order.currency)
    if not refunding.exhausted(order, key, owed):
        return order
    given = refunding.given_for(order, key)
    if not given:
        return close(order, key)
    done = events.ReturnRefunded(return_id=key, refund=given)
    return order.with_return(back.to(ReturnStatus.REFUNDED)).raising(done)


def close(order: Order, key: str) -> Order:
    """The return is over without money from here: none is owed, or somebody else gives it."""
    back = order.return_(key).to(ReturnStatus.CLOSED)
    return order.with_return(back).raising(events.ReturnClosed(return_id=key))


def _refund_share(order: Order, line: Line, units: int) -> Money:
    """The part of what the line's delivered parcels captured that these units carry; the last units
    carry the rest.
    """
    arrived = [shipment for shipment in order.shipments if shipment.delivered_at]
    parcels = [p for shipment in arrived for p in shipment.lines if p.line_id == line.line_id]
    paid = total((parcel.amount for parcel in parcels), order.currency)
    delivered = sum(parcel.quantity for parcel in parcels)
    return (paid - line.refunded).share(settled=0, units=units, of=delivered - line.returned)


def _restock(
    back: Return, line_id: str, sku: str, count: ReceivedUnits, shard: int
) -> list[stock.Movement]:
    kinds = {
        stock.MovementKind.RETURNED: count.received - count.damaged,
        stock.MovementKind.RETURNED_DAMAGED: count.damaged,
    }
    return [
        stock.Movement(
            kind=kind,
            sku=sku,
            quantity=quantity,
            location_id=back.location_id,
            cause=f"{back.return_id}-{line_id}",
            shard=shard,
        )
        for kind, quantity in kinds.items()
        if quantity
    ]


def _location(order: Order, line_id: str) -> str:
    """Back to where it came from."""
    for shipment in order.parcels:
        if any(line.line_id == line_id for line in shipment.lines):
            return shipment.location_id
    raise ReturnRefused("Nothing of this line has been shipped.")


def _sold_for_good(line: Line) -> str:
    """Why a line is never taken back; empty where it may be."""
    if line.kind is LineKind.DIGITAL:
        return "is digital: it is not taken back"
    if line.final_sale and line.kind is LineKind.MADE_TO_ORDER:
        return "was made to your order: it is a final sale and not taken back"
    return "was a final sale: it is not taken back" if line.final_sale else ""


def _check_lines(order: Order, wanted: Sequence[WantedReturn]) -> None:
    faults = {}
    known = {line.line_id for line in order.lines}
    for index, item in enumerate(wanted):
        if item.line_id not in known:
            faults[f"lines.{index}.line_id"] = "this order has no such line"
        if item.line_id in {earlier.line_id for earlier in wanted[:index]}:
            faults[f"lines.{index}.line_id"] = "this line is named twice"
    if faults:
        raise InvalidCommand(faults)


def _check_window(order: Order, at: datetime) -> None:
    arrived = [s.delivered_at for s in order.shipments if s.delivered_at]
    if not arrived:
        raise ReturnRefused("Nothing of this order has been delivered yet.")
    end = max(arrived) + WINDOW
    if at > end:
        raise ReturnRefused(f"The return window of {WINDOW.days} days ended on {end:%Y-%m-%d}.")
