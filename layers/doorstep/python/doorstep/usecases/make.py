"""Made to order: what a customer said of a piece is corrected, and the piece is made."""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.domain import making
from doorstep.domain.order import Order
from doorstep.ports import Catalog, Clock, Orders


def correct_instructions(
    order_id: str,
    said: Mapping[str, Mapping[str, str]],
    *,
    by: str,
    orders: Orders,
    catalog: Catalog,
    clock: Clock,
) -> Order:
    """Say anew how pieces are to be, as long as nobody has begun to make them.

    `said` maps a line to its instructions. Safe to repeat. Raises NotFound, InvalidCommand,
    IllegalTransition, Conflict.
    """
    order = orders.get(order_id)
    products = catalog.products(line.sku for line in order.lines if line.sku)
    told = making.instruct(order, said, products=products, by=by, at=clock())
    (stored,) = orders.commit(told)
    return stored
