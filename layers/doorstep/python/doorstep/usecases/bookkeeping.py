"""Compare what we say of payments with what their provider reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from doorstep.domain import reconciling
from doorstep.domain.errors import Conflict, NotFound
from doorstep.domain.order import order_of
from doorstep.domain.payment import PaymentAction
from doorstep.domain.reconciling import Booking, Difference, DifferenceKind, Reconciliation
from doorstep.ports import Clock, Orders, PaymentReport, Queues, Reconciliations

_GRACE = timedelta(hours=1)
"""How long a movement may take to be in both; and how far the two clocks may differ."""

_TRIES = 3


class Compared(NamedTuple):
    """How many bookings were compared, what differs, and orders that were too busy."""

    bookings: int
    differences: tuple[Difference, ...]
    busy: tuple[str, ...]


def reconcile_payments(
    provider: str,
    *,
    report: PaymentReport,
    orders: Orders,
    queues: Queues,
    reconciliations: Reconciliations,
    clock: Clock,
    limit: int = 500,
) -> Compared:
    """Compare every movement since the last run, both ways: what the provider booked with what we
    asked for, and what we have moved with what it booked.

    Safe to repeat: it compares, and tells a person once.
    """
    until = clock() - _GRACE
    known = reconciliations.days(provider, 1)
    since = known[0].until if known else until - timedelta(days=1)
    waiting = queues.due("reconcile", until, limit)
    oldest = [at for key in waiting for at in _unreconciled(key, orders)]
    booked: dict[str, list[Booking]] = defaultdict(list)
    for one in report.bookings(min([since, *oldest]) - _GRACE, clock()):
        booked[order_of(one.payment_id)].append(one)
    new = {key for key, found in booked.items() if any(since <= one.at < until for one in found)}
    differences: list[Difference] = []
    busy = []
    for key in sorted(new | set(waiting)):
        try:
            differences += _compare(key, booked[key], until, orders=orders, clock=clock)
        except Conflict:
            busy.append(key)
    count = sum(since <= one.at < until for found in booked.values() for one in found)
    _keep(provider, known, until, count, differences, reconciliations)
    return Compared(count, tuple(differences), tuple(busy))


def _unreconciled(key: str, orders: Orders) -> list[datetime]:
    payments = orders.get(key).payments
    return [one.unreconciled_since for one in payments if one.unreconciled_since]


def _compare(
    key: str, booked: Sequence[Booking], until: datetime, *, orders: Orders, clock: Clock
) -> list[Difference]:
    """Compare one order's payments, and write down what came of it."""
    for _ in range(_TRIES - 1):
        try:
            return _compare_once(key, booked, until, orders, clock)
        except Conflict:
            continue
    return _compare_once(key, booked, until, orders, clock)


def _compare_once(
    key: str, booked: Sequence[Booking], until: datetime, orders: Orders, clock: Clock
) -> list[Difference]:
    differences: list[Difference] = []
    try:
        order = orders.get(key)
    except NotFound:
        return [_unknown(one) for one in booked]
    ours = {payment.payment_id for payment in order.payments}
    for one in booked:
        if one.payment_id not in ours:
            differences.append(_unknown(one))
        elif one.action is PaymentAction.CHARGEBACK:
            order = reconciling.charge_back(order, one, at=clock())
    for payment in order.payments:
        about = [one for one in booked if one.payment_id == payment.payment_id]
        found = reconciling.compare(payment, about, until=until)
        differences += found
        order = reconciling.reconciled(order, payment.payment_id, found, until=until, at=clock())
    orders.commit(order)
    return differences


def _unknown(booking: Booking) -> Difference:
    """A movement of a payment that we have never heard of."""
    return Difference(
        kind=DifferenceKind.UNKNOWN_HERE,
        payment_id=booking.payment_id,
        key=booking.key,
        theirs=booking.amount,
    )


def _keep(
    provider: str,
    known: Sequence[Reconciliation],
    until: datetime,
    bookings: int,
    differences: Sequence[Difference],
    reconciliations: Reconciliations,
) -> None:
    """Add this run to the record of its day."""
    same = [day for day in known if day.day == until.date()]
    day = same[0] if same else Reconciliation(provider=provider, day=until.date(), until=until)
    reconciliations.save(day.with_more(until, bookings, differences))
