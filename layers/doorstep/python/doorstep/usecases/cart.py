"""A cart: what is wanted, by whom, where it goes and how it is paid; and what is wrong with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from pydantic import Field

from doorstep.domain.address import Destination
from doorstep.domain.catalog import DeliveryOption, Location, Product, Sku
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.money import Currency, Money
from doorstep.domain.order import Quantity
from doorstep.domain.payment import MAX_TENDERS, Method
from doorstep.domain.personalization import personalize
from doorstep.domain.record import Command, Moment
from doorstep.usecases import stores
from doorstep.usecases.quote import MAX_LINES, unsellable

_MAX_MINOR = 10**12
"""Minor units of one tender, at the most."""


class WantedLine(Command):
    """One line of a cart."""

    sku: Sku
    quantity: Quantity
    instructions: dict[str, str] = Field(default_factory=dict, max_length=20)
    """What a made-to-order piece is to be like, by the product's options."""


class DeliveryAddress(Command):
    """Where to deliver: complete enough for a carrier."""

    name: str = Field(min_length=1, max_length=255)
    company: str = Field(default="", max_length=255)
    line1: str = Field(min_length=1, max_length=255)
    line2: str = Field(default="", max_length=255)
    city: str = Field(min_length=1, max_length=255)
    region: str = Field(default="", max_length=255)
    postal_code: str = Field(default="", max_length=20)
    country: Destination
    phone: str = Field(default="", max_length=40)


class Buyer(Command):
    """Who orders. `customer_id` is the channel's, or the sign-in's, name for them."""

    customer_id: str = Field(default="", max_length=120)
    email: str = Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    name: str = Field(min_length=1, max_length=255)
    phone: str = Field(default="", max_length=40)
    language: str = Field(default="en", pattern="^[a-z]{2}(-[A-Z]{2})?$")


class Tender(Command):
    """One of several ways in which an order is paid."""

    method: Method = Method.CARD
    token: str = Field(min_length=1, max_length=255)
    amount: Money | None = None
    """What it gives; left out by one tender at the most, which gives the rest."""


class Checkout(Command):
    """A cart to be turned into an order. It is paid with `payment_token`, or with `payments`."""

    channel: str = Field(default="web", pattern="^[a-z0-9][a-z0-9_-]{0,39}$")
    currency: Currency
    customer: Buyer
    lines: tuple[WantedLine, ...] = Field(min_length=1, max_length=MAX_LINES)
    shipping_address: DeliveryAddress | None = None
    """Left out where it is collected."""
    billing_address: DeliveryAddress | None = None
    delivery_option: str = Field(default="standard", pattern="^[a-z0-9][a-z0-9_-]{0,39}$")
    delivery_window: Moment | None = None
    """The start of the window in which a courier is to come; None: the soonest."""
    pickup_location_id: str = Field(default="", max_length=64)
    """Where it is collected, with a delivery option of that kind."""
    payment_token: str = Field(default="", max_length=255)
    """One card for all of it."""
    payments: tuple[Tender, ...] = Field(default=(), max_length=MAX_TENDERS)

    @property
    def tenders(self) -> tuple[Tender, ...]:
        """How it is to be paid; the short form is one card."""
        return self.payments or (Tender(token=self.payment_token),)

    def bought_by(self, customer_id: str) -> Checkout:
        """The same cart, in the name of a customer who has signed in."""
        buyer = self.customer.model_copy(update={"customer_id": customer_id})
        return self.model_copy(update={"customer": buyer})

    def fingerprint(self) -> str:
        """The same for the same request, whatever the order of its fields."""
        later = {"payments", "delivery_window", "pickup_location_id"}
        unused = {name for name in later if not getattr(self, name)}
        given = self.model_dump(mode="json", exclude=unused)
        request = json.dumps(given, sort_keys=True)
        return hashlib.sha256(request.encode()).hexdigest()


def check(
    command: Checkout,
    products: Mapping[str, Product],
    option: DeliveryOption | None,
    payment_methods: Mapping[Method, str],
    places: Sequence[Location],
) -> DeliveryOption:
    """Raise InvalidCommand with every fault that shows before the order is priced."""
    faults = unsellable(command.lines, products, command.currency)
    faults |= _unpayable(command, payment_methods)
    for index, line in enumerate(command.lines):
        product = products.get(line.sku)
        if product is None:
            continue
        said = personalize(product.options, line.instructions)
        path = f"lines.{index}.instructions"
        faults |= {f"{path}.{name}": fault for name, fault in said.faults.items()}
        for name in said.unknown:
            faults[f"{path}.{name}"] = f"{line.sku!r} has no such option"
    faults |= stores.faults(
        command.pickup_location_id,
        option=option,
        addressed=command.shipping_address is not None,
        places=places,
    )
    if option is None:
        faults["delivery_option"] = f"there is no delivery option {command.delivery_option!r}"
    elif command.currency not in option.prices:
        faults["delivery_option"] = f"{option.code!r} is not offered in {command.currency}"
    if faults or option is None:
        raise InvalidCommand(faults)
    return option


def _unpayable(command: Checkout, payment_methods: Mapping[Method, str]) -> dict[str, str]:
    """What is wrong with the ways to pay, whatever the order costs."""
    faults: dict[str, str] = {}
    if bool(command.payment_token) == bool(command.payments):
        faults["payments"] = "pay with one `payment_token`, or with `payments`: not with both"
    if sum(tender.amount is None for tender in command.payments) > 1:
        faults["payments"] = "only one may give the rest: say how much each of the others gives"
    for index, tender in enumerate(command.payments):
        path = f"payments.{index}"
        if tender.method not in payment_methods:
            faults[f"{path}.method"] = f"taken are {', '.join(sorted(payment_methods))}"
        if tender.amount is None:
            continue
        if tender.amount.currency != command.currency:
            faults[f"{path}.amount"] = f"the order is paid in {command.currency}"
        elif not 0 < tender.amount.minor <= _MAX_MINOR:
            faults[f"{path}.amount"] = "more than nothing, and no more than a trillion"
    return faults
