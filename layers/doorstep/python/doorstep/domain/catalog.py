"""What may be sold, from where, and how it may be delivered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from doorstep.domain.address import Address
from doorstep.domain.calendar import WEEKEND, WORKING_WEEK, Calendar, LocalTime, Weekday
from doorstep.domain.delivery import Transit, Window
from doorstep.domain.money import Currency
from doorstep.domain.personalization import AnyOption, named_only
from doorstep.domain.record import Moment, Record

Sku = Annotated[
    str,
    Field(
        min_length=1, max_length=120, pattern=r"^[^\s#\x00-\x1f]([^#\x00-\x1f]*[^\s#\x00-\x1f])?$"
    ),
]
"""A stock keeping unit as the merchant writes it; `#` separates key parts and may not occur."""


Capability = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""What a location can do, such as `ship`, `pickup`, `made_to_order`, `engraving` or `cold`."""

SHIP, PICKUP, MADE_TO_ORDER = "ship", "pickup", "made_to_order"
"""Capabilities that Doorstep itself asks for."""


Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""A merchant's own word for goods or places, such as `fragile`; sourcing rules know it."""


class ProductKind(StrEnum):
    STANDARD = "standard"
    MADE_TO_ORDER = "made_to_order"


class WorkStep(Record):
    """Something a workshop does to make a piece: so many minutes of work, by a skill it has."""

    name: str = Field(min_length=1, max_length=200)
    skill: Capability | None = None
    minutes: int = Field(default=0, ge=0, le=100_000)


class Backorder(Record):
    """Sold beyond the stock: more of it is on its way, or can be had."""

    cap: int = Field(ge=1, le=1_000_000)
    """Units that may be sold beyond the stock, at the most."""
    lead_days: int = Field(ge=0, le=730)
    """Calendar days until goods for an order are there, where no delivery is expected."""
    expected_at: Moment | None = None
    """When the next delivery is expected; once that has passed the lead days count."""


class Preorder(Record):
    """Sold before it is released; none of it leaves before."""

    cap: int = Field(ge=1, le=1_000_000)
    """Units that may be sold beyond the stock until then, at the most."""
    release_at: Moment


class Product(Record):
    """Something that can be ordered. `prices` maps a currency to its minor units per piece."""

    sku: Sku
    name: str = Field(min_length=1, max_length=300)
    kind: ProductKind = ProductKind.STANDARD
    prices: dict[Currency, Annotated[int, Field(ge=0, le=10**12)]]
    weight_grams: int = Field(default=0, ge=0, le=1_000_000)
    tax_category: str = Field(default="standard", max_length=40)
    production_days: int = Field(default=0, ge=0, le=365)
    """Working days in the workshop before a made-to-order piece can be shipped."""
    options: tuple[AnyOption, ...] = Field(default=(), max_length=20)
    """What the customer says of a made-to-order piece, such as its `engraving`."""
    steps: tuple[WorkStep, ...] = Field(default=(), max_length=30)
    """How the workshop makes it: the steps of its work order."""
    stock_shards: int = Field(default=1, ge=1, le=32)
    """Over how many rows the network level is spread; raise it for a SKU that sells in a rush."""
    returnable: bool = True
    """A final sale otherwise, as made-to-order pieces often are."""
    requires: tuple[Capability, ...] = Field(default=(), max_length=20)
    """What a location must be capable of to ship it, besides the skills of its steps."""
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    substitutes: tuple[Sku, ...] = Field(default=(), max_length=10)
    """What may be sent to a customer instead if it cannot be found, the best first."""
    restock_days: int | None = Field(default=None, ge=0, le=365)
    """Days until more of it arrives, counted from any day; None: nobody knows."""
    low_stock: int = Field(default=5, ge=0, le=10_000)
    """From this many on the storefront says how many are left, and where."""
    low_stock_at: dict[
        Annotated[str, Field(min_length=1, max_length=64)], Annotated[int, Field(ge=0, le=10_000)]
    ] = Field(default={}, max_length=200)
    """Locations whose own stock is watched, each with the number that is few there."""
    overstock_weeks: Annotated[int, Field(ge=1, le=520)] | None = 26
    """More than sells in so many weeks is too much; None: never."""
    backorder: Backorder | None = None
    preorder: Preorder | None = None
    components: dict[Sku, Annotated[int, Field(ge=1, le=1_000)]] = Field(default={}, max_length=20)
    """Of a bundle: the products it is made of, and how many units of each. It has no own stock."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.backorder and self.preorder:
            raise ValueError("either backorder or preorder: after the release, change the product")
        if self.components:
            self._check_bundle()
        return self

    def _check_bundle(self) -> None:
        if self.sku in self.components:
            raise ValueError("a bundle cannot be a part of itself: change its components")
        if self.backorder or self.preorder:
            raise ValueError("a bundle has no stock: its components have the terms")
        if self.kind is not ProductKind.STANDARD or self.options:
            raise ValueError("a bundle is not made to order: leave out its options, or components")

    def unreleased(self, at: datetime) -> bool:
        """Whether none of it may leave yet."""
        return self.preorder is not None and at < self.preorder.release_at

    @field_validator("options", mode="before")
    @classmethod
    def _with_kinds(cls, options: object) -> object:
        return named_only(options)

    @field_validator("options")
    @classmethod
    def _told_apart(cls, options: tuple[AnyOption, ...]) -> tuple[AnyOption, ...]:
        if len({option.name.casefold() for option in options}) < len(options):
            raise ValueError("two options have the same name")
        return options

    @property
    def skills(self) -> frozenset[Capability]:
        """All that a location must be capable of to make it and to ship it."""
        made = {MADE_TO_ORDER} if self.kind is ProductKind.MADE_TO_ORDER else set()
        steps = {step.skill for step in self.steps if step.skill}
        return frozenset({SHIP, *self.requires, *made, *steps})


class LocationKind(StrEnum):
    WAREHOUSE = "warehouse"
    STORE = "store"
    SHOWROOM = "showroom"
    """Shows goods; ships or hands over only what it says that it is capable of."""
    WORKSHOP = "workshop"
    THIRD_PARTY = "third_party"
    DROP_SHIP = "drop_ship"
    """A vendor who ships what is sold under its own labels."""


class DeliveryKind(StrEnum):
    """How fast, and to where: to the doorstep, or to a place where it is collected."""

    STANDARD = "standard"
    NEXT_DAY = "next_day"
    WEEKEND = "weekend"
    SAME_DAY = "same_day"
    ONE_HOUR = "one_hour"
    PICKUP = "pickup"


BY_COURIER = (DeliveryKind.SAME_DAY, DeliveryKind.ONE_HOUR)
"""What a courier brings within hours, from a place that is capable of just that."""


def _usual(given: Mapping[str, object]) -> tuple[str, ...]:
    """What a kind of location does unless it says otherwise: all but showrooms ship."""
    return () if given.get("kind") is LocationKind.SHOWROOM else (SHIP,)


class UncollectedRule(StrEnum):
    """What becomes of a pickup that nobody collected, once its goods are back in stock."""

    REFUND = "refund"
    ASK = "ask"
    """A person decides."""


class Terms(Record):
    """How long a location may take, in hours of its working days, before a fulfillment order goes
    elsewhere (None: as long as it likes), and how long it keeps what is to be collected there.
    """

    accept_hours: Annotated[int, Field(ge=1, le=720)] | None = None
    pack_hours: Annotated[int, Field(ge=1, le=720)] | None = None
    remind_days: int = Field(default=5, ge=1, le=90)
    keep_days: int = Field(default=10, ge=1, le=90)
    """After how many days the customer of a pickup is reminded, and it is given back."""
    uncollected: UncollectedRule = UncollectedRule.REFUND


class Location(Record):
    """A place that makes, keeps or ships goods.

    Lower `priority` is preferred where all else is equal.
    """

    location_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    name: str = Field(min_length=1, max_length=200)
    kind: LocationKind
    address: Address
    priority: int = Field(default=100, ge=0, le=10_000)
    active: bool = True
    outage: str = Field(default="", max_length=200)
    """Why it is switched off."""
    switched_at: Moment | None = None
    """When it was switched off or on the last time; kept by Doorstep, whatever is sent."""
    calendar: Calendar = Calendar()
    terms: Terms = Terms()
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    """Where it is exactly; without both, its address tells roughly."""
    capabilities: tuple[Capability, ...] = Field(default_factory=_usual, max_length=20)
    """It ships unless it says otherwise, or is a showroom. A workshop makes to order without saying
    so.
    """
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    daily_capacity: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Units that it can begin on a working day; None: as many as come."""
    parcel_cost: Annotated[int, Field(ge=0, le=10**9)] | None = None
    unit_cost: Annotated[int, Field(ge=0, le=10**9)] | None = None
    """What it costs to handle a parcel, and a unit, there, in the currency of the sourcing rules;
    None: as the rules say.
    """

    @property
    def skills(self) -> frozenset[Capability]:
        """All that it is capable of."""
        made = {MADE_TO_ORDER} if self.kind is LocationKind.WORKSHOP else set()
        return frozenset({*self.capabilities, *made})

    @property
    def hands_over(self) -> bool:
        """Whether customers may collect there, now."""
        return self.active and PICKUP in self.capabilities

    @property
    def local_calendar(self) -> Calendar:
        """Its calendar, with the public holidays of its address unless it keeps others."""
        return self.calendar.at(self.address.country, self.address.region)


class DeliveryOption(Record):
    """One way to deliver.

    `prices` maps a currency to minor units per order; days are working days. Where it leaves
    processing or cut-off open, the calendar of the place that ships decides.
    """

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    name: str = Field(min_length=1, max_length=100)
    kind: DeliveryKind = DeliveryKind.STANDARD
    prices: dict[Currency, Annotated[int, Field(ge=0, le=10**9)]]
    processing_days: int | None = Field(default=None, ge=0, le=60)
    transit_days: int = Field(default=3, ge=0, le=120)
    transit: tuple[Transit, ...] = Field(default=(), max_length=300)
    """Days by destination, the first row that covers it; it is not offered where none does. Without
    rows it takes `transit_days` everywhere.
    """
    delivers_on: tuple[Weekday, ...] | None = Field(default=None, min_length=1, max_length=7)
    """The days on which it arrives; None: Monday to Friday, and a weekend's on Saturday or Sunday.
    """
    cutoff: LocalTime | None = None
    """By the clock of the place that ships; an earlier cut-off of the place counts instead."""
    service: str = Field(default="standard", max_length=60)
    """The carrier service bought for it."""

    windows: tuple[Window, ...] = Field(default=(), max_length=96, validate_default=True)
    """In which a courier brings it, the same day or within the hour."""

    @field_validator("windows")
    @classmethod
    def _by_courier(cls, windows: tuple[Window, ...], given: ValidationInfo) -> tuple[Window, ...]:
        if bool(windows) != (given.data.get("kind") in BY_COURIER):
            raise ValueError("same day and one hour have windows, and nothing else has")
        rows: tuple[Transit, ...] = given.data.get("transit", ())
        if windows and not (rows and all(row.up_to_km for row in rows)):
            raise ValueError("say in `transit` how far couriers go: `up_to_km`")
        if len({window.starts for window in windows}) < len(windows):
            raise ValueError("two windows start at the same time")
        return windows

    @property
    def arrives_on(self) -> tuple[Weekday, ...]:
        """The days of the week on which it arrives."""
        usual = WEEKEND if self.kind is DeliveryKind.WEEKEND else WORKING_WEEK
        return self.delivers_on or usual
