"""The timeline in the words of the business: one sentence per event, none for what only we miss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from doorstep.domain import events
from doorstep.domain.events import TimelineItem
from doorstep.domain.money import Money

Data = Mapping[str, Any]

SENTENCES: Mapping[type[events.Event], Callable[[Data], str]] = {
    events.OrderReceived: lambda d: f"Stock is held; {money(d['total'])} is to be reserved.",
    events.OrderPlaced: lambda d: f"Placed{_promised(d['deliver_by'])}.",
    events.OrderUpdated: lambda d: f"The storefront changed {', '.join(d['changed'])}.",
    events.OrderCanceled: lambda d: f"Canceled: {units(d['units'])} ({d['reason']}).",
    events.OrderClosed: lambda _: "Everything is at the doorstep: the order is closed.",
    events.OrderHeld: lambda d: f"On hold: {'; '.join(d['reasons'])}.",
    events.HoldReleased: lambda d: f"The hold {d['hold_id']!r} is released.",
    events.UnitsCanceled: lambda d: f"Canceled: {units(d['units'])} ({d['reason']}).",
    events.LineSubstituted: lambda d: (
        f"Sent instead, for {money(d['total'])}: {units([d['units']])}."
    ),
    events.RemedyOffered: lambda d: (
        f"The customer may choose: {', '.join(d['kinds'])} (else {d['at_deadline']})."
    ),
    events.RemedyChosen: lambda d: f"Chosen: {d['kind']}.",
    events.RemedyExpired: lambda d: f"Nobody chose in time: {d['kind']}.",
    events.RemedyCarriedOut: lambda d: f"Done: {d['kind']}, {money(d['refund'])} back.",
    events.RemedyWithdrawn: lambda d: f"Nothing to choose any more: {d['reason']}.",
    events.OrderShort: lambda d: f"Paid for, but not in stock: {units(d['units'])}.",
    events.PaymentAuthorized: lambda d: f"{money(d['amount'])} reserved on the card.",
    events.PaymentDeclined: lambda d: f"The card was declined: {d['reason']}.",
    events.PaymentRecorded: lambda d: f"The storefront has taken {money(d['amount'])}.",
    events.PaymentCaptured: lambda d: (
        f"{money(d['amount'])} taken for parcel {short(d['shipment_id'])}."
    ),
    events.CaptureDeclined: lambda d: f"{money(d['amount'])} could not be taken: {d['reason']}.",
    events.PaymentVoided: lambda d: f"{money(d['amount'])} is free again on the card.",
    events.PaymentRefunded: lambda d: f"{money(d['amount'])} given back.",
    events.FulfillmentAllocated: lambda d: (
        f"{place(d['location_id'])} is to ship {units(d['units'])}: {d['why']}."
    ),
    events.FulfillmentReleased: lambda d: f"{place(d['location_id'])} has it on its list.",
    events.FulfillmentAccepted: lambda d: f"{place(d['location_id'])} has started.",
    events.FulfillmentPacked: lambda d: (
        f"{place(d['location_id'])} has packed {_parcels(d['shipment_ids'])}."
    ),
    events.FulfillmentRejected: lambda d: f"{place(d['location_id'])} says no: {d['reason']}.",
    events.FulfillmentShort: lambda d: (
        f"{place(d['location_id'])} cannot find {units(d['units'])}."
    ),
    events.FulfillmentWithdrawn: lambda d: (
        f"Taken back from {place(d['location_id'])}: {d['reason']}."
    ),
    events.FulfillmentReduced: lambda d: (
        f"{place(d['location_id'])} need not ship {units(d['units'])} any more."
    ),
    events.WorkPrinted: lambda d: f"{place(d['location_id'])} has it on paper.",
    events.WorkStarted: lambda d: f"{place(d['location_id'])} makes it: no way back from here.",
    events.WorkFinished: lambda _: "It is made; somebody else looks at it.",
    events.WorkPassed: lambda _: "It is as it was wanted.",
    events.WorkFailed: lambda d: f"Not good enough: {d['reason']}. Back to the bench.",
    events.WorkScrapped: lambda d: (
        f"Spoiled: {d['quantity']} ({d['reason']})"
        f"{', to be made again' if d['again'] else ', to be made elsewhere'}."
    ),
    events.FulfillmentHeld: lambda d: f"Packed, but may not leave: {d['reason']}.",
    events.FulfillmentShipped: lambda d: f"{place(d['location_id'])} has handed it over.",
    events.FulfillmentReadyForPickup: lambda d: (
        f"Waits to be collected at {place(d['location_id'])}, until {day(d['collect_by'])}."
    ),
    events.PickupReminded: lambda _: "The customer is reminded that it waits.",
    events.FulfillmentUncollected: lambda d: (
        f"Nobody came: {place(d['location_id'])} has {units(d['units'])} in stock again."
    ),
    events.LabelBought: lambda d: (
        f"Label for parcel {short(d['shipment_id'])}: {d['tracking_number']}."
    ),
    events.ShipmentUpdated: lambda d: (
        f"The carrier on parcel {short(d['shipment_id'])}: {d['status'].replace('_', ' ')}."
    ),
    events.ShipmentDelayed: lambda d: (
        f"Late ({d['cause'].replace('_', ' ')}): promised by {day(d['deliver_by'])}."
    ),
    events.ReturnApproved: lambda d: f"Return approved: {units(d['units'])}.",
    events.ReturnLabeled: lambda d: f"Label for the way back: {d['tracking_number']}.",
    events.ReturnReceived: lambda d: (
        f"Back and counted: {units(d['units'])}, worth {money(d['refund'])}."
    ),
    events.ReturnRefunded: lambda _: "The return is settled.",
    events.WorkItemOpened: lambda d: f"A person is asked to look: {d['cause'].replace('_', ' ')}.",
    events.WorkItemClosed: lambda _: "A person has looked.",
}

_BY_NAME = {event.name: sentence for event, sentence in SENTENCES.items()}


def sentence(item: TimelineItem) -> str:
    """What happened, for somebody in the shop; empty for what they need not know."""
    say = _BY_NAME.get(item.name)
    return say(item.data) if say else ""


def money(amount: Any) -> str:
    return str(Money.model_validate(amount))


def units(listed: Any) -> str:
    return ", ".join(f"{one['quantity']} × {one['sku'] or one['line_id']}" for one in listed)


def place(location_id: str) -> str:
    return location_id.replace("-", " ").title()


def short(child_id: str) -> str:
    """`F1-P1` of `O-4QXN…-F1-P1`."""
    return child_id.split("-", 2)[-1]


def day(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%A %-d %B}"


def _promised(deliver_by: str | None) -> str:
    return f", promised by {day(deliver_by)}" if deliver_by else ""


def _parcels(shipment_ids: Any) -> str:
    count = len(shipment_ids)
    return f"{count} parcel{'s' if count > 1 else ''}"
