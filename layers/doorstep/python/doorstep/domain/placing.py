"""From the buy button to a placed order, and back out of it: receive, authorize, place, hold,
cancel.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from doorstep.domain import events, shortfall, stock
from doorstep.domain.canceling import TooLate, cancelable_parts, too_late, withdraw
from doorstep.domain.errors import IllegalTransition, NotFound, QuantityExceeded
from doorstep.domain.order import Hold, Line, Order, OrderStatus
from doorstep.domain.payment import (
    Payment,
    PaymentAction,
    PaymentEvent,
    PaymentOutcome,
    Terms,
)
from doorstep.domain.voiding import request_void
from doorstep.domain.work_items import QUEUED, SHORT, close_work_items

#: What an order moves in one commit: DynamoDB takes 100 actions in one transaction.
MAX_SKUS_PER_COMMIT = 40
"""Lines that are only held or released: two actions each."""
MAX_PARTS_PER_COMMIT = 20
"""Lines that are given to a location or taken from it: four actions each, and its rows. No
fulfillment order has more."""

NO_TERMS = Terms()

NOT_ASKED = "another payment of the order was declined"
"""Why a tender behind a declined one failed."""

_SETTLED_BY_CANCELING = (*SHORT, "personalization", QUEUED)
"""Those about units that nobody has to find, or to describe, any more."""


def receive(
    order: Order,
    payments: Sequence[Payment],
    *,
    at: datetime,
    leaving: Mapping[str, int] | None = None,
) -> Order:
    """A checkout begins: everything it needs is held, and the intents to authorize are written.

    `leaving` maps a SKU to units that it must leave available. Raises InvalidCommand where it is
    too large to be kept.
    """
    order.check_size()
    for payment in payments:
        intent = PaymentEvent(
            key=f"{payment.payment_id}-authorize",
            action=PaymentAction.AUTHORIZE,
            amount=payment.amount,
            outcome=PaymentOutcome.REQUESTED,
            at=at,
        )
        order = order.with_payment(payment.with_event(intent))
    received = events.OrderReceived(channel=order.channel, total=order.totals.total)
    return order.raising(received).moving(*_holds(order.lines, order.order_id, leaving or {}))


def hold_units(order: Order, held: Mapping[str, int], owed: Collection[str] = ()) -> Order:
    """Take `held[line_id]` backordered units from what the network has to sell.

    Those of SKUs in `owed` are on no shelf.
    """
    changed = [
        line.changed(
            backordered=line.backordered - held[line.line_id],
            owed=line.owed + (held[line.line_id] if line.sku in owed else 0),
        )
        for line in order.lines
        if held.get(line.line_id)
    ]
    cause = f"{order.order_id}-V{order.version + 1}"
    movements = [
        stock.Movement(
            kind=_hold(beyond=line.sku in owed),
            sku=line.sku,
            quantity=held[line.line_id],
            cause=f"{cause}-{line.line_id}",
            shard=line.stock_shard,
        )
        for line in changed
        if line.sku and line.tracked
    ]
    return order.with_lines(changed).moving(*movements)


def authorized(
    order: Order, payment_id: str, *, reference: str, at: datetime, terms: Terms = NO_TERMS
) -> Order:
    """The provider reserved the money."""
    payment = order.payment(payment_id)
    event = _answered(payment, "authorize", PaymentOutcome.SUCCEEDED, at, reference)
    update = {"reference": reference, "terms": terms}
    paid = payment.with_event(event).model_copy(update=update)
    return order.with_payment(paid).raising(
        events.PaymentAuthorized(payment_id=payment_id, amount=payment.amount)
    )


def place(order: Order, *, at: datetime, hold_reasons: tuple[str, ...] = ()) -> Order:
    """The order is binding.

    It waits where there are reasons to hold it, and is allocated otherwise.
    """
    placed = order.to(OrderStatus.PLACED).changed(placed_at=at, expires_at=None)
    owed = tuple(line.units(line.owed) for line in order.lines if line.owed)
    if hold_reasons:
        placed = put_on_hold(placed, "review", hold_reasons, by="system", at=at)
    return placed.raising(
        events.OrderPlaced(
            channel=order.channel,
            total=order.totals.total,
            deliver_by=order.promise.deliver_by if order.promise else None,
            on_hold=placed.on_hold,
        ),
        *([events.OrderBackordered(units=owed)] if owed else []),
    )


def decline(order: Order, payment_id: str, *, reason: str, at: datetime) -> Order:
    """A provider refused one tender: the stock is free again and the order is over.

    What other tenders have reserved is to be given free, and those behind it are not asked.
    """
    for payment in order.payments:
        key, why = payment.payment_id, NOT_ASKED
        if key == payment_id:
            why = reason
        elif not unanswered(payment):
            order = request_void(order, key, at=at)
            continue
        failed = _answered(payment, "authorize", PaymentOutcome.FAILED, at, "", why)
        order = order.with_payment(payment.with_event(failed)).raising(
            events.PaymentDeclined(payment_id=key, reason=why)
        )
    return cancel(order, reason="payment_declined", at=at)


def unanswered(payment: Payment) -> bool:
    """Whether its authorization was asked for, and nothing was heard since."""
    intent = payment.event(f"{payment.payment_id}-authorize")
    return intent is not None and intent.outcome is PaymentOutcome.REQUESTED


def why_declined(order: Order) -> str:
    """Why an undone checkout was not paid: what the provider said, not what followed from it."""
    reasons = [e.reason for p in order.payments for e in p.events if e.reason]
    return next((reason for reason in reasons if reason != NOT_ASKED), order.cancel_reason)


def cancel(
    order: Order, *, reason: str, at: datetime, unplaced: bool = False, force: bool = False
) -> Order:
    """Cancel exactly what has not been packed, and end the order where nothing else is left of it;
    with `unplaced` only what has no location.

    What a workshop has begun to make is not canceled either, but with `force`: it is scrapped then,
    and what it was made of does not come back. Held units go back to the network, allocated ones
    first to the network and then from its hold, so that the restock serves whoever comes next.
    Money that is authorized and not needed is to be voided by the caller. Of a very large order it
    cancels the part that one commit takes, and `cancelable` says whether to go on. Raises
    IllegalTransition where there is nothing to cancel.
    """
    if order.status not in (OrderStatus.PENDING, OrderStatus.PLACED):
        raise IllegalTransition(f"order {order.order_id}", order.status, "canceled")
    if unplaced:
        doomed = _unplaced(order)
    else:
        order, doomed = _next_to_cancel(order, force=force)
    if not doomed:
        begun = any(settled.reason is TooLate.IN_PRODUCTION for settled in too_late(order))
        state = "in production already" if begun else "packed already"
        raise IllegalTransition(f"order {order.order_id}", state, "canceled")
    units = tuple(order.line(line_id).units(quantity) for line_id, quantity in doomed.items())
    order = _without(order, doomed).changed(expires_at=None, cancel_at=None, cancel_reason=reason)
    order = close_work_items(order, _SETTLED_BY_CANCELING, at=at)
    if all(line.open == 0 for line in order.lines):
        order = order.to(OrderStatus.CANCELED)
    canceled = order.raising(events.OrderCanceled(reason=reason, units=units))
    return shortfall.follow(close_if_done(canceled), at=at)


def cancel_units(order: Order, doomed: Mapping[str, int], *, reason: str, at: datetime) -> Order:
    """Cancel so many units of lines that have no location, and end the order where nothing is left.

    What no stock holds goes first, and what was held goes back to the network. No more lines than
    MAX_SKUS_PER_COMMIT. Raises QuantityExceeded.
    """
    for line_id, quantity in doomed.items():
        line = order.line(line_id)
        if quantity > line.open - line.allocated:
            raise QuantityExceeded(f"line {line_id}", quantity, line.open - line.allocated)
    order = _without(order, doomed)
    units = tuple(order.line(line_id).units(quantity) for line_id, quantity in doomed.items())
    if all(line.open == 0 for line in order.lines):
        order = order.to(OrderStatus.CANCELED).changed(cancel_reason=reason)
        order = order.raising(events.OrderCanceled(reason=reason, units=units))
    else:
        order = close_if_done(order.raising(events.UnitsCanceled(reason=reason, units=units)))
    return shortfall.follow(order, at=at)


def _without(order: Order, doomed: Mapping[str, int]) -> Order:
    """The order without units that have no location: their share of the money is settled."""
    lines, movements = [], []
    cause = f"{order.order_id}-V{order.version + 1}"
    for line_id, quantity in doomed.items():
        line = order.line(line_id)
        held = quantity - min(quantity, line.backordered)
        owed = max(0, line.owed - (line.unallocated - held))
        lines.append(
            line.settle(quantity, line.share(quantity)).changed(
                canceled=line.canceled + quantity,
                backordered=line.backordered - (quantity - held),
                owed=line.owed - owed,
            )
        )
        released = {
            stock.MovementKind.RELEASED: held - owed,
            stock.MovementKind.BACKORDER_CANCELED: owed,
        }
        movements += [
            stock.Movement(
                kind=kind,
                sku=line.sku,
                quantity=part,
                cause=f"{cause}-{line.line_id}",
                shard=line.stock_shard,
            )
            for kind, part in released.items()
            if part and line.sku and line.tracked
        ]
    return order.with_lines(lines).moving(*movements)


def cancelable(order: Order, *, unplaced: bool = False, force: bool = False) -> bool:
    """Whether there are units that nobody has packed, or begun to make (with `force` these too);
    or, with `unplaced`, that have no location.
    """
    alive = order.status in (OrderStatus.PENDING, OrderStatus.PLACED)
    if unplaced:
        return alive and bool(_unplaced(order))
    waiting = any(line.open > line.allocated for line in order.lines)
    return alive and (waiting or bool(cancelable_parts(order, force=force)))


def close_if_done(order: Order) -> Order:
    """Close a placed order of which everything that was not canceled has arrived."""
    live = [line for line in order.lines if line.open]
    if order.status is OrderStatus.PLACED and live and all(x.delivered >= x.open for x in live):
        return order.to(OrderStatus.CLOSED).raising(events.OrderClosed())
    return order


def put_on_hold(
    order: Order,
    hold_id: str,
    reasons: tuple[str, ...],
    *,
    by: str,
    at: datetime,
    queued: bool = False,
) -> Order:
    """Add a hold; an active one of the same id is left as it is."""
    if any(hold.hold_id == hold_id and hold.active for hold in order.holds):
        return order
    hold = Hold(hold_id=hold_id, reasons=reasons, by=by, at=at, queued=queued)
    others = tuple(known for known in order.holds if known.hold_id != hold_id)
    return order.changed(holds=(*others, hold), cancel_at=None).raising(
        events.OrderHeld(hold_id=hold_id, reasons=reasons)
    )


def release_hold(order: Order, hold_id: str, *, by: str, at: datetime) -> Order:
    """End one hold; raises NotFound where there is no such active hold."""
    if not any(hold.hold_id == hold_id and hold.active for hold in order.holds):
        raise NotFound("active hold", hold_id)
    holds = tuple(
        hold.model_copy(update={"released_at": at, "released_by": by})
        if hold.hold_id == hold_id and hold.active
        else hold
        for hold in order.holds
    )
    freed = order.changed(holds=holds)
    freed = freed.raising(events.HoldReleased(hold_id=hold_id, on_hold=freed.on_hold))
    if not any(hold.active and hold.queued for hold in holds):
        freed = close_work_items(freed, (QUEUED,), at=at)
    return freed


def _holds(lines: tuple[Line, ...], cause: str, leaving: Mapping[str, int]) -> list[stock.Movement]:
    return [
        stock.Movement(
            kind=_hold(beyond=line.owed > 0),
            sku=line.sku,
            quantity=line.unallocated,
            cause=f"{cause}-{line.line_id}",
            shard=line.stock_shard,
            leaving=leaving.get(line.sku, 0),
        )
        for line in lines
        if line.sku and line.tracked and line.unallocated
    ]


def _hold(*, beyond: bool) -> stock.MovementKind:
    return stock.MovementKind.BACKORDERED if beyond else stock.MovementKind.HELD


def _next_to_cancel(order: Order, *, force: bool) -> tuple[Order, dict[str, int]]:
    """The order without what its locations give up, and units by line that are to go with that.

    All that may be canceled where one commit takes it; else one fulfillment order after the other,
    and then what waits for one.
    """
    found = cancelable_parts(order, force=force)
    size = len(order.lines) + sum(len(part.lines) + 1 for part in found)
    size += sum(line.owed > 0 for line in order.lines) if found else 0
    if size > MAX_SKUS_PER_COMMIT and found:
        order = withdraw(order, found[0])
        return order, {line.line_id: line.quantity for line in found[0].lines}
    for part in found:
        order = withdraw(order, part)
    waiting = {x.line_id: x.open - x.allocated for x in order.lines if x.open > x.allocated}
    return order, dict(list(waiting.items())[:MAX_SKUS_PER_COMMIT])


def _unplaced(order: Order) -> dict[str, int]:
    """Units by line that have no location; as many lines as one commit takes."""
    return dict(list(order.unplaced.items())[:MAX_SKUS_PER_COMMIT])


def _answered(
    payment: Payment,
    action: str,
    outcome: PaymentOutcome,
    at: datetime,
    reference: str = "",
    reason: str = "",
) -> PaymentEvent:
    """The intent of this action with the provider's answer."""
    intent = payment.event(f"{payment.payment_id}-{action}")
    if intent is None:
        raise NotFound("payment event", f"{payment.payment_id}-{action}")
    answer = {"outcome": outcome, "at": at, "reference": reference, "reason": reason}
    return intent.model_copy(update=answer)
