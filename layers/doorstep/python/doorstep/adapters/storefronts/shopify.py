"""Shopify: its order webhooks, as of Admin API 2026-07.

Amounts are in the shop's currency throughout; what the customer saw in another one (`presentment`)
is left to Shopify. They are as sold, whatever an edit or a refund changed afterwards: `current_…`
is read only to know which units are not to be shipped any more, and what was due for the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from doorstep.adapters.storefronts._read import (
    Amount,
    Count,
    Country,
    Id,
    Person,
    Sent,
    Text,
    When,
    Zero,
    currency_of,
    faults_at,
    json_object,
    known,
    sku_of,
)
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

CANCELED = "orders/cancelled"
ORDERS = ("orders/create", "orders/paid", "orders/updated", CANCELED)
"""Topics that carry a whole order."""

IGNORED = {
    "orders/edited": "names only what an edit changed; orders/updated brings the whole order",
    "orders/delete": "deleted there after it ended; what happened here stays on record",
    "orders/": "orders/updated brings the same order",
    "order_transactions/": "money is read from the order: orders/paid and orders/updated",
    "refunds/": "given back there; orders/updated brings what is left of the order",
    "returns/": "returns are requested, decided and received here",
    "draft_orders/": "an offer: nothing is sold until it comes as an order",
    "checkouts/": "nothing is sold until it comes as an order",
    "carts/": "nothing is sold until it comes as an order",
    "fulfillments/": "shipping is done and told from here",
    "fulfillment_events/": "shipping is done and told from here",
    "fulfillment_orders/": "places are chosen here",
    "inventory_": "stock is kept here",
    "customers/redact": "personal data is erased by the operator, not by a message",
    "customers/data_request": "personal data is given by the operator, not by a message",
    "shop/redact": "personal data is erased by the operator, not by a message",
    "app/uninstalled": "no orders will follow; the ones that came are finished",
}
"""Why we have no use for a topic, by how it begins."""


def parse(headers: Mapping[str, str], body: bytes) -> News:
    """An order in its newest shape, its cancellation, or nothing of ours. Raises InvalidCommand.

    The order's own state counts, not the topic that brought it: `orders/updated` may be the first
    to say that it was canceled.
    """
    topic = _topic(headers)
    if topic not in ORDERS:
        why = (text for start, text in IGNORED.items() if topic.startswith(start))
        return Ignored(why=f"{topic}: {next(why, 'not about an order')}")
    sent = json_object(body)
    currency = currency_of(sent)
    with faults_at():
        order = _Order.model_validate(sent, context=currency).sold(currency)
    if order.test or not (order.canceled_at or topic == CANCELED):
        return OrderNews(order=order)
    return CancellationNews(external_id=order.external_id, reason=order.cancel_reason, order=order)


def _topic(headers: Mapping[str, str]) -> str:
    """Its older webhooks and its newer events name the header differently, and may use both."""
    given = {name.lower(): value for name, value in headers.items()}
    topic = given.get("x-shopify-topic") or given.get("shopify-topic")
    if not topic:
        raise InvalidCommand({"x-shopify-topic": "the header is missing"})
    return topic.strip().lower()


class _Resource(Sent):
    id: Id

    @model_validator(mode="before")
    @classmethod
    def _exact_id(cls, sent: Any) -> Any:
        """The global id is text: it survives senders that read numbers as floating-point ones."""
        if not isinstance(sent, dict):
            return sent
        found = re.match(r"gid://shopify/\w+/([0-9]+)", str(sent.get("admin_graphql_api_id")))
        return {**sent, "id": found[1]} if found else sent


class _Price(Sent):
    price: Amount


class _Allocation(Sent):
    amount: Amount


class _Priced(_Price):
    """Something with a price, on which discounts and taxes were laid."""

    discount_allocations: tuple[_Allocation, ...] = ()
    tax_lines: tuple[_Price, ...] = ()

    def tax(self, currency: str) -> Money:
        return total((tax.price for tax in self.tax_lines), currency)

    def discount(self, stated: Money) -> Money:
        """Allocations name every discount; where there are none, the amount is only stated."""
        return max(stated, total((d.amount for d in self.discount_allocations), stated.currency))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


class _Property(Sent):
    """What the customer chose or wrote for this line; apps begin names of their own with `_`."""

    name: Text = ""
    value: Annotated[Text, BeforeValidator(_written)] = ""

    @property
    def shown(self) -> bool:
        return bool(self.name and self.value) and not self.name.startswith("_")


class _Line(_Priced, _Resource):
    name: Text = ""
    title: Text = ""
    sku: Text = ""
    product_id: Any = None
    variant_id: Any = None
    quantity: Count
    current_quantity: Count | None = None
    fulfillment_status: Text = ""
    requires_shipping: bool = True
    total_discount: Amount = Zero
    properties: tuple[_Property, ...] = ()
    tip: Any = None

    @property
    def removed(self) -> int:
        left = self.quantity if self.current_quantity is None else self.current_quantity
        return max(0, self.quantity - left)

    @property
    def fulfilled(self) -> bool:
        return self.requires_shipping and self.fulfillment_status in ("fulfilled", "partial")

    def sold(self, currency: str, *, tax_included: bool) -> SoldLine:
        """A line whose product has no usable SKU is known by its variant."""
        sku = sku_of(self.sku)
        if not sku and self.product_id and isinstance(self.variant_id, int | str):
            sku = sku_of(f"shopify:{self.variant_id}")
        kind = LineKind.STANDARD if self.product_id and sku else LineKind.CUSTOM
        gross, tax = self.price * self.quantity, self.tax(currency)
        discount = self.discount(self.total_discount)
        return SoldLine(
            line_id=self.id,
            sku=sku,
            name=self.name or self.title or self.sku,
            kind=kind if self.requires_shipping else LineKind.DIGITAL,
            quantity=self.quantity,
            removed=self.removed,
            instructions={one.name: one.value for one in self.properties if one.shown},
            unit_price=self.price,
            discount=discount,
            tax=tax,
            total=gross - discount if tax_included else gross - discount + tax,
        )


class _ShippingLine(_Priced):
    title: Text = ""
    code: Text = ""
    is_removed: bool = False
    discounted_price: Amount | None = None

    def charged(self, currency: str, *, tax_included: bool) -> Money:
        known_price = self.price if self.discounted_price is None else self.discounted_price
        net = self.price - self.discount(self.price - known_price)
        return net if tax_included else net + self.tax(currency)


class _Address(Person):
    name: Text = ""
    company: Text = ""
    address1: Text = ""
    address2: Text = ""
    city: Text = ""
    province: Text = ""
    province_code: Text = ""
    zip: Text = ""
    country_code: Country = None
    phone: Text = ""

    def ours(self) -> Address | None:
        return known(
            Address(
                name=self.name or self.full_name,
                company=self.company,
                line1=self.address1,
                line2=self.address2,
                city=self.city,
                region=self.province_code or self.province,
                postal_code=self.zip[:20],
                country=self.country_code,
                phone=self.phone[:40],
            )
        )


class _Customer(_Resource, Person):
    id: Id = ""
    email: Text = ""
    phone: Text = ""


class _Order(_Resource):
    name: Text = ""
    created_at: When
    updated_at: When | None = None
    cancelled_at: When | None = None
    cancel_reason: Text = ""
    test: bool = False
    email: Text = ""
    phone: Text = ""
    customer_locale: Text = ""
    customer: _Customer | None = None
    shipping_address: _Address | None = None
    billing_address: _Address | None = None
    financial_status: Text = ""
    taxes_included: bool = False
    total_price: Amount
    total_tax: Amount = Zero
    total_discounts: Amount = Zero
    current_total_price: Amount | None = None
    total_outstanding: Amount = Zero
    line_items: tuple[_Line, ...]
    shipping_lines: tuple[_ShippingLine, ...] = ()

    def sold(self, currency: str) -> StorefrontOrder:
        """Duties, roundings and tips are in the total only, even a tip that comes as a line."""
        included = self.taxes_included
        goods = [line for line in self.line_items if line.quantity and line.tip is None]
        delivery = [line for line in self.shipping_lines if not line.is_removed]
        return StorefrontOrder(
            external_id=self.id,
            external_name=self.name,
            created_at=self.created_at,
            updated_at=self.updated_at or self.created_at,
            currency=currency,
            customer=self._buyer(),
            shipping_address=self.shipping_address and self.shipping_address.ours(),
            billing_address=self.billing_address and self.billing_address.ours(),
            delivery_name=", ".join(filter(None, (line.title or line.code for line in delivery))),
            lines=tuple(line.sold(currency, tax_included=included) for line in goods),
            shipping=total(
                (line.charged(currency, tax_included=included) for line in delivery), currency
            ),
            tax=self.total_tax,
            discount=self.total_discounts,
            total=self.total_price,
            paid=self._paid(),
            fulfilled=any(line.fulfilled for line in goods),
            test=self.test,
            canceled_at=self.cancelled_at,
            cancel_reason=self.cancel_reason,
        )

    def _buyer(self) -> Customer:
        """Whoever the order names; the account, where there is one, fills the gaps."""
        account = self.customer
        address = self.billing_address or self.shipping_address
        names = (person.full_name for person in (account, address) if person)
        return Customer(
            customer_id=account.id if account else "",
            email=self.email or (account.email if account else ""),
            name=next(filter(None, names), ""),
            phone=self.phone or (account.phone if account else ""),
            language=self.customer_locale,
        )

    def _paid(self) -> Money:
        """What was captured, before refunds. Units removed before they were paid were never due."""
        zero, due = Money.zero(self.total_price.currency), self.total_price
        if any(line.removed for line in self.line_items) and self.current_total_price is not None:
            due = min(due, self.current_total_price)
        match self.financial_status:
            case "paid":
                return due
            case "partially_paid":
                return max(zero, due - self.total_outstanding)
            case "partially_refunded" | "refunded":
                return self.total_price
            case _:
                return zero
