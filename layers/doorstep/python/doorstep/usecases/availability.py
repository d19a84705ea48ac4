"""What may be bought, for how much, and when it arrives: for product pages and carts.

Prices and dates come from `quote`, as a checkout's do. Locations, delivery options and sourcing
rules may be a minute old; products and stock are read, two reads per SKU, and the days of locations
where they are limited, one read in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from pydantic import Field

from doorstep.domain import bundle
from doorstep.domain.address import Address, Destination
from doorstep.domain.availability import Availability, availability, of_bundle
from doorstep.domain.catalog import DeliveryKind, Location, Product, Sku
from doorstep.domain.errors import InvalidCommand, NotFound
from doorstep.domain.money import Currency, Money, total
from doorstep.domain.order import Quantity
from doorstep.domain.record import Command, Moment, Record
from doorstep.domain.rules import Channel
from doorstep.ports import Catalog, Clock, Stock, TaxEngine
from doorstep.usecases import stores
from doorstep.usecases.quote import (
    MAX_LINES,
    QuotedDelivery,
    WantedUnits,
    days_taken,
    drawn,
    itemized,
    quote,
    unsellable,
    with_parts,
)


class WantedProduct(Command):
    """What a product page asks: so many units of one product, to be sent there."""

    channel: Channel = "web"
    """By whose sourcing rules it is promised."""
    sku: Sku
    quantity: int = Field(default=1, ge=1, le=100)
    country: Destination
    region: str = Field(default="", max_length=255)
    postal_code: str = Field(default="", max_length=20)
    pickup_location_id: str = Field(default="", max_length=64)
    """Where it might be collected; left out: at the nearest place where it can be."""
    currency: Currency | None = None
    """None: the first one that the product has a price in."""


class CartLine(Command):
    """Units of one product."""

    sku: Sku
    quantity: Quantity


class Cart(Command):
    """What somebody thinks of buying, and where it would go: as much as is known of it."""

    channel: Channel = "web"
    """By whose sourcing rules it is promised."""
    currency: Currency
    lines: tuple[CartLine, ...] = Field(min_length=1, max_length=MAX_LINES)
    country: Destination
    region: str = Field(default="", max_length=255)
    postal_code: str = Field(default="", max_length=20)
    pickup_location_id: str = Field(default="", max_length=64)
    """Where it might be collected; left out: at the nearest place where it can be."""


class OfferedWindow(Record):
    """Hours in which a courier can bring it."""

    starts: Moment
    ends: Moment
    order_by: Moment
    order_within_seconds: int


class OfferedOption(Record):
    """One way to deliver, with its price and dates. Money is with tax."""

    code: str
    name: str
    kind: DeliveryKind
    pickup_location_id: str = ""
    """Where it is to be collected, ready by `deliver_by`."""
    price: Money
    total: Money
    """Of the goods and their delivery."""
    tax: Money
    """Included in the total."""
    ship_by: Moment
    deliver_by: Moment
    order_by: Moment
    order_within_seconds: int
    """What is left until the cut-off, after which the dates move on."""
    windows: tuple[OfferedWindow, ...] = ()
    """Where a courier brings it: the windows that can still be had, the soonest first; the dates
    are those of that. A checkout names its choice by `starts` (`delivery_window`).
    """


class OfferedLine(Availability):
    """One product of a cart: whether it can be bought, and for how much, with tax."""

    sku: Sku
    name: str
    quantity: int
    unit_price: Money
    total: Money


class Offer(Record):
    """A cart as it could be bought now. Without any option where something is not to be had."""

    currency: Currency
    lines: tuple[OfferedLine, ...]
    options: tuple[OfferedOption, ...]
    """The soonest first, the cheaper one of two."""
    quoted_at: Moment

    def holds_for(self, seconds: int) -> int:
        """For how long it may be shown: so many seconds, but not beyond the next cut-off."""
        return min([seconds, *(option.order_within_seconds for option in self.options)])


def offer_product(
    wanted: WantedProduct, *, catalog: Catalog, stock: Stock, tax: TaxEngine, clock: Clock
) -> Offer:
    """One product with every delivery option of its currency. Raises NotFound, InvalidCommand."""
    product = catalog.products([wanted.sku]).get(wanted.sku)
    if product is None:
        raise NotFound("product", wanted.sku)
    currency = wanted.currency or next(iter(product.prices), "")
    if currency not in product.prices:
        raise InvalidCommand({"currency": f"{wanted.sku!r} is not sold in {currency or 'any'}"})
    products = with_parts({product.sku: product}, catalog)
    if fault := bundle.fault(product, products):
        raise InvalidCommand({"sku": fault})
    return _offer([wanted], products, currency, wanted, catalog, stock, tax, clock())


def offer_cart(
    cart: Cart, *, catalog: Catalog, stock: Stock, tax: TaxEngine, clock: Clock
) -> Offer:
    """A cart with every delivery option of its currency. Raises InvalidCommand."""
    products = with_parts(catalog.products(line.sku for line in cart.lines), catalog)
    faults = unsellable(cart.lines, products, cart.currency)
    if faults:
        raise InvalidCommand(faults)
    return _offer(cart.lines, products, cart.currency, cart, catalog, stock, tax, clock())


def _offer(
    wanted: Sequence[WantedUnits],
    products: Mapping[str, Product],
    currency: str,
    asked: WantedProduct | Cart,
    catalog: Catalog,
    stock: Stock,
    tax: TaxEngine,
    at: datetime,
) -> Offer:
    items = itemized(wanted, products, currency)
    levels = stock.levels(item.product.sku for item in items)
    places, to = catalog.locations(), _to(asked)
    store = _store(asked, places)
    possible = [one for one in catalog.delivery_options() if currency in one.prices]
    sent = [one for one in possible if one.kind is not DeliveryKind.PICKUP]
    collected = [one for one in possible if one.kind is DeliveryKind.PICKUP and store]
    taken = days_taken(places, levels.values(), possible, stock=stock, at=at)
    ask = partial(
        quote,
        items,
        currency=currency,
        places=places,
        levels=levels,
        taken=taken,
        rules=catalog.rules(asked.channel),
        channel=asked.channel,
        tax=tax,
        at=at,
    )
    quoted = ask(sent, to=to)
    together = drawn(items, levels, at)
    found = [
        availability(
            item.product,
            levels[item.product.sku],
            places,
            together[item.product.sku].units,
            to,
            at=at,
        )
        for item in items
    ]
    lines = []
    for index, line in enumerate(wanted):
        product = products[line.sku]
        here = [number for number, item in enumerate(items) if item.line == index]
        parts = [(found[i], x.part.each) for i in here if (x := items[i]).part]
        lines.append(
            OfferedLine(
                sku=product.sku,
                name=product.name,
                quantity=line.quantity,
                unit_price=Money(minor=product.prices[currency], currency=currency),
                total=total((quoted.lines[number].total for number in here), currency),
                **dict(of_bundle(parts) if parts else found[here[0]]),
            )
        )
    offered = [_option(delivery, at) for delivery in quoted.deliveries]
    if store and collected:
        there = ask(collected, to=store.address, store=store).deliveries
        offered += [_option(delivery, at, store.location_id) for delivery in there]
    offered.sort(key=lambda one: (one.deliver_by, one.price.minor, one.code))
    return Offer(
        currency=currency,
        lines=tuple(lines),
        options=tuple(offered) if all(line.available for line in lines) else (),
        quoted_at=at,
    )


def _store(wanted: WantedProduct | Cart, places: Sequence[Location]) -> Location | None:
    """Where it would be collected; raises InvalidCommand where nobody can at the named place."""
    if not wanted.pickup_location_id:
        return stores.nearest(places, _to(wanted))
    named = stores.named(wanted.pickup_location_id, places)
    if named is None:
        fault = f"nobody can collect at {wanted.pickup_location_id!r}"
        raise InvalidCommand({"pickup_location_id": fault})
    return named


def _option(delivery: QuotedDelivery, at: datetime, pickup_location_id: str = "") -> OfferedOption:
    dates = delivery.promise
    order_by = dates.order_by or dates.ship_by
    return OfferedOption(
        code=delivery.option.code,
        name=delivery.option.name,
        kind=delivery.option.kind,
        pickup_location_id=pickup_location_id,
        price=delivery.totals.shipping,
        total=delivery.totals.total,
        tax=delivery.totals.tax,
        ship_by=dates.ship_by,
        deliver_by=dates.deliver_by,
        order_by=order_by,
        order_within_seconds=int((order_by - at).total_seconds()),
        windows=tuple(
            OfferedWindow(
                starts=slot.starts,
                ends=slot.ends,
                order_by=slot.order_by,
                order_within_seconds=int((slot.order_by - at).total_seconds()),
            )
            for slot in delivery.slots
        ),
    )


def _to(wanted: WantedProduct | Cart) -> Address:
    return Address(country=wanted.country, region=wanted.region, postal_code=wanted.postal_code)
