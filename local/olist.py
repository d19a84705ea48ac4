"""Real orders from a file, one JSON object a line: who bought what from whom, and when it arrived.

Their form is that of the public Brazilian e-commerce data set by Olist; amounts are in centavos.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from doorstep.domain.address import Address
from doorstep.domain.catalog import DeliveryOption, Location, LocationKind, Product
from doorstep.domain.money import Money
from doorstep.domain.order import order_id, storefront_order_id
from doorstep.domain.record import Record
from local.seed import Catalog

CHANNEL = "web"
STOREFRONT = "generic"
SHORT_ONE_IN = 12
"""Of so many products one has half of what its orders need, and at least one unit too few."""

_FREIGHT = 1500
_GRAMS = 800


class OrdersError(Exception):
    """The file cannot be used; the message is one line and says why."""


class Goal(StrEnum):
    """How far an order got, and has to get again."""

    CANCELED = "canceled"
    PLACED = "placed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"


class _Buyer(Record):
    id: str
    zip_prefix: str
    city: str
    state: str
    country: str


class _Line(Record):
    product_id: str
    seller_id: str
    quantity: int
    unit_price: int
    unit_freight: int


class Sold(Record):
    """One order of the file."""

    order_id: str
    status: str
    purchased_at: datetime
    approved_at: datetime | None = None
    handed_to_carrier_at: datetime | None = None
    delivered_at: datetime | None = None
    estimated_delivery_at: datetime | None = None
    """The day that the shop promised to deliver on."""
    customer: _Buyer
    lines: tuple[_Line, ...]
    currency: str
    total: int

    @property
    def goal(self) -> Goal:
        """What its dates say; a canceled order is canceled, whatever was on its way."""
        if self.status in ("canceled", "unavailable"):
            return Goal.CANCELED
        if self.delivered_at:
            return Goal.DELIVERED
        return Goal.SHIPPED if self.handed_to_carrier_at else Goal.PLACED

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True)
class Replayed:
    """An order as it is put in: half by checkout, half as a storefront sold them."""

    sold: Sold
    by_storefront: bool

    @cached_property
    def order_id(self) -> str:
        """The id that it will have."""
        if self.by_storefront:
            return storefront_order_id(STOREFRONT, self.sold.order_id)
        return order_id(CHANNEL, self.sold.order_id)

    def cart(self) -> dict[str, Any]:
        """For `POST /orders`: at the catalog's prices."""
        return {
            "channel": CHANNEL,
            "currency": self.sold.currency,
            "customer": self._customer(),
            "shipping_address": self._address(),
            "lines": [
                {"sku": line.product_id, "quantity": line.quantity} for line in self.sold.lines
            ],
            "payment_token": "tok_approve",
        }

    def message(self) -> dict[str, Any]:
        """For `POST /webhooks/storefronts/generic`: as sold, to the centavo."""
        freight = sum(line.unit_freight * line.quantity for line in self.sold.lines)
        data = {
            "id": self.sold.order_id,
            "created_at": self.sold.purchased_at.isoformat(),
            "currency": self.sold.currency,
            "customer": {"id": self.sold.customer.id, **self._customer()},
            "shipping_address": self._address(),
            "lines": [
                {
                    "id": str(number),
                    "sku": line.product_id,
                    "name": line.product_id,
                    "quantity": line.quantity,
                    "unit_price": self._decimal(line.unit_price),
                }
                for number, line in enumerate(self.sold.lines, start=1)
            ],
            "shipping": self._decimal(freight),
            "total": self._decimal(self.sold.total),
            "paid": self._decimal(self.sold.total),
        }
        return {"type": "order.paid", "timestamp": self.sold.purchased_at.isoformat(), "data": data}

    def _customer(self) -> dict[str, str]:
        name = self.sold.customer.id[:12]
        return {"name": f"Customer {name}", "email": f"{name}@example.com", "language": "pt"}

    def _address(self) -> dict[str, str]:
        """The data set knows the first five digits of the postal code; a carrier wants a street."""
        buyer = self.sold.customer
        return {
            "name": f"Customer {buyer.id[:12]}",
            "line1": f"CEP {buyer.zip_prefix}",
            "city": buyer.city.title(),
            "region": buyer.state,
            "postal_code": f"{buyer.zip_prefix}-000",
            "country": buyer.country,
        }

    def _decimal(self, minor: int) -> str:
        return str(Money(minor=minor, currency=self.sold.currency)).partition(" ")[0]


def read(file: Path, limit: int) -> list[Replayed]:
    """The first orders of a file, plain or gzipped; every second one is a storefront's.

    Raises OrdersError with the line that is no order.
    """
    try:
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
            sold = [_order(number, line) for number, line in enumerate(islice(lines, limit), 1)]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise OrdersError(f"{file} cannot be read: {error}") from None
    if not sold:
        raise OrdersError(f"{file} has no orders in it.")
    [(twice, times)] = Counter(one.order_id for one in sold).most_common(1)
    if times > 1:
        raise OrdersError(f"{file} has order {twice} {times} times.")
    return [Replayed(one, by_storefront=bool(n % 2)) for n, one in enumerate(sold)]


def catalog(
    orders: Sequence[Replayed], sellers: Mapping[str, Address], grams: Mapping[str, int]
) -> Catalog:
    """Sellers as locations, products at the price they are first sold at, stock to match."""
    demand: dict[str, Counter[str]] = {}
    products: dict[str, Product] = {}
    currencies = {one.sold.currency for one in orders}
    for line, currency in ((x, one.sold.currency) for one in orders for x in one.sold.lines):
        demand.setdefault(line.product_id, Counter())[line.seller_id] += line.quantity
        known = products.get(line.product_id)
        if known is None:
            products[line.product_id] = Product(
                sku=line.product_id,
                name=line.product_id,
                prices={currency: line.unit_price},
                weight_grams=grams.get(line.product_id, _GRAMS),
            )
    stock: dict[str, dict[str, int]] = {}
    for sku, wanted in demand.items():
        for seller, units in wanted.items():
            there = units // 2 if is_short(sku) else units
            if there:
                stock.setdefault(seller, {})[sku] = there
    names = dict.fromkeys(seller for wanted in demand.values() for seller in wanted)
    return Catalog(
        delivery_options=(
            DeliveryOption(
                code="standard",
                name="Correios",
                prices=dict.fromkeys(currencies, _FREIGHT),
                processing_days=2,
                transit_days=10,
            ),
        ),
        locations=tuple(
            Location(
                location_id=seller,
                name=f"Seller {seller[:8]}",
                kind=LocationKind.THIRD_PARTY,
                address=sellers.get(seller, Address(country="BR")),
            )
            for seller in names
        ),
        products=tuple(products.values()),
        stock=stock,
    )


def sellers(file: Path) -> dict[str, Address]:
    """Where the sellers are, from `sellers.jsonl.gz` beside the orders; empty without it."""
    if not file.exists():
        return {}
    with gzip.open(file, "rt") as lines:
        return {row["seller_id"]: _place(row) for row in map(json.loads, lines)}


def weights(file: Path) -> dict[str, int]:
    """What the products weigh, from `products.jsonl.gz` beside the orders; empty without it."""
    if not file.exists():
        return {}
    with gzip.open(file, "rt") as lines:
        rows = list(map(json.loads, lines))
    return {row["product_id"]: row["weight_g"] for row in rows if row["weight_g"]}


def is_short(sku: str) -> bool:
    """Whether there is not enough of it on purpose; the same products every time."""
    return hashlib.sha256(sku.encode()).digest()[0] % SHORT_ONE_IN == 0


def _place(row: Mapping[str, Any]) -> Address:
    return Address(
        line1=f"CEP {row['zip_prefix']}",
        city=row["city"].title(),
        region=row["state"],
        postal_code=f"{row['zip_prefix']}-000",
        country="BR",
    )


def _order(number: int, line: str) -> Sold:
    try:
        return Sold.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "the line"
        raise OrdersError(f"Line {number} is no order: {where}: {fault['msg']}") from None
