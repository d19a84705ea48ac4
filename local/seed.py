"""A small believable catalog, put in through the HTTP API as a merchant's own systems would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from doorstep.domain.catalog import DeliveryOption, Location, Product
from doorstep.domain.record import Record
from local.client import Doorstep

Item = TypeVar("Item")

_CATALOG = Path(__file__).with_name("catalog.json")
_AT_ONCE = 4
_GOODS_PER_RECEIPT = 30


class Catalog(Record):
    """What is sold, from where, how it is delivered; what lies where (units by place and SKU)."""

    delivery_options: tuple[DeliveryOption, ...]
    locations: tuple[Location, ...]
    products: tuple[Product, ...]
    stock: Mapping[str, Mapping[str, int]]

    @property
    def units(self) -> int:
        return sum(sum(goods.values()) for goods in self.stock.values())


def catalog() -> Catalog:
    """The catalog of `catalog.json`."""
    return Catalog.model_validate_json(_CATALOG.read_text())


def seed(
    what: Catalog,
    admin: Doorstep,
    *,
    done: Callable[[], None] = lambda: None,
    at_once: int = _AT_ONCE,
) -> None:
    """Put all of it in; places and products first, then bundles of them, then what lies there.
    Harmless when repeated.

    Calls `done` after every request. Raises Refused.
    """
    bundles = [product for product in what.products if product.components]
    parts = [product for product in what.products if not product.components]
    waves = ((*what.delivery_options, *what.locations, *parts), bundles)

    def save(record: Product | Location | DeliveryOption) -> None:
        admin.save(record)
        done()

    def receive(receipt: tuple[str, str, Mapping[str, int]]) -> None:
        admin.receive(*receipt)
        done()

    with ThreadPoolExecutor(at_once) as pool:
        for records in waves:
            for _ in pool.map(save, records):
                pass
        for _ in pool.map(receive, receipts(what)):
            pass


def receipts(what: Catalog) -> Iterable[tuple[str, str, Mapping[str, int]]]:
    """(location, receipt id, units by SKU), in portions that one receipt takes."""
    for location_id, goods in what.stock.items():
        skus = sorted(goods)
        for start in range(0, len(skus), _GOODS_PER_RECEIPT):
            part = {sku: goods[sku] for sku in skus[start : start + _GOODS_PER_RECEIPT]}
            yield location_id, f"opening-{location_id}-{start // _GOODS_PER_RECEIPT + 1}", part
