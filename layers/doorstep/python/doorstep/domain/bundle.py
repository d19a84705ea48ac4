"""Bundles: products that are made of others, sold for a price of their own.

A bundle has no stock. It is sold as its parts: each is a line of the order, with its share of what
the bundle costs, and everything after that (holding, routing, packing, returning, refunding) is
done by line. The shares go by what the parts cost alone, and add up to the last minor unit.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.domain.catalog import Product, ProductKind, Sku
from doorstep.domain.money import Money
from doorstep.domain.record import Record


class Part(Record):
    """The bundle that a line is a part of, as sold."""

    line: str
    """The line of the cart: parts with the same one were sold together."""
    sku: Sku
    name: str
    each: int
    """Units of the line in one bundle."""


def fault(bundle: Product, products: Mapping[str, Product]) -> str | None:
    """Why it cannot be sold; None where it can."""
    for sku in bundle.components:
        part = products.get(sku)
        if part is None:
            return f"there is no product {sku!r}, which is a part of {bundle.sku!r}"
        if part.components:
            return f"{sku!r}, a part of {bundle.sku!r}, is a bundle itself"
        if part.kind is not ProductKind.STANDARD:
            return f"{sku!r}, a part of {bundle.sku!r}, is made to order"
    return None


def shares(bundle: Product, products: Mapping[str, Product], amount: Money) -> Mapping[str, Money]:
    """SKU → its share of an amount of the bundle: by what the parts cost alone in this currency,
    and by their units where one of them has no price.
    """
    units = bundle.components
    prices = {sku: products[sku].prices.get(amount.currency, 0) for sku in units}
    weights = [prices[sku] * each for sku, each in units.items()]
    if not all(prices.values()):
        weights = list(units.values())
    return dict(zip(units, amount.split(weights), strict=True))


def unit_price(amount: Money, units: int) -> Money:
    """The least price of one unit that makes this amount for all of them; what it is too much is a
    discount.
    """
    return Money(minor=-(-amount.minor // units), currency=amount.currency)
