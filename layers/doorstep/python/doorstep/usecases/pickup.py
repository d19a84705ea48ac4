"""Collected by the customer: arrived at the store, handed over to who has the code, or given back.

Each call may come twice: it looks first at what is done already.
"""

from __future__ import annotations

import hmac
from typing import NamedTuple

from pydantic import Field

from doorstep.domain import pickup
from doorstep.domain.errors import Conflict, IllegalTransition, InvalidCommand, NotFound
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.order import Order, order_of
from doorstep.domain.record import Command
from doorstep.ports import Clock, Orders, Queues
from doorstep.usecases.change import change


class Collection(Command):
    """Who collects: they say their code, or an agent has checked who they are."""

    code: str = Field(default="", max_length=20)
    identity: str = Field(default="", max_length=40)
    """What an agent has looked at, such as `passport`."""


class Swept(NamedTuple):
    """Pickups whose customers were reminded, and those that were given back."""

    reminded: tuple[str, ...]
    given_back: tuple[str, ...]


def arrive(key: str, *, orders: Orders, clock: Clock) -> Order:
    """What was shipped to the store is there, and ready to be collected."""

    def decide(order: Order) -> Order:
        if order.fulfillment_order(key).status is FulfillmentStatus.READY_FOR_PICKUP:
            return order
        return pickup.arrive(order, key, at=clock())

    return change(key, orders, decide)


def collect(key: str, collection: Collection, *, orders: Orders, clock: Clock) -> Order:
    """Hand it over. Raises InvalidCommand for a wrong code, IllegalTransition unless it waits."""

    def decide(order: Order) -> Order:
        known_by = _known_by(order, collection)
        if order.fulfillment_order(key).status is FulfillmentStatus.DELIVERED:
            return order
        return pickup.collect(order, key, known_by=known_by, at=clock())

    return change(key, orders, decide)


def sweep(*, orders: Orders, queues: Queues, clock: Clock, limit: int = 100) -> Swept:
    """Remind customers of what they have not collected, and give back what nobody came for.

    Reads only what is due, and decides on the record.
    """
    reminded, given_back = [], []
    for key in queues.due("pickup", clock(), limit):
        try:
            order = orders.get(order_of(key))
            one = order.fulfillment_order(key)
            if one.look_at is None or one.look_at[1] != "pickup" or one.look_at[0] > clock():
                continue
            if one.remind_at:
                orders.commit(pickup.remind(order, key))
                reminded.append(key)
            else:
                orders.commit(pickup.give_back(order, key, at=clock()))
                given_back.append(key)
        except (Conflict, NotFound, IllegalTransition):
            continue
    return Swept(tuple(reminded), tuple(given_back))


def _known_by(order: Order, collection: Collection) -> str:
    """How we know that it is theirs; raises InvalidCommand where we do not."""
    if collection.identity:
        return "identity"
    said = collection.code.strip().upper()
    if not order.pickup_code or not hmac.compare_digest(said.encode(), order.pickup_code.encode()):
        raise InvalidCommand({"code": "not the code of this pickup"})
    return "code"
