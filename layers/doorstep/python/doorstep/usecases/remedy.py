"""Remedies: offered for what cannot be filled, chosen or expired, carried out once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from doorstep.domain import allocating, remedying, shortfall
from doorstep.domain.errors import (
    Conflict,
    Failure,
    IllegalTransition,
    NotFound,
    OutOfStock,
    Refusal,
)
from doorstep.domain.order import Order, order_of
from doorstep.domain.remedy import Remedy, RemedyKind, RemedyStatus, Substitute
from doorstep.ports import (
    Catalog,
    Clock,
    Orders,
    PaymentGateway,
    Policies,
    Queues,
    Stock,
    TaxEngine,
)
from doorstep.usecases import shards
from doorstep.usecases.cancel import carry_out_voids, request_voids
from doorstep.usecases.ways_out import promise_of, promised_beyond_stock, ways_out

_TRIES = 4


class Swept(NamedTuple):
    """What the clock has offered and settled, and the ids of those to be tried again next time."""

    offered: tuple[str, ...]
    settled: tuple[str, ...]
    failed: tuple[str, ...]


def offer_remedy(
    order_id: str,
    *,
    deadline: datetime | None = None,
    orders: Orders,
    catalog: Catalog,
    stock: Stock,
    tax: TaxEngine,
    policies: Policies,
    clock: Clock,
) -> Remedy:
    """Offer the customer a way out, now. An offer that is open already is answered as it is.

    Raises IllegalTransition where no unit waits for a location.
    """
    order = orders.get(order_id)
    if order.offered:
        return order.offered
    order = _offering(order, deadline, catalog, stock, tax, policies, clock)
    (order,) = orders.commit(order)
    return order.remedies[-1]


def choose_remedy(
    remedy_id: str,
    kind: RemedyKind,
    substitutes: Mapping[str, str],
    *,
    orders: Orders,
    catalog: Catalog,
    stock: Stock,
    gateway: PaymentGateway,
    clock: Clock,
) -> Remedy:
    """Do what the customer wants. The same choice again is answered with what became of it.

    Goods that arrive at the same moment either fill the order or are too late: whoever writes
    first. Raises IllegalTransition where there is nothing to choose any more, OutOfStock where the
    substitute is gone, InvalidCommand for what was not offered.
    """
    for _ in range(_TRIES):
        order = orders.get(order_of(remedy_id))
        remedy = order.remedy(remedy_id)
        if (remedy.choice, remedy.substitutes) == (kind, dict(substitutes)):
            return _finished(order, remedy_id, orders, gateway, clock).remedy(remedy_id)
        chosen = remedying.choose(order, remedy_id, kind, substitutes, at=clock())
        try:
            if kind is RemedyKind.SUBSTITUTE:  # held with the choice: what is chosen is there
                sent = chosen.remedy(remedy_id).sent
                _gather(sent, remedy_id, stock, clock())
                dates = promise_of(order, sent, catalog=catalog, stock=stock, at=clock())
                chosen = remedying.promise_substitutes(chosen, remedy_id, dates)
                chosen = _step(chosen, remedy_id, clock)
            (order,) = orders.commit(chosen)
        except Conflict:
            continue
        return _finished(order, remedy_id, orders, gateway, clock).remedy(remedy_id)
    raise Conflict([order_of(remedy_id)])


def withdraw_remedy(remedy_id: str, *, orders: Orders, clock: Clock) -> Remedy:
    """Take an offer back; one that was taken back already is answered as it is."""
    order = orders.get(order_of(remedy_id))
    remedy = order.remedy(remedy_id)
    if remedy.status is RemedyStatus.WITHDRAWN:
        return remedy
    if not remedy.open:
        raise IllegalTransition(f"remedy {remedy_id}", remedy.status, RemedyStatus.WITHDRAWN)
    gone = shortfall.withdraw(order, remedy, reason="taken back by an agent", at=clock())
    (order,) = orders.commit(gone)
    return order.remedy(remedy_id)


def sweep_remedies(
    *,
    orders: Orders,
    queues: Queues,
    catalog: Catalog,
    stock: Stock,
    tax: TaxEngine,
    policies: Policies,
    gateway: PaymentGateway,
    clock: Clock,
    limit: int = 100,
) -> Swept:
    """Offer what is due to be offered, decide what nobody chose, finish what was left unfinished.

    One that fails does not keep the others waiting. What nobody foresaw is raised at the end, as
    an ExceptionGroup, so that somebody hears of it.
    """
    offered: list[str] = []
    settled: list[str] = []

    def offering(order_id: str) -> None:
        order = orders.get(order_id)
        at = clock()
        if order.offer_at is None or order.offer_at > at or order.offered:
            return
        if not allocating.unfillable(order) or order.short_since is None or order.cancel_at:
            return  # rules that give up are an answer already
        policy = policies.remedy(order.channel)
        soonest = order.short_since + timedelta(minutes=policy.offer_after_minutes)
        if not policy.automatic or soonest > at:
            orders.commit(order.changed(offer_at=soonest if policy.automatic else None))
            return
        if expected := promised_beyond_stock(order, catalog=catalog, at=at):
            orders.commit(order.changed(offer_at=expected))
            return
        orders.commit(_offering(order, None, catalog, stock, tax, policies, clock))
        offered.append(order_id)

    def settling(remedy_id: str) -> None:
        order = orders.get(order_of(remedy_id))
        remedy = order.remedy(remedy_id)
        if remedy.due is None or remedy.due >= clock():
            return
        if remedy.open:
            (order,) = orders.commit(remedying.expire(order, remedy_id, at=clock()))
        _finished(order, remedy_id, orders, gateway, clock)
        settled.append(remedy_id)

    work: list[tuple[Callable[[str], None], str]] = []
    work += [(offering, key) for key in queues.due("unallocated", clock(), limit)]
    work += [(settling, key) for key in queues.due("remedy", clock(), limit)]
    failed = _each(work)
    return Swept(tuple(offered), tuple(settled), failed)


def _each(work: Iterable[tuple[Callable[[str], None], str]]) -> tuple[str, ...]:
    """Do it all; answers the ids of what failed. Raises an ExceptionGroup at the end."""
    failed, unforeseen = [], []
    for task, key in work:
        try:
            task(key)
        except (Conflict, NotFound):
            continue
        except (Failure, Refusal):
            failed.append(key)
        except Exception as error:  # noqa: BLE001 (the others must not wait for it)
            error.add_note(key)
            unforeseen.append(error)
    if unforeseen:
        raise ExceptionGroup("remedies that could not be settled", unforeseen)
    return tuple(failed)


def _offering(
    order: Order,
    deadline: datetime | None,
    catalog: Catalog,
    stock: Stock,
    tax: TaxEngine,
    policies: Policies,
    clock: Clock,
) -> Order:
    """The order with an offer, to be committed."""
    policy, at = policies.remedy(order.channel), clock()
    return remedying.offer(
        order,
        ways_out(order, policy, catalog=catalog, stock=stock, tax=tax, at=at),
        deadline=deadline or at + timedelta(hours=policy.answer_within_hours),
        at_deadline=policy.at_deadline,
        at=at,
    )


def _finished(
    order: Order, remedy_id: str, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Carry out what was decided, if it is not, and give free the money that is not needed."""
    while order.remedy(remedy_id).decided:
        (order,) = orders.commit(_step(order, remedy_id, clock))
    return carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)


def _step(order: Order, remedy_id: str, clock: Clock) -> Order:
    """As much of it as one commit takes; with the last part goes the money that is not needed."""
    order = remedying.carry_out(order, remedy_id, at=clock())
    return order if order.remedy(remedy_id).decided else request_voids(order, clock=clock)


def _gather(sent: Sequence[Substitute], remedy_id: str, stock: Stock, at: datetime) -> None:
    """Bring the last units of a hot substitute to the shard that is asked for them."""
    wanted: dict[tuple[str, int], int] = {}
    for one in sent:
        wanted[one.sku, 0] = wanted.get((one.sku, 0), 0) + one.quantity
    levels = stock.levels(sku for sku, _ in wanted)
    short = {
        sku: (units, levels[sku].available)
        for (sku, _), units in wanted.items()
        if levels[sku].available < units
    }
    if short:
        raise OutOfStock(short)
    shards.gather(wanted, levels, f"{remedy_id}-{at.isoformat()}", stock=stock)
