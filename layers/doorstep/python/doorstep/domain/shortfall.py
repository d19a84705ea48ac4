"""Units that no location can ship, or no stock holds: since when, and the offer made for them."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain import events
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.remedy import SOONEST_OFFER, Remedy, RemedyStatus
from doorstep.domain.work_items import report

_NONE = "nothing is missing any more"
_OTHERS = "other units are missing by now"


def follow(order: Order, *, at: datetime) -> Order:
    """The order after units were placed, canceled or given back.

    It remembers since when there are units without a location. An offer that is about others than
    these is withdrawn: what arrives meanwhile fills the order, and nobody chooses about it any
    more. For what is left there is another offer.
    """
    units = order.unplaced if order.status is OrderStatus.PLACED else {}
    if not units:
        order = order.changed(short_since=None, offer_at=None)
    elif order.short_since is None:
        order = order.changed(short_since=at, offer_at=at + SOONEST_OFFER)
    offer = order.offered
    if offer is None or offer.units == units:
        return order
    order = withdraw(order, offer, reason=_OTHERS if units else _NONE, at=at)
    return order.changed(offer_at=at if units else None)


def withdraw(order: Order, remedy: Remedy, *, reason: str, at: datetime) -> Order:
    """There is nothing to choose any more; none is offered again by itself."""
    gone = remedy.to(RemedyStatus.WITHDRAWN, reason=reason, ended_at=at)
    withdrawn = events.RemedyWithdrawn(remedy_id=remedy.remedy_id, reason=reason)
    return order.with_remedy(gone).changed(offer_at=None).raising(withdrawn)


def report_shortage(order: Order, *, at: datetime) -> Order:
    """Tell everybody, once, that a placed order has units that no stock holds."""
    short = tuple(line.units(line.backordered) for line in order.lines if line.backordered)
    if not short:
        return order
    names = ", ".join(f"{unit.quantity} × {unit.sku or unit.line_id}" for unit in short)
    noted = report(order, "shortage", text=f"Paid for, but not in stock: {names}.", at=at)
    return noted.raising(events.OrderShort(units=short)) if noted is not order else order
