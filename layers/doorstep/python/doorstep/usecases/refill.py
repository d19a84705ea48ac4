"""Goods that have arrived go to the orders that wait for them, the oldest first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from doorstep.domain.sellable import sellable
from doorstep.ports import Catalog, Clock, Orders, Queues, Stock, Waiting, Workflow
from doorstep.usecases.allocate import Allocated, allocate_orders

LIMIT = 100
"""Orders of one run."""


def refill(
    *,
    queues: Queues,
    orders: Orders,
    stock: Stock,
    catalog: Catalog,
    workflow: Workflow,
    clock: Clock,
    limit: int = LIMIT,
) -> Allocated:
    """Allocate waiting orders of whose SKUs there is something again.

    Reads the list of those that wait, and each SKU once, however many wait for it. The oldest ones
    are tried first, no more than there are units; where those cannot have them, the next ones are.
    """
    done: list[str] = []
    failed: dict[str, Exception] = {}
    rest = list(queues.waiting())
    while rest and len(done) + len(failed) < limit:
        goods = _Goods(stock, catalog, clock())
        first, rest = goods.handed_out(rest, limit - len(done) - len(failed))
        if not first:
            break
        allocated = allocate_orders(
            first,
            orders=orders,
            stock=stock,
            catalog=catalog,
            workflow=workflow,
            clock=clock,
            filling=True,
        )
        done += allocated.done
        failed |= allocated.failed
    return Allocated(tuple(done), failed)


class _Goods:
    """What there is for those who wait, as far as it was asked for."""

    def __init__(self, stock: Stock, catalog: Catalog, at: datetime) -> None:
        self._stock = stock
        self._catalog = catalog
        self._at = at
        self._sellable: dict[str, int] = {}
        self._come: dict[str, int] = {}

    def handed_out(self, waiting: Iterable[Waiting], most: int) -> tuple[list[str], list[Waiting]]:
        """Those who may get a unit, after those before them, and those who may if these do not."""
        first: list[str] = []
        later = []
        left: dict[str, int] = {}
        for one in waiting:
            self._look_at({*(one.skus or ()), *one.owed} - self._come.keys())
            mine = {sku: left.setdefault(sku, self._come[sku]) for sku in one.owed}
            anew = one.skus is None or any(self._sellable[sku] > 0 for sku in one.skus)
            if len(first) < most and (anew or any(units > 0 for units in mine.values())):
                first.append(one.order_id)
                left |= {sku: units - 1 for sku, units in mine.items()}
            elif anew or any(self._come[sku] > 0 for sku in one.owed):
                later.append(one)
        return first, later

    def _look_at(self, skus: set[str]) -> None:
        products = self._catalog.products(skus) if skus else {}
        for sku, levels in self._stock.levels(skus).items():
            product = products.get(sku)
            self._sellable[sku] = levels.available
            self._come[sku] = levels.come
            if product:
                self._sellable[sku] = sellable(product, levels, self._at).units
            if product and product.unreleased(self._at):
                self._come[sku] = 0
