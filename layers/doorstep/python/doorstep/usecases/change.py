"""Change an order as one decides: load, decide, commit; again where somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable

from doorstep.domain.errors import Conflict
from doorstep.domain.order import Order, order_of
from doorstep.ports import Orders

_TRIES = 5


def change(key: str, orders: Orders, decide: Callable[[Order], Order]) -> Order:
    """The order of which `key` is a part, as `decide` has made it and as it was stored.

    `decide` is asked again for each try, with the order as it is by then. Raises Conflict where
    others write all the time.
    """
    for _ in range(_TRIES - 1):
        try:
            (stored,) = orders.commit(decide(orders.get(order_of(key))))
        except Conflict:
            continue
        return stored
    (stored,) = orders.commit(decide(orders.get(order_of(key))))
    return stored
