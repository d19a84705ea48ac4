"""Spree's order, as its webhooks bring it since version 5, with the older names of some fields."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field

from doorstep.adapters.storefronts._read import (
    Amount,
    Country,
    Id,
    Person,
    Sent,
    SignedAmount,
    Text,
    Units,
    When,
    Zero,
    known,
    sku_of,
)
from doorstep.domain.address import Address
from doorstep.domain.money import Money, total
from doorstep.domain.order import Customer, LineKind
from doorstep.domain.storefront import SoldLine, StorefrontOrder

SHIPPED = ("partial", "shipped", "partially_fulfilled", "fulfilled", "delivered")
"""Fulfillment states of an order of which goods have left."""


def _either(*names: str, **field: Any) -> Any:
    return Field(validation_alias=AliasChoices(*names), **field)


class _Item(Sent):
    id: Id
    variant_id: Text = ""
    sku: Text = ""
    name: Text = ""
    options_text: Text = ""
    quantity: Units
    price: Amount
    discount_total: SignedAmount = _either(
        "discount_total", "promo_total", default="0", validate_default=True
    )
    additional_tax_total: SignedAmount = Zero
    included_tax_total: SignedAmount = Zero
    digital_links: tuple[Any, ...] = ()

    def sold(self) -> SoldLine:
        """Its messages seldom have a SKU; the variant's id stands in for it."""
        sku = sku_of(self.sku) or sku_of(self.variant_id)
        kind = LineKind.STANDARD if sku else LineKind.CUSTOM
        discount = max(self.discount_total, -self.discount_total)
        return SoldLine(
            line_id=self.id,
            sku=sku,
            name=f"{self.name} ({self.options_text})" if self.options_text else self.name,
            kind=LineKind.DIGITAL if self.digital_links else kind,
            quantity=self.quantity,
            unit_price=self.price,
            discount=discount,
            tax=self.additional_tax_total + self.included_tax_total,
            total=self.price * self.quantity - discount + self.additional_tax_total,
        )


class _Address(Person):
    whole_name: Text = Field(default="", validation_alias="full_name")
    company: Text = ""
    address1: Text = ""
    address2: Text = ""
    city: Text = ""
    state_abbr: Text = ""
    state_name: Text = ""
    postal_code: Text = _either("postal_code", "zipcode", default="")
    country_iso: Country = None
    phone: Text = ""

    @property
    def name(self) -> str:
        return self.whole_name or self.full_name

    def ours(self) -> Address | None:
        return known(
            Address(
                name=self.name,
                company=self.company,
                line1=self.address1,
                line2=self.address2,
                city=self.city,
                region=self.state_abbr or self.state_name,
                postal_code=self.postal_code[:20],
                country=self.country_iso,
                phone=self.phone[:40],
            )
        )


class _DeliveryMethod(Sent):
    name: Text = ""


class _Fulfillment(Sent):
    delivery_method: _DeliveryMethod = _DeliveryMethod()


class _Payment(Sent):
    state: Text = _either("status", "state", default="")
    amount: Amount


class SpreeOrder(Sent):
    """An order, or a cart that may become one."""

    id: Id
    number: Text = ""
    email: Text = ""
    locale: Text = ""
    completed_at: When | None = None
    canceled_at: When | None = None
    updated_at: When | None = None
    items: tuple[_Item, ...] = ()
    bill_address: _Address = _either("billing_address", "bill_address", default=_Address())
    ship_address: _Address = _either("shipping_address", "ship_address", default=_Address())
    fulfillments: tuple[_Fulfillment, ...] = ()
    payments: tuple[_Payment, ...] = ()
    fulfillment_status: Text = ""
    payment_status: Text = _either("payment_status", "payment_state", default="")
    delivery_total: Amount = Zero
    discount_total: SignedAmount = _either(
        "discount_total", "promo_total", default="0", validate_default=True
    )
    tax_total: Amount = Zero
    total: Amount

    def sold(self, currency: str) -> StorefrontOrder | None:
        """None for a cart: nothing is sold until it is complete."""
        if self.completed_at is None:
            return None
        methods = (one.delivery_method.name for one in self.fulfillments)
        return StorefrontOrder(
            external_id=self.id,
            external_name=self.number,
            created_at=self.completed_at,
            updated_at=self.updated_at or self.completed_at,
            currency=currency,
            customer=Customer(
                email=self.email,
                name=self.bill_address.name or self.ship_address.name,
                phone=self.bill_address.phone or self.ship_address.phone,
                language=self.locale,
            ),
            shipping_address=self.ship_address.ours(),
            billing_address=self.bill_address.ours(),
            delivery_name=", ".join(filter(None, methods)),
            lines=tuple(item.sold() for item in self.items),
            shipping=self.delivery_total,
            tax=self.tax_total,
            discount=max(self.discount_total, -self.discount_total),
            total=self.total,
            paid=self._paid(currency),
            fulfilled=self.fulfillment_status in SHIPPED,
            canceled_at=self.canceled_at,
        )

    def _paid(self, currency: str) -> Money:
        """Its payments, where they are listed, know better than the state they add up to."""
        if self.payments:
            return total((p.amount for p in self.payments if p.state == "completed"), currency)
        return self.total if self.payment_status == "paid" else Money.zero(currency)
