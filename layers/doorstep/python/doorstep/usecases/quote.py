"""What a cart costs and when it arrives.

One function answers it, for quotes and for checkouts: what is quoted is what is promised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from doorstep.domain import bundle
from doorstep.domain.address import Address
from doorstep.domain.bundle import Part
from doorstep.domain.capacity import Agenda, Taken, limited, span
from doorstep.domain.catalog import DeliveryKind, DeliveryOption, Location, Product
from doorstep.domain.eligibility import Eligibility
from doorstep.domain.money import Money, total
from doorstep.domain.order import Totals
from doorstep.domain.promise import Promise, Wanted, pickup_from, promise_from
from doorstep.domain.rules import Sale, SourcingRules
from doorstep.domain.sellable import Sellable, Wait, sellable
from doorstep.domain.slots import Slot, open_slots
from doorstep.domain.stock import StockLevels
from doorstep.ports import Catalog, Stock, TaxedAmount, TaxEngine

MAX_LINES = 40
"""Lines of one cart, at the most."""


class WantedUnits(Protocol):
    """A line of a cart, as it was sent."""

    @property
    def sku(self) -> str: ...
    @property
    def quantity(self) -> int: ...


class Item(NamedTuple):
    """Units of one product in a cart: of a line, or of a part of the bundle that the line wants."""

    product: Product
    quantity: int
    line: int = 0
    """The line of the cart, from 0 on."""
    amount: Money | None = None
    """Its share of the bundle's price; None where it is sold alone."""
    part: Part | None = None


class PricedLine(NamedTuple):
    """What the customer pays for an item; `total` is with tax, and after discount."""

    unit_price: Money
    discount: Money
    tax: Money
    total: Money


class QuotedDelivery(NamedTuple):
    """A cart with one delivery option: what it costs in all, and when it arrives."""

    option: DeliveryOption
    totals: Totals
    promise: Promise
    slots: tuple[Slot, ...] = ()
    """The windows in which a courier can bring it, the soonest first: the promise is of that."""

    def in_window(self, starts: datetime | None, at: datetime) -> QuotedDelivery | None:
        """The same in the window that starts then, or in the soonest; None where there is none."""
        slots = tuple(slot for slot in self.slots if starts in (None, slot.starts))
        if not slots:
            return None if starts or self.option.windows else self
        return self._replace(promise=slots[0].promise(self.option, at), slots=slots)


class Quote(NamedTuple):
    """A cart, priced and taxed, with each of its delivery options."""

    lines: tuple[PricedLine, ...]
    deliveries: tuple[QuotedDelivery, ...]


def quote(
    items: Sequence[Item],
    options: Sequence[DeliveryOption],
    *,
    currency: str,
    to: Address,
    places: Sequence[Location],
    levels: Mapping[str, StockLevels],
    taken: Taken,
    rules: SourcingRules,
    channel: str,
    tax: TaxEngine,
    at: datetime,
    customer_id: str = "",
    store: Location | None = None,
) -> Quote:
    """The cart with each of these options that reaches the destination from where it may ship.

    Routing goes by the same rules. Every product and option must have a price in the currency. What
    is collected is collected at the store; `to` is its address then.
    """
    amounts = [_amount(item, currency) for item in items]
    deliveries = [Money(minor=one.prices[currency], currency=currency) for one in options]
    taxed = tax.tax(
        [
            *((item.product.tax_category, sum_) for item, sum_ in zip(items, amounts, strict=True)),
            *(("shipping", delivery) for delivery in deliveries),
        ],
        to,
    )
    lines = tuple(
        _priced(item, amount, levied)
        for item, amount, levied in zip(items, amounts, taxed[: len(items)], strict=True)
    )
    goods = total((line.total for line in lines), currency)
    goods_tax = total((line.tax for line in lines), currency)
    products = {item.product.sku: item.product for item in items}
    unruled = _wanted(items, levels, at)
    stock = _on_shelves(levels.values())
    agenda = Agenda(places, taken, at)
    quoted = []
    for option, delivery, levied in zip(options, deliveries, taxed[len(items) :], strict=True):
        shipping = delivery if levied.included else delivery + levied.tax
        totals = Totals(
            lines=goods,
            discount=total((line.discount for line in lines), currency),
            shipping=shipping,
            tax=goods_tax + levied.tax,
            fees=Money.zero(currency),
            total=goods + shipping,
        )
        sale = Sale(channel, to, option.code, customer_id, frozenset(products), totals.total)
        wanted = ruled(unruled, Eligibility(sale, rules, places, products), products)
        slots: tuple[Slot, ...] = ()
        dates: Promise | None
        if option.windows:
            ready = () if any(one.wait for one in wanted) else places
            slots = open_slots(option, ready, wanted, stock, agenda, to=to, at=at)
            dates = slots[0].promise(option, at) if slots else None
        elif store and option.kind is DeliveryKind.PICKUP:
            dates = pickup_from(store, places, option, wanted, stock, at=at, agenda=agenda)
        else:
            dates = promise_from(places, option, wanted, stock, to=to, at=at, agenda=agenda)
        if dates:
            quoted.append(QuotedDelivery(option, totals, dates, slots))
    return Quote(lines, tuple(quoted))


def ruled(
    wanted: Iterable[Wanted], eligibility: Eligibility, products: Mapping[str, Product]
) -> list[Wanted]:
    """What is to be promised, with the locations that may not ship it."""
    barred = {sku: eligibility.barred(product) for sku, product in products.items()}
    return [one._replace(barred=barred[one.sku]) for one in wanted]


def days_taken(
    places: Sequence[Location],
    levels: Collection[StockLevels],
    options: Iterable[DeliveryOption],
    *,
    stock: Stock,
    at: datetime,
) -> Taken:
    """What is taken of the days of places; only read where one that has these goods is limited, or
    sends couriers.
    """
    with_goods = {place_id for (_, place_id), units in _on_shelves(levels).items() if units}
    asked = [place for place in places if place.location_id in with_goods]
    by_courier = {option.kind.value for option in options if option.windows}
    sends = any(by_courier & place.skills for place in asked)
    return stock.taken(*span(at)) if sends or limited(asked) else {}


def unsellable(
    lines: Sequence[WantedUnits], products: Mapping[str, Product], currency: str
) -> dict[str, str]:
    """The faults of a cart, by their path: what there is not, or not in this currency."""
    faults = {}
    for index, line in enumerate(lines):
        if line.sku not in products:
            faults[f"lines.{index}.sku"] = f"there is no product {line.sku!r}"
        elif currency not in products[line.sku].prices:
            faults[f"lines.{index}.sku"] = f"{line.sku!r} is not sold in {currency}"
        elif fault := bundle.fault(products[line.sku], products):
            faults[f"lines.{index}.sku"] = fault
    parts = sum(len(products[x.sku].components) or 1 for x in lines if x.sku in products)
    if parts > MAX_LINES:
        faults["lines"] = f"{parts} with the parts of the bundles; {MAX_LINES} at the most"
    return faults


def with_parts(products: Mapping[str, Product], catalog: Catalog) -> Mapping[str, Product]:
    """These products, and those that the bundles among them are made of; one read where any is."""
    parts = {sku for product in products.values() for sku in product.components} - products.keys()
    return {**products, **catalog.products(parts)} if parts else products


def itemized(
    lines: Sequence[WantedUnits], products: Mapping[str, Product], currency: str
) -> tuple[Item, ...]:
    """The lines of a cart as what is taken from shelves: bundles in their parts."""
    items: list[Item] = []
    for index, line in enumerate(lines):
        product = products[line.sku]
        if not product.components:
            items.append(Item(product, line.quantity, index))
            continue
        amount = Money(minor=product.prices[currency], currency=currency) * line.quantity
        shares = bundle.shares(product, products, amount)
        for sku, each in product.components.items():
            part = Part(line=str(index + 1), sku=product.sku, name=product.name, each=each)
            items.append(Item(products[sku], each * line.quantity, index, shares[sku], part))
    return tuple(items)


class Drawn(NamedTuple):
    """What a cart draws of one SKU: the demand of all items is drawn from one count."""

    units: int
    sellable: Sellable
    wait: Wait | None
    """What the units wait for, all of them; None where shelves have them."""
    leaving: int
    """How many units must stay available, so that what was promised from shelves comes from there,
    and nothing is sold beyond what the terms allow.
    """


def drawn(
    items: Iterable[Item], levels: Mapping[str, StockLevels], at: datetime
) -> Mapping[str, Drawn]:
    """SKU → what is drawn of it."""
    units: Counter[str] = Counter()
    products = {}
    for item in items:
        units[item.product.sku] += item.quantity
        products[item.product.sku] = item.product
    found = {}
    for sku, product in products.items():
        offered = sellable(product, levels[sku], at)
        wait = offered.waits(units[sku])
        leaving = offered.idle if wait else levels[sku].room
        found[sku] = Drawn(units[sku], offered, wait, leaving)
    return found


def _wanted(
    items: Sequence[Item], levels: Mapping[str, StockLevels], at: datetime
) -> Sequence[Wanted]:
    """What is to be promised, and what of it has to wait for goods."""
    together = drawn(items, levels, at)
    return [
        Wanted(
            item.product.sku,
            item.quantity,
            item.product.skills,
            item.product.production_days,
            together[item.product.sku].wait,
        )
        for item in items
    ]


def _amount(item: Item, currency: str) -> Money:
    """What all units of it are sold for, before tax is added."""
    if item.amount is not None:
        return item.amount
    return Money(minor=item.product.prices[currency], currency=currency) * item.quantity


def _priced(item: Item, amount: Money, levied: TaxedAmount) -> PricedLine:
    price = bundle.unit_price(amount, item.quantity)
    return PricedLine(
        unit_price=price,
        discount=price * item.quantity - amount,
        tax=levied.tax,
        total=amount if levied.included else amount + levied.tax,
    )


def _on_shelves(levels: Iterable[StockLevels]) -> Mapping[tuple[str, str], int]:
    """(SKU, location id) → units that may be allocated there."""
    return {
        (one.sku, place.location_id): place.available for one in levels for place in one.locations
    }
