"""From a released fulfillment order to the doorstep: pack, capture, label, dispatch, follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import Field

from doorstep.domain import events, stock
from doorstep.domain.capturing import standing
from doorstep.domain.errors import IllegalTransition, InvalidCommand
from doorstep.domain.fulfillment import (
    WORKABLE,
    FulfillmentMethod,
    FulfillmentOrder,
    FulfillmentStatus,
)
from doorstep.domain.money import total
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.payment import PaymentOutcome
from doorstep.domain.placing import close_if_done
from doorstep.domain.record import Command
from doorstep.domain.shipment import UNMOVED, ParcelLine, Shipment, ShipmentStatus, Tracking
from doorstep.domain.work_items import open_work_item

MAX_PARCELS = 50
"""Parcels of one fulfillment order, at the most: they leave in one transaction."""

SCAN_GRACE = timedelta(hours=12)
"""Carriers may scan at night what they took in the evening."""

#: News of a carrier that a person has to act on, and how.
_TROUBLE = {
    ShipmentStatus.EXCEPTION: "Ask the carrier what is missing.",
    ShipmentStatus.LOST: "Claim it from the carrier, and refund the parcel.",
    ShipmentStatus.RETURN_TO_SENDER: "Ask the customer for an address, or refund them.",
}


class Parcel(Command):
    """One parcel as it was packed: units by order line, and what the scale said."""

    lines: dict[str, int] = Field(min_length=1, max_length=500)
    """line id → units."""
    weight_grams: int = Field(gt=0, le=1_000_000)


def release(order: Order, key: str) -> Order:
    """The location may start. Raises IllegalTransition where nobody has paid yet: what a courier
    brings is allocated before.
    """
    if order.status is OrderStatus.PENDING:
        raise IllegalTransition(f"fulfillment order {key}", "not paid yet", "released")
    return _to(order, key, FulfillmentStatus.RELEASED, events.FulfillmentReleased)


def accept(order: Order, key: str) -> Order:
    """The location has started."""
    return _to(order, key, FulfillmentStatus.ACCEPTED, events.FulfillmentAccepted)


def pack(order: Order, key: str, parcels: Sequence[Parcel], *, at: datetime) -> Order:
    """Everything of a fulfillment order is in parcels; each carries its exact share of the money.

    The first parcel of an order carries what is charged once per order (delivery, fees), and the
    next one again should the first be unpacked. Raises InvalidCommand unless the parcels hold
    exactly the fulfillment order's units.
    """
    one = order.fulfillment_order(key)
    if one.status not in WORKABLE:  # the table also lets a held one go back to packed
        raise IllegalTransition(f"fulfillment order {key}", one.status, "packed")
    if one.unfinished:
        states = ", ".join(f"{x.work_order_id} is {x.state}" for x in one.unfinished)
        raise IllegalTransition(f"fulfillment order {key}", f"not made yet ({states})", "packed")
    _check_contents(one, parcels)
    packed = one.to(FulfillmentStatus.PACKED)
    shipments = []
    unpacked = sum(known.fulfillment_order_id == key for known in order.shipments)
    for number, parcel in enumerate(parcels, start=unpacked + 1):
        lines = []
        for line_id, quantity in parcel.lines.items():
            line = order.line(line_id)
            amount = line.share(quantity)
            order = order.with_lines([line.settle(quantity, amount)])
            lines.append(ParcelLine(line_id=line_id, quantity=quantity, amount=amount))
        once = order.totals.shipping + order.totals.fees
        carried = total((known.order_amount for known in order.parcels), order.currency)
        order_amount = once - carried
        shipment = Shipment(
            shipment_id=f"{key}-P{number}",
            fulfillment_order_id=key,
            location_id=one.location_id,
            lines=tuple(lines),
            weight_grams=parcel.weight_grams,
            amount=total((line.amount for line in lines), order.currency) + order_amount,
            order_amount=order_amount,
            service=one.service,
            deliver_by=one.deliver_by,
            packed_at=at,
        )
        shipments.append(shipment)
        order = order.with_shipment(shipment)
    return order.with_fulfillment_order(packed).raising(
        events.FulfillmentPacked(
            fulfillment_order_id=key,
            location_id=one.location_id,
            shipment_ids=tuple(shipment.shipment_id for shipment in shipments),
        )
    )


def unpack(order: Order, key: str) -> Order:
    """Take the parcels of a fulfillment order apart that is on hold or was set aside.

    Its units are still allocated to the location, and the shares that its parcels carried are to be
    settled anew: it may go on, to be packed again, or be canceled with its order. Raises
    IllegalTransition where a parcel is paid, or may be without our knowing it yet.
    """
    one = order.fulfillment_order(key)
    if one.status not in (FulfillmentStatus.ON_HOLD, FulfillmentStatus.EXCEPTION):
        raise IllegalTransition(f"fulfillment order {key}", one.status, "unpacked")
    parcels = order.parcels_of(key)
    paid = any(standing(payment, parcel) for payment in order.payments for parcel in parcels)
    undoing = [event for payment in order.payments for event in payment.undoing]
    if paid or any(event.outcome is PaymentOutcome.REQUESTED for event in undoing):
        raise IllegalTransition(f"fulfillment order {key}", "paid, at least in part", "unpacked")
    if not parcels:
        return order
    for parcel in parcels:
        order = order.with_shipment(parcel.model_copy(update={"status": ShipmentStatus.CANCELED}))
        order = order.with_lines(
            order.line(part.line_id).settle(-part.quantity, -part.amount) for part in parcel.lines
        )
    return order.raising(
        events.FulfillmentUnpacked(
            fulfillment_order_id=key,
            location_id=one.location_id,
            shipment_ids=tuple(parcel.shipment_id for parcel in parcels),
        )
    )


def put_on_hold(order: Order, key: str, *, reason: str) -> Order:
    """Packed, but must not leave, and why."""
    held = order.fulfillment_order(key).to(FulfillmentStatus.ON_HOLD, reason=reason)
    return order.with_fulfillment_order(held).raising(
        events.FulfillmentHeld(
            fulfillment_order_id=key, location_id=held.location_id, reason=reason
        )
    )


def set_aside(order: Order, key: str, *, reason: str) -> Order:
    """Its workflow failed: keep it where somebody looks."""
    one = order.fulfillment_order(key).to(FulfillmentStatus.EXCEPTION, reason=reason)
    return order.with_fulfillment_order(one).raising(
        events.FulfillmentSetAside(
            fulfillment_order_id=key, location_id=one.location_id, reason=reason
        )
    )


def resume(order: Order, key: str) -> Order:
    """Start its workflow again, where it stopped: with the capture where it is packed, else with
    the release.
    """
    one = order.fulfillment_order(key)
    if one.status not in (FulfillmentStatus.ON_HOLD, FulfillmentStatus.EXCEPTION):
        raise IllegalTransition(f"fulfillment order {key}", one.status, "resumed")
    packed = bool(order.parcels_of(key))
    to = FulfillmentStatus.PACKED if packed else FulfillmentStatus.ALLOCATED
    # Somebody watches it now: its location's terms do not take it back once more.
    anew = {"attempt": one.attempt + 1, "accept_by": None, "pack_by": None}
    again = one.to(to).model_copy(update=anew)
    return order.with_fulfillment_order(again).raising(
        events.FulfillmentResumed(
            fulfillment_order_id=key, location_id=one.location_id, attempt=again.attempt
        )
    )


def labeled(order: Order, key: str, *, carrier: str, tracking_number: str, label: str) -> Order:
    """A parcel has its label; one that has one keeps it."""
    shipment = order.shipment(key)
    if shipment.tracking_number:
        return order
    done = shipment.model_copy(
        update={
            "carrier": carrier,
            "tracking_number": tracking_number,
            "label": label,
            "status": ShipmentStatus.PRE_TRANSIT,
        }
    )
    return order.with_shipment(done).raising(
        events.LabelBought(shipment_id=key, carrier=carrier, tracking_number=tracking_number)
    )


def dispatch(order: Order, key: str, *, at: datetime) -> Order:
    """All parcels of a fulfillment order are with the carrier: what is on hand falls."""
    one = order.fulfillment_order(key).to(FulfillmentStatus.SHIPPED)
    parcels = order.parcels_of(key)
    lines, movements = [], []
    for part in one.lines:
        line = order.line(part.line_id)
        lines.append(line.changed(shipped=line.shipped + part.quantity))
        if part.tracked and part.sku:
            movements.append(
                stock.Movement(
                    kind=stock.MovementKind.SHIPPED,
                    sku=part.sku,
                    quantity=part.quantity,
                    location_id=one.location_id,
                    cause=f"{key}-shipped-{part.line_id}",
                )
            )
    for parcel in parcels:
        # Whoever was warned of a late handover knows already.
        risk = None if one.alerts else _at_risk_from(order, parcel, at)
        left = {"shipped_at": at, "at_risk_from": risk}
        order = order.with_shipment(parcel.model_copy(update=left))
    shipped = (
        order.with_lines(lines)
        .with_fulfillment_order(one)
        .moving(*movements)
        .raising(
            events.FulfillmentShipped(
                fulfillment_order_id=key,
                location_id=one.location_id,
                shipment_ids=tuple(parcel.shipment_id for parcel in parcels),
            )
        )
    )
    return _settle_arrivals(shipped, key)


def track(order: Order, key: str, news: Tracking) -> Order:
    """Record one thing a carrier said, and follow it unless it is older than what is known or says
    nothing new.
    """
    shipment = order.shipment(key)
    one = order.fulfillment_order(shipment.fulfillment_order_id)
    order = order.noting(key, news)
    if shipment.ready_at:  # it is with its store: the carrier has nothing to add
        return order
    if not shipment.follows(news) or news.status is None:
        return order
    update: dict[str, object] = {"status": news.status, "status_at": news.at}
    to_store = one.method is FulfillmentMethod.SHIP_TO_STORE
    if news.status is ShipmentStatus.DELIVERED and not to_store:
        update["delivered_at"] = news.at
    update |= _moved_on(order, shipment, news)
    order = order.with_shipment(shipment.model_copy(update=update)).raising(
        events.ShipmentUpdated(shipment_id=key, status=news.status, carrier_time=news.at)
    )
    if news.status is ShipmentStatus.DELIVERED:
        return _settle_arrivals(order, shipment.fulfillment_order_id)
    if news.status in _TROUBLE:
        said = news.text or news.code or news.status
        text = f"The carrier says: {said}. {_TROUBLE[news.status]}"
        return open_work_item(order, news.status.value, subject=key, text=text, at=news.at)
    return order


def alert(order: Order, subject: str, *, cause: str, deliver_by: datetime) -> Order:
    """Warn that the promise is at risk or broken: once per cause and subject: a shipment, a
    fulfillment order, or the order for units that have neither.
    """
    if subject == order.order_id:
        if cause in order.alerts:
            return order
        order = order.changed(alerts=(*order.alerts, cause))
    elif any(shipment.shipment_id == subject for shipment in order.shipments):
        shipment = order.shipment(subject)
        if cause in shipment.alerts:
            return order
        update = {"alerts": (*shipment.alerts, cause)}
        order = order.with_shipment(shipment.model_copy(update=update))
    else:
        one = order.fulfillment_order(subject)
        if cause in one.alerts:
            return order
        update = {"alerts": (*one.alerts, cause)}
        order = order.with_fulfillment_order(one.model_copy(update=update))
    return order.raising(
        events.ShipmentDelayed(subject=subject, cause=cause, deliver_by=deliver_by)
    )


def _at_risk_from(order: Order, parcel: Shipment, left_at: datetime) -> datetime | None:
    """From when on the promise of a parcel that left at this moment is at risk.

    At once where its way takes longer than there is time. Otherwise, as long as the carrier has not
    moved it, when it should have been scanned at the latest.
    """
    if order.promise is None or parcel.deliver_by is None:
        return None
    if order.promise.arrival(left_at, order.shipping_address) > parcel.deliver_by:
        return left_at
    if parcel.status in UNMOVED:
        return max(order.promise.ship_by, left_at) + SCAN_GRACE
    return None


def _moved_on(order: Order, parcel: Shipment, news: Tracking) -> dict[str, object]:
    """What the carrier's news means for a promise at risk: nothing, a new moment, or the end."""
    match news.status:
        case ShipmentStatus.IN_TRANSIT if parcel.status in UNMOVED and parcel.shipped_at:
            moved = parcel.model_copy(update={"status": news.status})
            return {"at_risk_from": _at_risk_from(order, moved, news.at)}
        case ShipmentStatus.DELAYED:
            return {"at_risk_from": news.at}
        case ShipmentStatus.OUT_FOR_DELIVERY | ShipmentStatus.READY_FOR_PICKUP:
            return {"at_risk_from": None}
        case _:
            return {}


def _settle_arrivals(order: Order, key: str) -> Order:
    """Count what has arrived once it is known to have left: the carrier may report sooner than our
    workflow.
    """
    one = order.fulfillment_order(key)
    parcels = order.parcels_of(key)
    if one.status is not FulfillmentStatus.SHIPPED:
        return order
    arrived = [parcel for parcel in parcels if parcel.delivered_at]
    delivered_here: dict[str, int] = {}
    for parcel in (p for p in order.shipments if p.delivered_at and _has_left(order, p)):
        for line in parcel.lines:
            delivered_here[line.line_id] = delivered_here.get(line.line_id, 0) + line.quantity
    order = order.with_lines(
        order.line(line_id).changed(delivered=quantity)
        for line_id, quantity in delivered_here.items()
    )
    if len(arrived) < len(parcels):
        return order
    order = order.with_fulfillment_order(one.to(FulfillmentStatus.DELIVERED)).raising(
        events.FulfillmentDelivered(fulfillment_order_id=key, location_id=one.location_id)
    )
    return close_if_done(order)


def _has_left(order: Order, parcel: Shipment) -> bool:
    return order.fulfillment_order(parcel.fulfillment_order_id).has_left


def _check_contents(one: FulfillmentOrder, parcels: Sequence[Parcel]) -> None:
    wanted = {line.line_id: line.quantity for line in one.lines}
    packed: dict[str, int] = {}
    faults = {}
    for number, parcel in enumerate(parcels):
        for line_id, quantity in parcel.lines.items():
            path = f"parcels.{number}.lines.{line_id}"
            if line_id not in wanted:
                faults[path] = "this fulfillment order has no such line"
            elif quantity < 1:
                faults[path] = "at least one unit"
            packed[line_id] = packed.get(line_id, 0) + quantity
    for line_id, quantity in wanted.items():
        if not faults and packed.get(line_id, 0) != quantity:
            count = packed.get(line_id, 0)
            faults[f"parcels.*.lines.{line_id}"] = (
                f"{count} packed of {quantity}: pack all, or report what is missing"
            )
    if faults:
        raise InvalidCommand(faults)


def _to(
    order: Order,
    key: str,
    status: FulfillmentStatus,
    event: type[events.FulfillmentReleased | events.FulfillmentAccepted],
) -> Order:
    one = order.fulfillment_order(key).to(status)
    return order.with_fulfillment_order(one).raising(
        event(fulfillment_order_id=key, location_id=one.location_id)
    )
