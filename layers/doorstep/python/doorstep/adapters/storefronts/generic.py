"""A storefront of your own: messages as Standard Webhooks has them, orders in Doorstep's form.

    {"type": "order.placed", "timestamp": "2026-11-23T12:00:00Z", "data": {…an `Order`…}}

`order.created`, `.placed`, `.completed`, `.paid` and `.updated` bring a whole order, each time in
its newest shape; `order.canceled` brings it too, or just its `id` and a `reason`. Other types are
ignored. Spree's messages are read as they are. Fields that are not named here are ignored, so a
sender may add its own; whoever builds one reads `Order` and `Line` below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from doorstep.adapters.storefronts._read import (
    Amount,
    Count,
    Country,
    Id,
    Sent,
    Text,
    Units,
    When,
    Zero,
    currency_of,
    faults_at,
    json_object,
    known,
    sku_of,
)
from doorstep.adapters.storefronts._spree import SpreeOrder
from doorstep.domain.address import Address
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.money import Money, total
from doorstep.domain.order import Customer, LineKind
from doorstep.domain.storefront import (
    CancellationNews,
    Ignored,
    News,
    OrderNews,
    SoldLine,
    StorefrontOrder,
)

ORDERS = ("created", "placed", "completed", "paid", "updated")
CANCELED = ("canceled", "cancelled")


class Line(Sent):
    """One thing that was sold, so many times."""

    id: Id
    """Unique within the order."""
    sku: Text = ""
    """Empty for something that is no product: it is shipped, but no stock is kept of it."""
    name: Text
    quantity: Units
    removed: Count = 0
    """How many of these are not to be shipped any more."""
    unit_price: Amount
    discount: Amount = Zero
    """For all units, as the other amounts below."""
    tax: Amount = Zero
    total: Amount | None = None
    """What the customer pays; if absent, price × quantity - discount + tax. Where prices include
    their tax, give it."""
    requires_shipping: bool = True
    instructions: dict[Text, Text] = Field(default_factory=dict)
    """What the workshop has to know of a piece that is made to order."""

    @field_validator("removed")
    @classmethod
    def _were_sold(cls, removed: int, line: ValidationInfo) -> int:
        if removed > line.data.get("quantity", removed):
            raise ValueError("more than were sold")
        return removed

    def sold(self) -> SoldLine:
        sku = sku_of(self.sku)
        kind = LineKind.STANDARD if sku else LineKind.CUSTOM
        explained = self.unit_price * self.quantity - self.discount + self.tax
        return SoldLine(
            line_id=self.id,
            sku=sku,
            name=self.name,
            kind=kind if self.requires_shipping else LineKind.DIGITAL,
            quantity=self.quantity,
            removed=self.removed,
            instructions=self.instructions,
            unit_price=self.unit_price,
            discount=self.discount,
            tax=self.tax,
            total=explained if self.total is None else self.total,
        )


class Buyer(Sent):
    """Who ordered."""

    id: Text = ""
    email: Text = ""
    name: Text = ""
    phone: Text = ""
    language: Text = ""

    def ours(self) -> Customer:
        return Customer.model_validate({"customer_id": self.id, **self.model_dump()})


class Place(Sent):
    """A postal address."""

    name: Text = ""
    company: Text = ""
    line1: Text = ""
    line2: Text = ""
    city: Text = ""
    region: Text = ""
    postal_code: Text = ""
    country: Country = None
    """ISO 3166-1 alpha-2."""
    phone: Text = ""

    def ours(self) -> Address | None:
        short = {"postal_code": self.postal_code[:20], "phone": self.phone[:40]}
        return known(Address.model_validate(self.model_dump() | short))


class Order(Sent):
    """An order. Amounts are decimal text, such as "404.95", in its `currency` (ISO 4217)."""

    id: Id
    """Unique within the storefront, for ever."""
    number: Text = ""
    """What people call it."""
    created_at: When
    updated_at: When | None = None
    """Of two messages, the one with the later time is right."""
    customer: Buyer = Buyer()
    shipping_address: Place | None = None
    billing_address: Place | None = None
    delivery: Text = ""
    """The delivery that was chosen, by name."""
    deliver_by: When | None = None
    """When the customer was told it would be there."""
    lines: tuple[Line, ...]
    """At least one."""
    shipping: Amount = Zero
    """What the customer pays for delivery, with its tax."""
    tax: Amount | None = None
    """All tax of the order; if absent, that of its lines."""
    discount: Amount | None = None
    """All discounts of the order; if absent, those of its lines."""
    total: Amount
    """What the customer pays. What neither lines nor shipping explain is kept as a fee."""
    paid: Amount = Zero
    """What was captured so far, before refunds."""
    fulfilled: bool = False
    """Goods of it were handed over already, in part or all."""
    test: bool = False
    """Not a real order."""
    canceled_at: When | None = None
    cancel_reason: Text = ""

    def sold(self, currency: str) -> StorefrontOrder:
        lines = tuple(line.sold() for line in self.lines)
        return StorefrontOrder(
            external_id=self.id,
            external_name=self.number,
            created_at=self.created_at,
            updated_at=self.updated_at or self.created_at,
            currency=currency,
            customer=self.customer.ours(),
            shipping_address=self.shipping_address and self.shipping_address.ours(),
            billing_address=self.billing_address and self.billing_address.ours(),
            delivery_name=self.delivery,
            deliver_by=self.deliver_by,
            lines=lines,
            shipping=self.shipping,
            tax=_or_sum(self.tax, (line.tax for line in lines), currency),
            discount=_or_sum(self.discount, (line.discount for line in lines), currency),
            total=self.total,
            paid=self.paid,
            fulfilled=self.fulfilled,
            test=self.test,
            canceled_at=self.canceled_at,
            cancel_reason=self.cancel_reason,
        )


class _Canceled(Sent):
    """The least that a cancellation says."""

    id: Id
    reason: Text = ""


def parse(headers: Mapping[str, str], body: bytes) -> News:  # noqa: ARG001 - it is all in the body
    """What a message is about: its type tells, and its order says it all. Raises InvalidCommand."""
    sent = json_object(body)
    name = sent.get("type") or sent.get("name") or sent.get("event")
    if not isinstance(name, str) or not name.isprintable():
        raise InvalidCommand({"type": "a text such as order.placed is missing"})
    subject, _, event = name.strip().lower().rpartition(".")
    if subject != "order" or event not in ORDERS + CANCELED:
        return Ignored(why=f"{name[:80]}: neither brings an order nor cancels one")
    data = sent.get("data")
    if not isinstance(data, dict):
        raise InvalidCommand({"data": "an object is missing"})
    if not data.get("updated_at"):
        data["updated_at"] = sent.get("timestamp") or sent.get("created_at")
    return _canceled(data) if event in CANCELED else _news(data)


def _news(data: dict[str, Any]) -> OrderNews | Ignored:
    form = SpreeOrder if "items" in data else Order
    currency = currency_of(data, "data")
    with faults_at("data"):
        order = form.model_validate(data, context=currency).sold(currency)
    if order is None:
        return Ignored(why="a cart: nothing is sold until it is complete")
    return OrderNews(order=order)


def _canceled(data: dict[str, Any]) -> News:
    with faults_at("data"):
        canceled = _Canceled.model_validate(data)
    whole = "items" in data or "lines" in data
    news = _news(data) if whole else None
    if isinstance(news, Ignored):
        return news
    order = news and news.order
    reason = canceled.reason or (order.cancel_reason if order else "")
    return CancellationNews(external_id=canceled.id, reason=reason, order=order)


def _or_sum(stated: Money | None, parts: Iterable[Money], currency: str) -> Money:
    return total(parts, currency) if stated is None else stated
