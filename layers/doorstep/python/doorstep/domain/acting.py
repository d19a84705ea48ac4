"""What the rules do with an order besides finding its locations: hold it, queue it, give it up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from doorstep.domain import placing
from doorstep.domain.order import Order
from doorstep.domain.rules import Action, Sale, SourcingRules, Verb
from doorstep.domain.work_items import QUEUED, open_work_item


def stop(order: Order, rules: SourcingRules, *, at: datetime) -> Order:
    """The order on hold, where the rules want somebody to look at it before it is routed.

    Every rule does so once: what was released goes on.
    """
    known = {hold.hold_id for hold in order.holds}
    for action in _applying(order, rules, Verb.HOLD, Verb.QUEUE):
        key, why = f"rules-{action.name}", action.reason or action.name
        if key in known:
            continue
        queued = action.do is Verb.QUEUE
        order = placing.put_on_hold(order, key, (why,), by=rules.label, at=at, queued=queued)
        if queued:
            order = open_work_item(
                order, QUEUED, subject=order.order_id, text=f"To be routed: {why}.", at=at
            )
    return order


def give_up_later(order: Order, rules: SourcingRules, *, at: datetime) -> Order:
    """The order with the time until which a location is looked for, where the rules have one.

    It runs from the first look that left units without a location, but not before goods are there
    that were sold as expected; and ends when all have one.
    """
    actions = list(_applying(order, rules, Verb.CANCEL_AFTER)) if order.waiting else []
    if not actions:
        return order if order.cancel_at is None else order.changed(cancel_at=None)
    if order.cancel_at:
        return order
    first = min(actions, key=lambda action: action.hours or 0)
    expected = order.promise.goods_at if order.promise else None
    since = max(at, expected or at)
    return order.changed(
        cancel_at=since + timedelta(hours=first.hours or 0), cancel_why=first.reason or first.name
    )


def _applying(order: Order, rules: SourcingRules, *verbs: Verb) -> Iterator[Action]:
    sale = Sale.of(order)
    return (one for one in rules.actions if one.do in verbs and one.orders.matches(sale))
