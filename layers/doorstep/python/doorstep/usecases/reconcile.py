"""The reconciler: ledger, levels and orders compared, for every SKU that moved since the last run.

What is compared is read while the shop goes on. So only what is found twice, with the same levels
before and after, is drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime
from typing import NamedTuple

from doorstep.domain import ledger as books
from doorstep.domain.catalog import Product
from doorstep.domain.errors import Conflict, NotFound
from doorstep.domain.ledger import Drift, Unexplained
from doorstep.domain.order import Order
from doorstep.domain.stock import StockLevels
from doorstep.ports import Catalog, Clock, Ledger, Orders, Standings
from doorstep.usecases.standing import Findings, note

LIMIT = 1000
"""SKUs of one run; the oldest first, the rest in the next one."""

_TRIES = 4
_AT_ONCE = 8


class Audit(NamedTuple):
    """What is wrong with one SKU. `busy`: it moved all the time, and was not judged."""

    sku: str
    levels: StockLevels
    drift: tuple[Drift, ...] = ()
    unexplained: tuple[Unexplained, ...] = ()
    busy: bool = False
    shipped: Mapping[date, int] = {}
    """Units that were ever shipped, by week."""
    known_since: datetime | None = None
    """When it was first moved."""

    @property
    def sound(self) -> bool:
        return not self.drift and not self.unexplained


class Reconciled(NamedTuple):
    """The SKUs that were checked, and those that are not sound."""

    checked: tuple[str, ...]
    busy: int
    faulty: tuple[Audit, ...]


def reconcile(
    *,
    ledger: Ledger,
    orders: Orders,
    standings: Standings,
    catalog: Catalog,
    clock: Clock,
    limit: int = LIMIT,
) -> Reconciled:
    """Check the SKUs that moved, and tell what was found. A sound one is looked at again when it
    moves again.
    """
    skus = ledger.moved(clock(), limit)
    products = catalog.products(skus)

    def check(sku: str) -> Audit:
        found = audit(sku, ledger=ledger, orders=orders)
        with suppress(Conflict):  # it stays on the list
            if not found.busy:
                _tell(found, products.get(sku), ledger=ledger, standings=standings, clock=clock)
            if found.sound and not found.busy:
                ledger.checked(found.levels)
        return found

    with ThreadPoolExecutor(_AT_ONCE) as beside:
        audits = list(beside.map(check, skus))
    return Reconciled(
        checked=tuple(one.sku for one in audits),
        busy=sum(one.busy for one in audits),
        faulty=tuple(one for one in audits if not one.sound),
    )


def audit(sku: str, *, ledger: Ledger, orders: Orders) -> Audit:
    """Compare everything that is known about a SKU."""
    last: Audit | None = None
    levels = ledger.levels(sku)
    for _ in range(_TRIES):
        rows = ledger.rows(levels)
        since = min((row.at for row in rows), default=None)
        found = tuple(books.drift(levels, rows))
        strange = tuple(
            one
            for order_id, units in books.reserved(rows).items()
            for one in books.unexplained(sku, order_id, units, _known(order_id, orders))
        )
        after = ledger.levels(sku)
        here = Audit(sku, levels, found, strange, shipped=books.shipped(rows), known_since=since)
        if after == levels and (here.sound or here == last):
            return here
        levels, last = after, here
    return Audit(sku, levels, busy=True)


def repair(
    sku: str,
    *,
    by: str,
    ledger: Ledger,
    orders: Orders,
    standings: Standings,
    catalog: Catalog,
    clock: Clock,
) -> Sequence[Drift]:
    """Set the levels to what the ledger says, with an entry of its own for each place, and close
    the work item unless something is still unexplained.

    The ledger is the truth: what orders hold against it is for a person to settle. Answers what was
    mended. Raises NotFound for a SKU that nobody moved, Conflict where it moves all the time, or
    where the ledger itself adds up to less than nothing.
    """
    mended: tuple[Drift, ...] = ()
    for _ in range(_TRIES):
        found = audit(sku, ledger=ledger, orders=orders)
        if found.busy or any(one.ledger < 0 for one in found.drift):
            break
        if not found.levels.network and not found.levels.locations:
            raise NotFound("stock of", sku)
        if not found.drift:
            product = catalog.products([sku]).get(sku)
            _tell(found, product, ledger=ledger, standings=standings, clock=clock)
            return mended
        try:
            ledger.correct(found.levels, found.drift, by)
        except Conflict:
            continue
        mended = (*mended, *found.drift)
    raise Conflict([sku])


def _tell(
    one: Audit, product: Product | None, *, ledger: Ledger, standings: Standings, clock: Clock
) -> None:
    """Who waits for it what an audit has found. Raises Conflict."""
    findings = Findings(
        faults=(*one.drift, *one.unexplained),
        shipped=one.shipped,
        known_since=one.known_since,
    )
    note(one.sku, product, findings, ledger=ledger, standings=standings, clock=clock)


def _known(order_id: str, orders: Orders) -> Order | None:
    try:
        return orders.get(order_id)
    except NotFound:
        return None
