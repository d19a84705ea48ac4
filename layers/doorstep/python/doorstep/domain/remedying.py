"""From units that cannot be found to a way out: offer, choose, expire, carry out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from doorstep.domain import allocating, events, placing, shortfall
from doorstep.domain.errors import IllegalTransition, InvalidCommand
from doorstep.domain.money import Money, total
from doorstep.domain.order import Line, LineKind, Order, OrderStatus
from doorstep.domain.payment import STOREFRONT
from doorstep.domain.promise import Promise
from doorstep.domain.remedy import (
    Remedy,
    RemedyKind,
    RemedyOption,
    RemedyStatus,
    Substitute,
)
from doorstep.domain.shipment import DelayCause
from doorstep.domain.work_items import SHORT, close_work_items, open_work_item

MAX_SUBSTITUTED = 10
"""Lines of one remedy that something else may be sent for: all of them in one transaction."""

_MAX_CANCELED = 30
"""Lines that one commit cancels; the rest follows."""

CANCELED = "could not be found"
"""Why units are canceled that nobody had."""


def options(
    order: Order,
    substitutes: Iterable[Substitute],
    promise: Promise | None,
    *,
    sent: Promise | None = None,
    ask_again_at: datetime,
) -> tuple[RemedyOption, ...]:
    """What may be done about its units without a location, with what comes of each.

    `promise` is for who waits, `sent` for what is sent instead. That is only offered where every
    line with such units has a substitute; a part only where something else is left, and all of
    it only where that is more than the part.
    """
    units, found = order.unplaced, tuple(substitutes)
    again = promise.ship_by if promise else ask_again_at
    offered = [RemedyOption(kind=RemedyKind.WAIT, promise=promise, ask_again_at=again)]
    if units and units.keys() == {one.line_id for one in found} and len(units) <= MAX_SUBSTITUTED:
        instead = RemedyOption(kind=RemedyKind.SUBSTITUTE, substitutes=found, promise=sent)
        offered.append(instead)
    left = any(line.open > units.get(line.line_id, 0) for line in order.lines)
    unpacked = any(x.ordered - x.settled_units > units.get(x.line_id, 0) for x in order.lines)
    if left:
        gone = (order.line(line_id).share(quantity) for line_id, quantity in units.items())
        back = total(gone, order.currency)
        offered.append(RemedyOption(kind=RemedyKind.PARTIAL, refund=back))
    if unpacked or not left:
        offered.append(RemedyOption(kind=RemedyKind.REFUND, refund=_rest(order)))
    return tuple(offered)


def offer(
    order: Order,
    offered: tuple[RemedyOption, ...],
    *,
    deadline: datetime,
    at_deadline: RemedyKind,
    at: datetime,
) -> Order:
    """Let the customer choose. Raises IllegalTransition where nothing waits for a location, or
    there is an offer already.

    Where what the policy would do at the deadline is not offered, the money is paid back that is.
    """
    if not allocating.waiting(order) or order.offered:
        state = "being offered a remedy" if order.offered else _state(order)
        raise IllegalTransition(f"order {order.order_id}", state, "offered a remedy")
    if deadline <= at:
        raise InvalidCommand({"deadline": "has passed already"})
    kinds = tuple(option.kind for option in offered)
    back = RemedyKind.PARTIAL if RemedyKind.PARTIAL in kinds else RemedyKind.REFUND
    remedy = Remedy(
        remedy_id=f"{order.order_id}-M{len(order.remedies) + 1}",
        units=order.unplaced,
        options=offered,
        offered_at=at,
        deadline=deadline,
        at_deadline=at_deadline if at_deadline in kinds else back,
    )
    event = events.RemedyOffered(
        remedy_id=remedy.remedy_id,
        units=tuple(order.line(line_id).units(units) for line_id, units in remedy.units.items()),
        kinds=kinds,
        deadline=deadline,
        at_deadline=remedy.at_deadline,
    )
    return order.with_remedy(remedy).changed(offer_at=None).raising(event)


def choose(
    order: Order, key: str, kind: RemedyKind, substitutes: Mapping[str, str], *, at: datetime
) -> Order:
    """What the customer wants done. Raises IllegalTransition after the deadline, and InvalidCommand
    for what was not offered.
    """
    remedy = order.remedy(key)
    if remedy.open and at > remedy.deadline:
        raise IllegalTransition(f"remedy {key}", "past its deadline", RemedyStatus.CHOSEN)
    chosen = remedy.to(
        RemedyStatus.CHOSEN, choice=kind, substitutes=dict(substitutes), decided_at=at
    )
    _check(chosen)
    return order.with_remedy(chosen).raising(events.RemedyChosen(remedy_id=key, kind=kind))


def promise_substitutes(order: Order, key: str, promise: Promise | None) -> Order:
    """When what is sent instead would arrive, as things are now."""
    remedy = order.remedy(key)
    offered = tuple(
        option.model_copy(update={"promise": promise})
        if option.kind is RemedyKind.SUBSTITUTE
        else option
        for option in remedy.options
    )
    return order.with_remedy(remedy.model_copy(update={"options": offered}))


def expire(order: Order, key: str, *, at: datetime) -> Order:
    """Nobody chose in time: what was announced for that is to be done."""
    remedy = order.remedy(key)
    if remedy.open and at <= remedy.deadline:
        raise IllegalTransition(f"remedy {key}", "before its deadline", RemedyStatus.EXPIRED)
    expired = remedy.to(RemedyStatus.EXPIRED, choice=remedy.at_deadline, decided_at=at)
    event = events.RemedyExpired(remedy_id=key, kind=remedy.at_deadline)
    return order.with_remedy(expired).raising(event)


def carry_out(order: Order, key: str, *, at: datetime) -> Order:
    """Do what was decided, or as much of it as one commit takes: repeat until it is carried out.

    Where nothing is left of its units, because the order was canceled meanwhile, it is withdrawn.
    """
    remedy = order.remedy(key)
    units = order.unplaced if order.status is OrderStatus.PLACED else {}
    units = {i: min(units[i], quantity) for i, quantity in remedy.units.items() if i in units}
    if not remedy.decided:
        raise IllegalTransition(f"remedy {key}", remedy.status, RemedyStatus.CARRIED_OUT)
    if not units and remedy.refund is None:
        return shortfall.withdraw(order, remedy, reason="nothing is left of it", at=at)
    before = _rest(order)
    match remedy.choice:
        case RemedyKind.WAIT:
            order, done = _promised(order, remedy), True
        case RemedyKind.SUBSTITUTE:
            order = _promised(_substituted(order, remedy, units, at=at), remedy)
            done = True
        case RemedyKind.REFUND:
            order = placing.cancel(order, reason=CANCELED, at=at)
            done = not placing.cancelable(order)
        case _:
            first = dict(list(units.items())[:_MAX_CANCELED])
            order = placing.cancel_units(order, first, reason=CANCELED, at=at)
            done = len(first) == len(units)
    back = (remedy.refund or Money.zero(order.currency)) + before - _rest(order)
    order = order.with_remedy(remedy.model_copy(update={"refund": back}))
    return _carried_out(order, key, at=at) if done else order


def _carried_out(order: Order, key: str, *, at: datetime) -> Order:
    remedy = order.remedy(key)
    remedy = remedy.to(RemedyStatus.CARRIED_OUT, ended_at=at)
    option = remedy.chosen
    waits = remedy.choice is RemedyKind.WAIT
    renewed = option and option.promise and option.promise == order.promise
    back = remedy.refund or Money.zero(order.currency)
    order = order.with_remedy(remedy).raising(
        events.RemedyCarriedOut(
            remedy_id=key,
            kind=str(remedy.choice),
            refund=back,
            deliver_by=order.promise.deliver_by if renewed and order.promise else None,
        )
    )
    settled = (DelayCause.WAITING_TOO_LONG, *(() if waits else SHORT))
    order = close_work_items(order, settled, at=at)
    if option and waits:
        order = order.changed(offer_at=option.ask_again_at)
    elif remedy.choice is RemedyKind.SUBSTITUTE:  # nobody has looked for a location yet
        order = order.changed(short_since=None)
    taken = any(p.provider == STOREFRONT and p.captured for p in order.payments)
    if taken and back > Money.zero(order.currency):
        text = f"{back} is to be paid back by the storefront, which took the money."
        order = open_work_item(order, "refund_elsewhere", subject=key, text=text, at=at)
    return order


def _promised(order: Order, remedy: Remedy) -> Order:
    """The old promise is kept beside the new one; without a later one the old one stands."""
    new, old = remedy.chosen.promise if remedy.chosen else None, order.promise
    if new is None or (old and new.deliver_by <= old.deliver_by):
        return order
    earlier = (*order.earlier_promises, *((old,) if old else ()))
    alerts = tuple(cause for cause in order.alerts if cause != DelayCause.WAITING_TOO_LONG)
    return order.changed(promise=new, earlier_promises=earlier, alerts=alerts)


def _substituted(order: Order, remedy: Remedy, units: Mapping[str, int], *, at: datetime) -> Order:
    """Each line's missing units are canceled, and a new line with others is held.

    The new line is paid from what the canceled units carried, and never costs more than that.
    """
    sent: dict[str, int] = {}
    number = remedy.remedy_id.rpartition("-")[2]
    for line_id, quantity in units.items():
        one, line = remedy.substitute(line_id), order.line(line_id)
        if one is None:
            raise InvalidCommand({f"substitutes.{line_id}": "was not offered"})
        new = _instead(line, one, quantity, f"{line_id}-{number}")
        order = order.with_lines([line.changed(substituted=line.substituted + quantity)])
        order = order.changed(lines=(*order.lines, new))
        sent[new.line_id] = quantity
    order = placing.cancel_units(order, units, reason=CANCELED, at=at)
    order = placing.hold_units(order, sent)
    for line_id in sent:
        new = order.line(line_id)
        order = order.raising(
            events.LineSubstituted(
                units=new.units(new.ordered), replaces=new.replaces, total=new.total
            )
        )
    return order.raising(events.AllocationRequested())


def _instead(line: Line, one: Substitute, quantity: int, key: str) -> Line:
    """The line of a substitute, not held yet: as listed, less what is given to the customer."""
    share = line.share(quantity)
    listed = one.listed.share(settled=0, units=quantity, of=one.quantity)
    tax = one.tax.share(settled=0, units=quantity, of=one.quantity)
    paid = max(min(share, listed), Money.zero(share.currency))
    return Line(
        line_id=key,
        sku=one.sku,
        name=one.name,
        kind=LineKind.STANDARD,
        unit_price=one.unit_price,
        discount=listed - paid,
        tax=tax.share(settled=0, units=paid.minor, of=listed.minor) if listed else tax,
        total=paid,
        ordered=quantity,
        backordered=quantity,
        settled=Money.zero(paid.currency),
        refunded=Money.zero(paid.currency),
        replaces=line.line_id,
    )


def _rest(order: Order) -> Money:
    """What is still to be charged, or was charged in advance, for units that are not packed."""
    lines = total((line.total - line.settled for line in order.lines), order.currency)
    if all(line.settled_units == line.ordered for line in order.lines):
        return lines
    carried = total((parcel.order_amount for parcel in order.parcels), order.currency)
    return lines + order.totals.shipping + order.totals.fees - carried


def _check(remedy: Remedy) -> None:
    """Raise InvalidCommand for a choice that was not offered."""
    faults = {}
    if remedy.choice is None or remedy.option(remedy.choice) is None:
        faults["kind"] = "this was not offered"
    if remedy.substitutes and remedy.choice is not RemedyKind.SUBSTITUTE:
        faults["substitutes"] = "only with the kind substitute"
    else:
        for line_id in remedy.substitutes:
            if remedy.substitute(line_id) is None:
                faults[f"substitutes.{line_id}"] = "this was not offered"
    if faults:
        raise InvalidCommand(faults)


def _state(order: Order) -> str:
    if order.status is not OrderStatus.PLACED:
        return order.status
    return "on hold" if order.on_hold else "being remedied" if order.deciding else "allocated"
