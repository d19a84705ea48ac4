"""What an order whose units cannot be found could have instead: dates, substitutes, money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from doorstep.domain.address import Address
from doorstep.domain.catalog import DeliveryOption, Product, ProductKind
from doorstep.domain.eligibility import Eligibility
from doorstep.domain.money import Money
from doorstep.domain.order import LineKind, Order
from doorstep.domain.promise import Promise, Wanted, promise_from
from doorstep.domain.remedy import RemedyOption, RemedyPolicy, Substitute
from doorstep.domain.remedying import options
from doorstep.domain.rules import Sale
from doorstep.domain.sellable import beyond
from doorstep.domain.stock import StockLevels
from doorstep.ports import Catalog, Stock, TaxEngine
from doorstep.usecases.quote import ruled


def ways_out(
    order: Order,
    policy: RemedyPolicy,
    *,
    catalog: Catalog,
    stock: Stock,
    tax: TaxEngine,
    at: datetime,
) -> tuple[RemedyOption, ...]:
    """The options for its units without a location, as things are now."""
    products = catalog.products(line.sku for line in order.lines if line.sku)
    others = catalog.products(sku for one in products.values() for sku in one.substitutes)
    levels = stock.levels(others)
    instead = list(_substitutes(order, products, others, levels, tax))
    first = {one.line_id: one for one in reversed(instead)}
    return options(
        order,
        instead,
        _new_promise(order, products, catalog, at),
        sent=promise_of(order, first.values(), catalog=catalog, stock=stock, at=at),
        ask_again_at=at + timedelta(days=policy.ask_again_days),
    )


def promise_of(
    order: Order, sent: Iterable[Substitute], *, catalog: Catalog, stock: Stock, at: datetime
) -> Promise | None:
    """When these could be there, from where they lie now."""
    units: dict[str, int] = {}
    for one in sent:
        units[one.sku] = units.get(one.sku, 0) + one.quantity
    products = catalog.products(units)
    wanted = [Wanted(sku, units[sku], product.skills) for sku, product in products.items()]
    option = _option(order, catalog)
    if not wanted or option is None:
        return None
    lying = {
        (sku, place.location_id): place.available
        for sku, level in stock.levels(units).items()
        for place in level.locations
    }
    allowed = _allowed(order, wanted, products, catalog)
    return promise_from(
        catalog.locations(), option, allowed, lying, to=order.shipping_address, at=at
    )


def promised_beyond_stock(order: Order, *, catalog: Catalog, at: datetime) -> datetime | None:
    """Until when its customer expects to wait, since all that is missing was sold beyond the stock;
    None where it was not, or the day has come.
    """
    if order.promise is None or order.promise.ship_by <= at:
        return None
    skus = [order.line(line_id).sku or "" for line_id in order.unplaced]
    products = catalog.products(skus)
    known = all(sku in products and beyond(products[sku], at) for sku in skus)
    return order.promise.ship_by if known else None


def _substitutes(
    order: Order,
    products: Mapping[str, Product],
    others: Mapping[str, Product],
    levels: Mapping[str, StockLevels],
    tax: TaxEngine,
) -> Iterator[Substitute]:
    """What the merchant allows in the place of each line, and has for all of its units.

    Two lines never draw on the same units: what was found for one is not there for the next.
    """
    taken: dict[str, int] = {}
    to = order.shipping_address or order.billing_address or Address()
    for line_id, quantity in order.unplaced.items():
        line = order.line(line_id)
        product = products.get(line.sku or "")
        if product is None or line.kind is not LineKind.STANDARD:
            continue
        for sku in product.substitutes:
            other = others.get(sku)
            if other is None or sku == line.sku or other.kind is not ProductKind.STANDARD:
                continue
            free = levels[sku].unpromised - taken.get(sku, 0)
            if order.currency not in other.prices or free < quantity:
                continue
            taken[sku] = taken.get(sku, 0) + quantity
            price = Money(minor=other.prices[order.currency], currency=order.currency)
            amount = price * quantity
            (levied,) = tax.tax([(other.tax_category, amount)], to)
            listed = amount if levied.included else amount + levied.tax
            share = line.share(quantity)
            paid = min(listed, share)
            yield Substitute(
                line_id=line_id,
                sku=sku,
                name=other.name,
                quantity=quantity,
                unit_price=price,
                listed=listed,
                tax=levied.tax,
                total=paid,
                refund=share - paid,
            )


def _new_promise(
    order: Order, products: Mapping[str, Product], catalog: Catalog, at: datetime
) -> Promise | None:
    """When all of it could be there, if it is known when each missing product is, and if no courier
    was to bring it on the day.
    """
    wanted, there = [], at
    for line_id, units in order.unplaced.items():
        product = products.get(order.line(line_id).sku or "")
        arrival = _arrival(product, at) if product else None
        if product is None or arrival is None:
            return None
        there = max(there, arrival)
        wanted.append(Wanted(product.sku, units, product.skills, product.production_days))
    option = _option(order, catalog)
    if not wanted or option is None or option.windows:
        return None
    allowed = _allowed(order, wanted, products, catalog)
    dates = promise_from(
        catalog.locations(), option, allowed, {}, to=order.shipping_address, at=there
    )
    return dates and dates.model_copy(update={"promised_at": at, "order_by": None})


def _allowed(
    order: Order, wanted: Iterable[Wanted], products: Mapping[str, Product], catalog: Catalog
) -> list[Wanted]:
    """What is to be promised of an order, with the locations that its rules keep from it."""
    sale = Sale.of(order)
    sale = sale._replace(skus=sale.skus | products.keys())
    rules, places = catalog.rules(order.channel), catalog.locations()
    return ruled(wanted, Eligibility(sale, rules, places, products), products)


def _arrival(product: Product, at: datetime) -> datetime | None:
    """When more of it is there: as the terms of selling beyond the stock say, or its own days."""
    if wait := beyond(product, at):
        return wait.over(at)
    return None if product.restock_days is None else at + timedelta(days=product.restock_days)


def _option(order: Order, catalog: Catalog) -> DeliveryOption | None:
    """How it is delivered; the slowest way where a storefront has ways of its own."""
    known = catalog.delivery_options()
    own = next((one for one in known if one.code == order.delivery_option), None)
    return own or max(known, key=lambda one: one.transit_days, default=None)
