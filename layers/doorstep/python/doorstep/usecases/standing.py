"""Who waits for a change of stock is told: the SKUs that moved are looked at, minute by minute.

A checkout writes nothing for it. What moved is on the reconciler's list; here it is compared with
what was told last, and the reconciler looks once more before it takes a SKU off that list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from itertools import compress
from typing import NamedTuple

from doorstep.domain.catalog import Product
from doorstep.domain.errors import Conflict
from doorstep.domain.ledger import Drift, Unexplained
from doorstep.domain.standing import Standing
from doorstep.ports import Catalog, Clock, Ledger, Queues, Standings, Stock

LIMIT = 500
"""SKUs of one run; what moved first comes first."""

DUE = "standing"

_TRIES = 4
_AT_ONCE = 8


class Watched(NamedTuple):
    """How many SKUs were looked at, and those whose state is another one now."""

    looked_at: int
    changed: tuple[str, ...]


class Findings(NamedTuple):
    """What the reconciler knows of a SKU beyond its levels."""

    faults: Sequence[Drift | Unexplained]
    shipped: Mapping[date, int]
    known_since: datetime | None


def watch(
    *,
    ledger: Ledger,
    queues: Queues,
    standings: Standings,
    catalog: Catalog,
    stock: Stock,
    clock: Clock,
    limit: int = LIMIT,
) -> Watched:
    """Tell every change of state of the SKUs that moved, and of those whose time has come.

    Safe to repeat, and to run twice at once: a state and its event are written together, on the
    condition that nobody wrote since.
    """
    at = clock()
    skus = list(dict.fromkeys([*ledger.moved(at, limit), *queues.due(DUE, at, limit)]))
    products, known = catalog.products(skus), standings.find(skus)
    lagging = stock.levels(products)

    def tell(sku: str) -> bool:
        """Whether anything was told of it. What is told is decided on levels that do not lag."""
        standing = known.get(sku) or Standing.unknown(sku, at)
        if standing.seen(products[sku], lagging[sku], at) is standing:
            return False
        after = standing.seen(products[sku], ledger.levels(sku), at)
        if after is standing:
            return False
        try:
            standings.save(after)
        except Conflict:
            return False  # somebody else has told it
        return bool(after.raised)

    with ThreadPoolExecutor(_AT_ONCE) as beside:
        told = list(beside.map(tell, products))
    return Watched(len(products), tuple(compress(products, told)))


def note(
    sku: str,
    product: Product | None,
    findings: Findings,
    *,
    ledger: Ledger,
    standings: Standings,
    clock: Clock,
) -> None:
    """Tell what an audit has found, and the state of the SKU as it is now.

    Raises Conflict where others write all the time.
    """
    for _ in range(_TRIES):
        at = clock()
        # Before the levels are read: whoever tells of newer ones meanwhile has the last word.
        standing = standings.find([sku]).get(sku) or Standing.unknown(sku, at)
        after = standing.selling(findings.shipped, findings.known_since, at)
        after = after.audited(findings.faults, at)
        if product:
            after = after.seen(product, ledger.levels(sku), at)
        if after is standing:
            return
        try:
            standings.save(after)
        except Conflict:
            continue
        return
    raise Conflict([sku])
