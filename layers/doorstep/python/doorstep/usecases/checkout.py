"""Checkout: price, tax, promise, hold stock, screen, authorize, place.

Resumable by anybody at any point.

The order's id is derived from channel and idempotency key, and the payment's key from the order's
id. So whoever repeats the command, whether a customer, a second caller at the same instant or the
scheduled `expire`, goes on where the first one stopped: nothing is held, charged or placed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from doorstep.domain.errors import (
    Conflict,
    FullyBooked,
    IdempotencyKeyReused,
    InvalidCommand,
    NotFound,
    OutOfStock,
)
from doorstep.domain.order import Order, order_id
from doorstep.domain.payment import Method
from doorstep.ports import Catalog, Clock, FraudScreen, Orders, PaymentGateway, Stock, TaxEngine
from doorstep.usecases.cart import Checkout
from doorstep.usecases.finish import finish
from doorstep.usecases.receive import receive


class Placed(NamedTuple):
    """The order, and whether it is this very call that made it."""

    order: Order
    created: bool


def check_out(
    command: Checkout,
    idempotency_key: str,
    *,
    orders: Orders,
    catalog: Catalog,
    stock: Stock,
    gateway: PaymentGateway,
    payment_methods: Mapping[Method, str],
    tax: TaxEngine,
    fraud: FraudScreen,
    clock: Clock,
    ttl_seconds: int,
) -> Placed:
    """Turn a cart into a placed order; `payment_methods` names the provider of each method.

    Raises InvalidCommand, OutOfStock, FullyBooked with what can be had instead, PaymentDeclined,
    IdempotencyKeyReused; PaymentOutcomeUnknown and ProviderUnavailable where a repeat with the same
    key will settle it. A declined order's key answers the same refusal again.
    """
    key = order_id(command.channel, idempotency_key)
    at = clock()
    created = True
    try:
        order = receive(
            command,
            key,
            at,
            ttl_seconds,
            payment_methods,
            orders=orders,
            catalog=catalog,
            stock=stock,
            tax=tax,
        )
    except (InvalidCommand, OutOfStock, FullyBooked, Conflict):
        known = _known(orders, key)
        if known is None:
            raise
        if known.fingerprint != command.fingerprint():
            raise IdempotencyKeyReused(idempotency_key) from None
        order, created = known, False
    placed = finish(order, orders=orders, gateway=gateway, fraud=fraud, clock=clock)
    return Placed(placed, created)


def _known(orders: Orders, key: str) -> Order | None:
    try:
        return orders.get(key)
    except NotFound:
        return None
