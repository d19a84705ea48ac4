"""What a cart costs and when it arrives.

One function answers it, for quotes and for checkouts: what is quoted is what is promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from doorstep.domain.address import Address
from doorstep.domain.catalog import DeliveryOption, Location, Product
from doorstep.domain.money import Money, total
from doorstep.domain.order import Totals
from doorstep.domain.promise import Promise, Wanted, promise_from
from doorstep.domain.stock import StockLevels
from doorstep.ports import TaxEngine


class Item(NamedTuple):
    """Units of one product in a cart."""

    product: Product
    quantity: int


class PricedLine(NamedTuple):
    """What the customer pays for an item; `total` is with tax."""

    unit_price: Money
    tax: Money
    total: Money


class Quote(NamedTuple):
    """A cart with one delivery option: priced, taxed and promised."""

    option: DeliveryOption
    lines: tuple[PricedLine, ...]
    totals: Totals
    promise: Promise


def quote(
    items: Sequence[Item],
    options: Sequence[DeliveryOption],
    *,
    currency: str,
    to: Address,
    places: Sequence[Location],
    levels: Iterable[StockLevels],
    tax: TaxEngine,
    at: datetime,
) -> tuple[Quote, ...]:
    """The cart with each of these options.

    Every product and option must have a price in the currency.
    """
    prices = [Money(minor=item.product.prices[currency], currency=currency) for item in items]
    amounts = [price * item.quantity for price, item in zip(prices, items, strict=True)]
    deliveries = [Money(minor=one.prices[currency], currency=currency) for one in options]
    taxed = tax.tax(
        [
            *((item.product.tax_category, sum_) for item, sum_ in zip(items, amounts, strict=True)),
            *(("shipping", delivery) for delivery in deliveries),
        ],
        to,
    )
    lines = tuple(
        PricedLine(price, levied.tax, amount if levied.included else amount + levied.tax)
        for price, amount, levied in zip(prices, amounts, taxed[: len(items)], strict=True)
    )
    goods = total((line.total for line in lines), currency)
    goods_tax = total((line.tax for line in lines), currency)
    wanted = [
        Wanted(item.product.sku, item.quantity, item.product.kind, item.product.production_days)
        for item in items
    ]
    stock = sellable(levels)
    quotes = []
    for option, delivery, levied in zip(options, deliveries, taxed[len(items) :], strict=True):
        shipping = delivery if levied.included else delivery + levied.tax
        totals = Totals(
            lines=goods,
            discount=Money.zero(currency),
            shipping=shipping,
            tax=goods_tax + levied.tax,
            fees=Money.zero(currency),
            total=goods + shipping,
        )
        dates = promise_from(places, option, wanted, stock, to=to, at=at)
        quotes.append(Quote(option, lines, totals, dates))
    return tuple(quotes)


def sellable(levels: Iterable[StockLevels]) -> Mapping[tuple[str, str], int]:
    """(SKU, location id) → units that may be allocated there."""
    return {
        (one.sku, place.location_id): place.available for one in levels for place in one.locations
    }
