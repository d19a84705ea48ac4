"""What storefronts tell us, in one form: orders as sold, and what became of them there."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, field_validator

from doorstep.domain.address import Address
from doorstep.domain.money import Currency, Money
from doorstep.domain.order import Customer, LineKind
from doorstep.domain.record import Moment, Record


class SoldLine(Record):
    """One line as the storefront sold it. `total` is what the customer pays for all its units."""

    line_id: str
    sku: str | None
    """As sold. A custom line has one at the storefront's whim, and no stock is kept of it."""
    name: str
    kind: LineKind
    quantity: int = Field(ge=1)
    """Units as sold."""
    removed: int = Field(default=0, ge=0)
    """Units of these that an edit or a refund has taken out since: not to be shipped."""
    instructions: dict[str, str] = Field(default_factory=dict)
    unit_price: Money
    discount: Money
    tax: Money
    total: Money


class StorefrontOrder(Record):
    """An order that a storefront has taken. It may be short of stock; it is never refused."""

    external_id: str
    """Unique within the storefront, and a string: these ids exceed 2^53."""
    external_name: str = ""
    created_at: Moment
    updated_at: Moment
    currency: Currency
    customer: Customer
    shipping_address: Address | None
    billing_address: Address | None
    delivery_name: str = ""
    deliver_by: Moment | None = None
    """When the customer was told it would be there, where the storefront says so."""
    lines: tuple[SoldLine, ...] = Field(min_length=1)
    shipping: Money
    tax: Money
    discount: Money
    total: Money
    """As the storefront reports it; what neither lines nor shipping explain is kept as a fee."""
    paid: Money
    """What the storefront has captured so far."""
    fulfilled: bool = False
    """Goods of it were handed over there already.

    News of it is followed; whether the rest of an order that is new here has to be shipped, a
    person decides: nothing may be shipped twice.
    """
    test: bool = False
    """A notification the storefront sends to try the connection: no order."""
    canceled_at: datetime | None = None
    cancel_reason: str = ""

    @field_validator("lines")
    @classmethod
    def _told_apart(cls, lines: tuple[SoldLine, ...]) -> tuple[SoldLine, ...]:
        if len({line.line_id for line in lines}) < len(lines):
            raise ValueError("two lines have the same id")
        return lines


class OrderNews(Record):
    """A storefront order in its newest shape: placed if it is new, followed if it is known."""

    order: StorefrontOrder


class CancellationNews(Record):
    """A storefront order was canceled there."""

    external_id: str
    reason: str = ""
    order: StorefrontOrder | None = None
    """The whole order, where the message carries it: a cancellation may arrive before its order."""


class Ignored(Record):
    """Nothing for an order management system, on purpose."""

    why: str


News = OrderNews | CancellationNews | Ignored
