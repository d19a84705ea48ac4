"""Test data that reads like the business: products, places, carts, orders, parcels, news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain import placing
from doorstep.domain.address import Address
from doorstep.domain.calendar import Calendar
from doorstep.domain.catalog import (
    Backorder,
    DeliveryOption,
    Location,
    LocationKind,
    Preorder,
    Product,
    ProductKind,
)
from doorstep.domain.money import Money, total
from doorstep.domain.order import Customer, Line, LineKind, Order, OrderStatus, Totals
from doorstep.domain.payment import STOREFRONT, Method, Payment
from doorstep.domain.promise import promise
from doorstep.domain.returning import WantedReturn
from doorstep.domain.returns import ReturnReason
from doorstep.domain.shipment import ShipmentStatus, Tracking
from doorstep.domain.shipping import Parcel
from doorstep.domain.stock import Movement, MovementKind
from doorstep.domain.storefront import SoldLine, StorefrontOrder
from doorstep.usecases.cart import Buyer, Checkout, DeliveryAddress, Tender, WantedLine

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
"""A Monday morning, before the cut-off hour."""

BERLIN = Address(
    name="Ada Lovelace",
    line1="Torstraße 1",
    city="Berlin",
    region="BE",
    postal_code="10119",
    country="DE",
)
HAMBURG = Address(
    name="Lager Nord",
    line1="Am Kai 7",
    city="Hamburg",
    region="HH",
    postal_code="20457",
    country="DE",
)


class Clock:
    """A clock that stands still until somebody moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def eur(amount: str) -> Money:
    return Money.parse(amount, "EUR")


def product(sku: str, price: str = "12.00", **more: Any) -> Product:
    prices = {"EUR": eur(price).minor}
    return Product(
        **{"sku": sku, "name": sku.title(), "prices": prices, "weight_grams": 300} | more
    )


def engraved(sku: str = "PEN", price: str = "50.00") -> Product:
    """A made-to-order piece, which needs a text."""
    made = {"kind": ProductKind.MADE_TO_ORDER, "options": ("engraving",), "production_days": 5}
    return product(sku, price, **made)


def backordered(sku: str = "MUG", cap: int = 3, lead_days: int = 10, **more: Any) -> Product:
    """A product that is sold beyond the stock."""
    return product(sku, backorder=Backorder(cap=cap, lead_days=lead_days), **more)


def preordered(
    sku: str = "MUG", cap: int = 3, release_at: datetime = NOW + timedelta(days=20), **more: Any
) -> Product:
    """A product that is sold before its release."""
    return product(sku, preorder=Preorder(cap=cap, release_at=release_at), **more)


def bundle(sku: str = "SET", price: str = "30.00", **components: int) -> Product:
    """A product that is made of others."""
    return product(sku, price, components=components)


def location(
    location_id: str, address: Address = BERLIN, kind: str = "warehouse", **more: Any
) -> Location:
    return Location(
        location_id=location_id, name=location_id, kind=LocationKind(kind), address=address, **more
    )


def delivery(price: str = "4.90", **more: Any) -> DeliveryOption:
    prices = {"EUR": eur(price).minor}
    return DeliveryOption(**{"code": "standard", "name": "Standard", "prices": prices} | more)


def early_morning(now: datetime) -> Calendar:
    """The calendar of a place that is always open, and where it is between five and six now."""
    hours = (5 - now.hour + 12) % 24 - 12
    week = tuple(range(1, 8))
    return Calendar(time_zone=f"Etc/GMT{-hours:+}", working_days=week, holiday_country="")


NOON = {"starts": "12:00", "ends": "14:00", "order_by": "11:00", "parcels": 1}
EVENING = {"starts": "18:00", "ends": "20:00", "order_by": "16:00", "parcels": 2}


def same_day(price: str = "14.90", **more: Any) -> DeliveryOption:
    """By courier, up to 15 km: one parcel at noon, two in the evening."""
    usual = {"code": "same-day", "kind": "same_day", "service": "courier"}
    within = {"windows": [NOON, EVENING], "transit": [{"up_to_km": 15, "days": 0}]}
    return delivery(price, **usual | within | more)


def received(sku: str, location_id: str, quantity: int, cause: str = "") -> Movement:
    """Goods that arrive."""
    return Movement(
        kind=MovementKind.RECEIVED,
        sku=sku,
        quantity=quantity,
        location_id=location_id,
        cause=cause or f"receipt-{sku}-{location_id}-{quantity}",
    )


def lost(sku: str, location_id: str, quantity: int) -> Movement:
    """Goods that are not there any more."""
    goods = received(sku, location_id, quantity, cause=f"lost-{sku}-{location_id}")
    return goods.model_copy(update={"kind": MovementKind.ADJUSTED_DOWN})


def line(line_id: str, sku: str, quantity: int = 1, price: str = "12.00", **more: Any) -> Line:
    """A line of an order, taxed at 19 % that its price includes."""
    money = eur(price) * quantity
    return Line(
        **{
            "line_id": line_id,
            "sku": sku,
            "name": sku.title(),
            "kind": LineKind.STANDARD,
            "unit_price": eur(price),
            "discount": eur("0"),
            "tax": Money(minor=money.minor * 19 // 119, currency="EUR"),
            "total": money,
            "ordered": quantity,
            "settled": eur("0"),
            "refunded": eur("0"),
        }
        | more
    )


def draft(order_id: str, *lines: Line, shipping: str = "4.90", at: datetime = NOW) -> Order:
    """A pending order, priced, with nothing held yet."""
    goods = total((one.total for one in lines), "EUR")
    return Order(
        order_id=order_id,
        channel="web",
        status=OrderStatus.PENDING,
        currency="EUR",
        customer=Customer(customer_id="ada", email="ada@example.org", name="Ada"),
        shipping_address=BERLIN,
        delivery_option="standard",
        promise=promise(delivery(), at=at),
        lines=lines,
        totals=Totals(
            lines=goods,
            discount=eur("0"),
            shipping=eur(shipping),
            tax=total((one.tax for one in lines), "EUR"),
            fees=eur("0"),
            total=goods + eur(shipping),
        ),
        created_at=at,
        expires_at=at + timedelta(minutes=15),
    )


def payment_of(order: Order, token: str = Token.APPROVE) -> Payment:
    return Payment(
        payment_id=f"{order.order_id}-T1",
        provider="sandbox",
        token=token,
        amount=order.totals.total,
    )


def being_checked_out(order_id: str, *lines: Line, at: datetime = NOW, **more: Any) -> Order:
    """A pending order that holds its stock and has asked for its money, not stored yet."""
    order = draft(order_id, *lines, at=at, **more)
    return placing.receive(order, [payment_of(order)], at=at)


def cart(*lines: tuple[str, int], token: str = Token.APPROVE, **more: Any) -> Checkout:
    """What a storefront sends to be checked out."""
    wanted = tuple(WantedLine(sku=sku, quantity=quantity) for sku, quantity in lines)
    return Checkout(
        **{
            "currency": "EUR",
            "customer": Buyer(customer_id="ada", email="ada@example.org", name="Ada Lovelace"),
            "lines": wanted,
            "shipping_address": DeliveryAddress(
                name="Ada Lovelace",
                line1="Torstraße 1",
                city="Berlin",
                postal_code="10119",
                country="DE",
            ),
            "payment_token": token,
        }
        | more
    )


def tender(token: str = Token.APPROVE, amount: str = "", method: str = "card") -> Tender:
    """One way to pay among others; without an amount it gives the rest."""
    return Tender(method=Method(method), token=token, amount=eur(amount) if amount else None)


def split_cart(*lines: tuple[str, int], pays: Sequence[Tender], **more: Any) -> Checkout:
    """A cart that is paid in several ways."""
    return cart(*lines, payment_token="", payments=tuple(pays), **more)


def parcel(weight_grams: int = 500, **lines: int) -> Parcel:
    """A parcel: `parcel(L1=2)` holds two units of line 1."""
    return Parcel(
        lines={name.removeprefix("L"): units for name, units in lines.items()},
        weight_grams=weight_grams,
    )


def whole(one: Any, weight_grams: int = 500) -> tuple[Parcel, ...]:
    """All of a fulfillment order in one parcel."""
    units = {part.line_id: part.quantity for part in one.lines}
    return (Parcel(lines=units, weight_grams=weight_grams),)


def said(status: str, at: datetime, key: str = "") -> Tracking:
    """What a carrier says of a parcel."""
    return Tracking(key=key or f"{status}-{at:%d%H%M}", status=ShipmentStatus(status), at=at)


def back(line_id: str, quantity: int = 1, reason: str = "unwanted") -> WantedReturn:
    """Units that a customer wants to send back."""
    return WantedReturn(line_id=line_id, quantity=quantity, reason=ReturnReason(reason))


def sold(
    line_id: str, sku: str | None, quantity: int = 1, price: str = "12.00", **more: Any
) -> SoldLine:
    """A line as a storefront sold it."""
    return SoldLine(
        **{
            "line_id": line_id,
            "sku": sku,
            "name": sku or "Something",
            "kind": LineKind.STANDARD,
            "quantity": quantity,
            "unit_price": eur(price),
            "discount": eur("0"),
            "tax": eur("0"),
            "total": eur(price) * quantity,
        }
        | more
    )


def storefront_order(
    *lines: SoldLine, external_id: str = "820982911946154508", paid: str | None = None, **more: Any
) -> StorefrontOrder:
    """An order that a storefront has taken, paid in full unless `paid` says otherwise."""
    goods = total((one.total for one in lines), "EUR")
    everything = goods + eur("4.90")
    return StorefrontOrder(
        **{
            "external_id": external_id,
            "external_name": "#1001",
            "created_at": NOW,
            "updated_at": NOW,
            "currency": "EUR",
            "customer": Customer(customer_id="7", email="bob@example.org", name="Bob"),
            "shipping_address": BERLIN,
            "billing_address": None,
            "delivery_name": "Standard",
            "lines": lines,
            "shipping": eur("4.90"),
            "tax": eur("0"),
            "discount": eur("0"),
            "total": everything,
            "paid": everything if paid is None else eur(paid),
        }
        | more
    )


def at_storefront(order: Order) -> bool:
    return any(payment.provider == STOREFRONT for payment in order.payments)


def units_of(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts without the zeros."""
    return {name: units for name, units in counts.items() if units}
