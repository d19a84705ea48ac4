"""Sourcing rules: what a merchant writes to say which locations ship the orders of a channel.

One small language: a rule has conditions on the order, its goods and a location, and what follows
where they hold. Of a condition everything that is given must hold, and of a list any one; nothing
given is always true. Amounts are whole minor units of the rules' currency; they are compared with
each other and never with what the customer pays, so no rate of exchange is needed.
`docs/sourcing.md` explains it with an example.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, NamedTuple, Protocol, Self

from pydantic import Field, model_validator

from doorstep.domain.address import Address, CountryCode
from doorstep.domain.catalog import Capability, Location, LocationKind, Product, Sku, Tag
from doorstep.domain.money import Currency, Money
from doorstep.domain.order import LineKind, Order
from doorstep.domain.record import Command, Moment, Record

DEFAULT = "default"
"""The channel whose rules are those of every channel without its own."""

Cost = Annotated[int, Field(ge=0, le=10**9)]
Channel = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Named = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""A rule's name: explanations, holds and cancellations refer to it."""
_Text = Annotated[str, Field(min_length=1, max_length=255)]


class Sale(NamedTuple):
    """What conditions on orders look at: of an order, or of a cart that may become one."""

    channel: str
    to: Address | None
    delivery_option: str
    customer_id: str
    skus: frozenset[str]
    total: Money
    """Of what the customer pays."""

    @classmethod
    def of(cls, order: Order) -> Sale:
        return cls(
            channel=order.channel,
            to=order.shipping_address,
            delivery_option=order.delivery_option,
            customer_id=order.customer.customer_id,
            skus=frozenset(line.sku for line in order.lines if line.sku),
            total=order.totals.total,
        )


class Goods(Protocol):
    """What conditions on goods look at: a line of an order, or the product that it would be of."""

    @property
    def sku(self) -> str | None: ...
    @property
    def kind(self) -> StrEnum: ...


class OrderMatch(Command):
    """Which orders."""

    channels: tuple[Channel, ...] = Field(default=(), max_length=50)
    countries: tuple[CountryCode, ...] = Field(default=(), max_length=250)
    """Of the destination."""
    regions: tuple[_Text, ...] = Field(default=(), max_length=100)
    """Of the destination, as its addresses have them."""
    postal_codes: tuple[_Text, ...] = Field(default=(), max_length=200)
    """What the destination's starts with."""
    delivery_options: tuple[Named, ...] = Field(default=(), max_length=50)
    customers: tuple[_Text, ...] = Field(default=(), max_length=500)
    """Customer ids."""
    skus: tuple[Sku, ...] = Field(default=(), max_length=500)
    """One of which is in it."""
    total_from: Money | None = None
    """Of what the customer pays; an order in another currency does not match."""
    total_below: Money | None = None

    def matches(self, sale: Sale) -> bool:
        to, total = sale.to or Address(), sale.total
        low, high = self.total_from, self.total_below
        return (
            _any_of(self.channels, sale.channel)
            and _any_of(self.countries, to.country)
            and _any_of(self.regions, to.region)
            and (not self.postal_codes or to.postal_code.startswith(self.postal_codes))
            and _any_of(self.delivery_options, sale.delivery_option)
            and _any_of(self.customers, sale.customer_id)
            and _any_of(self.skus, *sale.skus)
            and (low is None or (low.currency == total.currency and low.minor <= total.minor))
            and (high is None or (high.currency == total.currency and total.minor < high.minor))
        )


class GoodsMatch(Command):
    """Which goods."""

    skus: tuple[Sku, ...] = Field(default=(), max_length=500)
    tags: tuple[Tag, ...] = Field(default=(), max_length=50)
    """Of the product."""
    requires: tuple[Capability, ...] = Field(default=(), max_length=50)
    """What the product requires of a location."""
    tax_categories: tuple[_Text, ...] = Field(default=(), max_length=50)
    kinds: tuple[LineKind, ...] = ()

    def matches(self, goods: Goods, product: Product | None) -> bool:
        return (
            _any_of(self.skus, goods.sku)
            and _any_of(self.tags, *(product.tags if product else ()))
            and _any_of(self.requires, *(product.requires if product else ()))
            and _any_of(self.tax_categories, product.tax_category if product else None)
            and _any_of(self.kinds, goods.kind)
        )


class PlaceMatch(Command):
    """Which locations."""

    locations: tuple[_Text, ...] = Field(default=(), max_length=500)
    """Location ids."""
    kinds: tuple[LocationKind, ...] = ()
    tags: tuple[Tag, ...] = Field(default=(), max_length=50)
    capabilities: tuple[Capability, ...] = Field(default=(), max_length=50)
    countries: tuple[CountryCode, ...] = Field(default=(), max_length=250)
    abroad: bool | None = None
    """Whether it is in another country than the destination."""

    def matches(self, one: Location, to: Address | None) -> bool:
        return (
            _any_of(self.locations, one.location_id)
            and _any_of(self.kinds, one.kind)
            and _any_of(self.tags, *one.tags)
            and _any_of(self.capabilities, *one.capabilities)
            and _any_of(self.countries, one.address.country)
            and (self.abroad is None or self.abroad == is_abroad(one, to))
        )


def is_abroad(one: Location, to: Address | None) -> bool:
    """Whether a parcel from there crosses a border; not where the destination is not known."""
    return to is not None and to.country is not None and to.country != one.address.country


class Filter(Command):
    """Who may, or must not, ship these goods of these orders. Give `only`, `never` or both."""

    name: Named
    orders: OrderMatch = OrderMatch()
    goods: GoodsMatch = GoodsMatch()
    only: PlaceMatch | None = None
    never: PlaceMatch | None = None

    def bars(self, one: Location, to: Address | None) -> bool:
        """Whether it keeps a location from shipping there what it is about."""
        outside = self.only is not None and not self.only.matches(one, to)
        return outside or (self.never is not None and self.never.matches(one, to))

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(match and match != PlaceMatch() for match in (self.only, self.never)):
            raise ValueError("say which locations: `only` those, or `never` those")
        if PlaceMatch() in (self.only, self.never):
            raise ValueError("an empty `only` or `never` is every location")
        return self


class Charge(Command):
    """What a parcel, or a unit, from these locations costs besides: a constraint that gives way
    where keeping it would cost more.
    """

    name: Named
    orders: OrderMatch = OrderMatch()
    goods: GoodsMatch = GoodsMatch()
    """Which units it is about; a parcel is charged whatever is in it."""
    places: PlaceMatch = PlaceMatch()
    beyond_km: int | None = Field(default=None, ge=0, le=25_000)
    """Only from farther away; a distance that is not known is farther."""
    leaves_below: int | None = Field(default=None, ge=1, le=1_000_000)
    """Only where shipping all that is wanted of the SKU would leave fewer units there."""
    parcel: Cost = 0
    unit: Cost = 0

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not self.parcel and not self.unit:
            raise ValueError("say what it costs: per `parcel`, per `unit` or both")
        if self.parcel and (self.goods != GoodsMatch() or self.leaves_below):
            raise ValueError("`goods` and `leaves_below` are about units: charge them by `unit`")
        return self


class Markdown(Command):
    """What a unit of these goods is going to lose where it stays in these locations."""

    goods: GoodsMatch = GoodsMatch()
    places: PlaceMatch = PlaceMatch()
    unit: Annotated[int, Field(ge=1, le=10**9)]


class Sort(StrEnum):
    """What is preferred between plans that cost the same."""

    PRIORITY = "priority"
    NEAREST = "nearest"
    MOST_STOCK = "most_stock"
    """Who has the most units of what is wanted."""
    LEAST_STOCK = "least_stock"
    MOST_CAPACITY = "most_capacity"
    """Who can ship the most units still; no limit is more than any."""


class Verb(StrEnum):
    """What is done with an order besides finding its locations."""

    HOLD = "hold"
    """It waits until somebody releases the hold."""
    QUEUE = "queue"
    """It waits, as a work item, until somebody asks for it to be routed."""
    CANCEL_AFTER = "cancel_after"
    """Units that found no location for so many hours are canceled."""


class Action(Command):
    """What is done with these orders. `reason` is what people read; the name, where it is empty."""

    name: Named
    orders: OrderMatch = OrderMatch()
    do: Verb
    hours: int | None = Field(default=None, ge=1, le=24 * 366)
    reason: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _knows_when(self) -> Self:
        if (self.do is Verb.CANCEL_AFTER) != (self.hours is not None):
            raise ValueError("`hours` go with `cancel_after`, and only with it")
        return self


class Zone(Command):
    """What a parcel costs up to a distance; the last zone has no end."""

    up_to_km: int | None = Field(default=None, ge=0, le=25_000)
    parcel: Cost
    per_kg: Cost


class SourcingRules(Command):
    """How a channel's orders find their locations."""

    channel: Channel = DEFAULT
    version: int = Field(default=0, ge=0, le=10**6)
    """0 is what Doorstep does without being told."""
    currency: Currency = "EUR"

    zones: tuple[Zone, ...] = Field(
        default=(
            Zone(up_to_km=50, parcel=390, per_kg=20),
            Zone(up_to_km=300, parcel=450, per_kg=30),
            Zone(up_to_km=1_000, parcel=590, per_kg=60),
            Zone(up_to_km=3_000, parcel=1_200, per_kg=150),
            Zone(parcel=2_500, per_kg=400),
        ),
        min_length=1,
        max_length=20,
    )
    border: Cost = 500
    """What a parcel to another country costs besides."""
    handling_parcel: Cost = 80
    handling_unit: Cost = 30
    split: Cost = 200
    """What every parcel after the first costs in trouble to the customer."""
    late_day: Cost = 500
    """What a day costs by which a location would miss the promised handover."""
    charges: tuple[Charge, ...] = Field(default=(), max_length=50)
    markdowns: tuple[Markdown, ...] = Field(default=(), max_length=200)

    most_locations: int | None = Field(default=None, ge=1, le=100)
    most_km: int | None = Field(default=None, ge=0, le=25_000)
    """A location whose distance is not known is not refused for it."""
    kinds: tuple[LocationKind, ...] = Field(default=tuple(LocationKind), min_length=1)
    whole_lines: bool = False
    """A line goes to one location, or waits."""
    complete: bool = False
    """Nothing goes anywhere until all of the order can."""
    filters: tuple[Filter, ...] = Field(default=(), max_length=50)

    sorts: tuple[Sort, ...] = Field(default=(Sort.PRIORITY,), max_length=5)
    actions: tuple[Action, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        ends = [zone.up_to_km for zone in self.zones]
        known = [end for end in ends[:-1] if end is not None]
        if ends[-1] is not None or len(known) < len(ends) - 1 or known != sorted(set(known)):
            raise ValueError("`zones` go from near to far, and the last one has no `up_to_km`")
        for what in (self.filters, self.charges, self.actions):
            names = Counter(rule.name for rule in what)
            if twice := [name for name, times in names.items() if times > 1]:
                raise ValueError(f"two rules have the name {twice[0]!r}")
        return self

    @property
    def label(self) -> str:
        """What explanations call it: `web@3`."""
        return f"{self.channel}@{self.version}"

    def zone(self, km: int | None) -> Zone:
        """The zone of a distance; the dearest one where it is not known."""
        for zone in self.zones:
            if zone.up_to_km is not None and km is not None and km <= zone.up_to_km:
                return zone
        return self.zones[-1]


class Edition(Record):
    """One version of a channel's rules: what they were from then on, and who wrote them."""

    rules: SourcingRules
    by: str
    at: Moment


def in_force(known: Mapping[str, SourcingRules], channel: str) -> SourcingRules:
    """The rules of a channel, else the default's, else what Doorstep does without being told."""
    return known.get(channel) or known.get(DEFAULT) or SourcingRules()


def _any_of(wanted: tuple[str, ...], *found: str | None) -> bool:
    """Whether one of these is wanted; everything is, where nothing is said."""
    return not wanted or any(one in wanted for one in found)
