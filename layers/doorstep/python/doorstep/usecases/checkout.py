"""Checkout: price, tax, promise, hold stock, screen, authorize, place.

Resumable by anybody at any point.

The order's id is derived from channel and idempotency key, and the payment's key from the order's
id. So whoever repeats the command, whether a customer, a second caller at the same instant or the
scheduled `expire`, goes on where the first one stopped: nothing is held, charged or placed twice.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field

from doorstep.domain import allocating, placing
from doorstep.domain.address import Address, Destination
from doorstep.domain.catalog import DeliveryOption, Location, Product, Sku
from doorstep.domain.errors import (
    Conflict,
    FullyBooked,
    IdempotencyKeyReused,
    InvalidCommand,
    NotFound,
    OutOfStock,
    PaymentDeclined,
    Refusal,
)
from doorstep.domain.money import Currency, Money, total
from doorstep.domain.order import (
    Customer,
    Line,
    LineKind,
    Order,
    OrderStatus,
    Quantity,
    order_id,
)
from doorstep.domain.payment import MAX_TENDERS, Method, Payment
from doorstep.domain.personalization import personalize
from doorstep.domain.record import Command, Moment
from doorstep.domain.stock import StockLevels
from doorstep.ports import (
    Authorization,
    Catalog,
    Clock,
    FraudScreen,
    Orders,
    PaymentGateway,
    Stock,
    TaxEngine,
)
from doorstep.usecases import shards, stores
from doorstep.usecases.authorize import authorize
from doorstep.usecases.cancel import carry_out_voids
from doorstep.usecases.quote import (
    MAX_LINES,
    Drawn,
    Item,
    Quote,
    days_taken,
    drawn,
    itemized,
    quote,
    unsellable,
    with_parts,
)

_TRIES = 6

_MAX_MINOR = 10**12
"""Minor units of one tender, at the most."""

_LATEST_PAYMENT = timedelta(minutes=10)
"""A repeat that began before a checkout was undone has ended, or died, by then."""


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


class Placed(NamedTuple):
    """The order, and whether it is this very call that made it."""

    order: Order
    created: bool


def check_out(
    command: Checkout,
    idempotency_key: str,
    *,
    orders: Orders,
    catalog: Catalog,
    stock: Stock,
    gateway: PaymentGateway,
    payment_methods: Mapping[Method, str],
    tax: TaxEngine,
    fraud: FraudScreen,
    clock: Clock,
    ttl_seconds: int,
) -> Placed:
    """Turn a cart into a placed order; `payment_methods` names the provider of each method.

    Raises InvalidCommand, OutOfStock, FullyBooked with what can be had instead, PaymentDeclined,
    IdempotencyKeyReused; PaymentOutcomeUnknown and ProviderUnavailable where a repeat with the same
    key will settle it. A declined order's key answers the same refusal again.
    """
    key = order_id(command.channel, idempotency_key)
    at = clock()
    created = True
    try:
        order = _received(
            command,
            key,
            at,
            ttl_seconds,
            payment_methods,
            orders=orders,
            catalog=catalog,
            stock=stock,
            tax=tax,
        )
    except (InvalidCommand, OutOfStock, FullyBooked, Conflict):
        known = _known(orders, key)
        if known is None:
            raise
        if known.fingerprint != command.fingerprint():
            raise IdempotencyKeyReused(idempotency_key) from None
        order, created = known, False
    placed = finish(order, orders=orders, gateway=gateway, fraud=fraud, clock=clock)
    return Placed(placed, created)


def finish(
    order: Order,
    *,
    orders: Orders,
    gateway: PaymentGateway,
    fraud: FraudScreen,
    clock: Clock,
) -> Order:
    """Bring a received order to its end: placed, or declined with its stock free again.

    Its tenders are authorized in order; where one is refused, those before it are given free. Safe
    to run twice, also at once: the provider knows the keys, and the order's version lets one of
    them write. The loser answers with what the winner wrote, and undoes nothing of it.
    """
    if order.status is not OrderStatus.PENDING:
        return _outcome(order)
    screening = fraud.screen(order)
    paid = order
    for payment in order.payments:
        key = payment.payment_id
        try:
            answer = authorize(payment, _key(payment), gateway)
        except PaymentDeclined as declined:
            refused = placing.decline(paid, key, reason=declined.reason, at=clock())
            try:
                (refused,) = orders.commit(refused)
            except Conflict:
                return _outcome(orders.get(order.order_id))
            carry_out_voids(refused, orders=orders, gateway=gateway, clock=clock)
            raise
        paid = placing.authorized(
            paid, key, reference=answer.reference, at=clock(), terms=answer.terms
        )
    reasons = screening.reasons if screening.review else ()
    placed = placing.place(paid, at=clock(), hold_reasons=reasons)
    try:
        (stored,) = orders.commit(placed)
    except Conflict:
        return _after_lost_race(paid, orders, gateway, clock)
    return stored


def abandon(
    order: Order, *, orders: Orders, gateway: PaymentGateway, fraud: FraudScreen, clock: Clock
) -> Order:
    """Settle a checkout whose time is up: placed where all of its money was reserved, undone where
    it was not.

    A customer whose payment went through has bought, whether or not they saw the answer. What is
    undone is looked at again: a repeat of the checkout may be paying for it at this very moment.
    """
    found = _found(order, gateway)
    missing = [p.payment_id for p in order.payments if p.amount and p.payment_id not in found]
    if not missing:
        return finish(order, orders=orders, gateway=gateway, fraud=fraud, clock=clock)
    for key, answer in found.items():
        order = placing.authorized(
            order, key, reference=answer.reference, at=clock(), terms=answer.terms
        )
    undone = placing.decline(order, missing[0], reason="expired", at=clock())
    (stored,) = orders.commit(undone.changed(expires_at=clock() + _LATEST_PAYMENT))
    return carry_out_voids(stored, orders=orders, gateway=gateway, clock=clock)


def look_again(order: Order, *, orders: Orders, gateway: PaymentGateway, clock: Clock) -> Order:
    """Give free what was reserved for a checkout while it was undone, by a repeat that died."""
    found = _found(order, gateway)
    order = _paid_in_vain(order.changed(expires_at=None), found, clock=clock)
    (order,) = orders.commit(order)
    return carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)


def _received(
    command: Checkout,
    key: str,
    at: datetime,
    ttl_seconds: int,
    payment_methods: Mapping[Method, str],
    *,
    orders: Orders,
    catalog: Catalog,
    stock: Stock,
    tax: TaxEngine,
) -> Order:
    """The order with its stock held and its payments' intents written.

    Where somebody was faster it is promised anew from what is left then. What a courier brings is
    allocated at once: stock, the place's day and the courier's slot are taken together. The last
    units of a hot SKU are gathered in the shard that the order asks.
    """
    products, option = catalog.offer((line.sku for line in command.lines), command.delivery_option)
    products = with_parts(products, catalog)
    places = catalog.locations()
    offered = _check(command, products, option, payment_methods, places)
    store = stores.named(command.pickup_location_id, places)
    to = _destination(command, store)
    items = itemized(command.lines, products, command.currency)
    stocked = [item.product.sku for item in items]
    levels = stock.levels(stocked)

    def priced(options: Sequence[DeliveryOption]) -> Quote:
        return quote(
            items,
            options,
            currency=command.currency,
            to=to,
            places=places,
            store=store,
            levels=levels,
            taken=days_taken(places, levels.values(), options, stock=stock, at=at),
            tax=tax,
            at=at,
        )

    for attempt in range(_TRIES):
        together = drawn(items, levels, at)
        quoted = _chosen(priced([offered]), command, at)
        if quoted is None and (short := _short(together)):
            raise OutOfStock(short)
        if quoted is None:
            others = [one for one in catalog.delivery_options() if command.currency in one.prices]
            raise _impossible(command, offered, priced(others))
        draft = _draft(command, key, at, ttl_seconds, items, quoted, together, to, store)
        payments = _payments(command, key, draft.totals.total, payment_methods)
        slots = quoted.deliveries[0].slots
        try:
            leaving = shards.leaving(
                draft.lines, levels, {sku: one.leaving for sku, one in together.items()}
            )
            received = placing.receive(draft, payments, at=at, leaving=leaving)
            if slots:
                place, bookings = slots[0].place, slots[0].bookings
                received = allocating.reserve(received, place, bookings, products=products, at=at)
            (stored,) = orders.commit(received)
        except FullyBooked:
            levels = stock.levels(stocked)
        except OutOfStock as refusal:
            levels = stock.levels(stocked)
            short = _short(drawn(items, levels, at))
            elsewhere = slots or any(_elsewhere(item.product, levels) for item in items)
            if short or not elsewhere:
                raise OutOfStock(short or refusal.short) from None
            cause = f"{key}-{at.isoformat()}-{attempt}"
            shards.gather(shards.demand(draft.lines), levels, cause, stock=stock)
        else:
            return stored
    raise Conflict([key])


def _chosen(quoted: Quote, command: Checkout, at: datetime) -> Quote | None:
    """The quote with the delivery that was chosen; None where it is not to be had."""
    found = (one.in_window(command.delivery_window, at) for one in quoted.deliveries)
    deliveries = tuple(filter(None, found))
    return quoted._replace(deliveries=deliveries) if deliveries else None


def _impossible(command: Checkout, option: DeliveryOption, others: Quote) -> Refusal:
    """Why a delivery cannot be had, and what can be had instead, the soonest first."""
    if option.windows:
        when = f"{command.delivery_window:%H:%M} UTC" if command.delivery_window else "today"
        open_ = [(slot, one) for one in others.deliveries for slot in one.slots or (None,)]
        instead: list[dict[str, object]] = [
            {
                "delivery_option": one.option.code,
                "delivery_window": slot and slot.starts.isoformat(),
                "deliver_by": (slot.ends if slot else one.promise.deliver_by).isoformat(),
                "price": one.totals.shipping.model_dump(),
            }
            for slot, one in open_
        ]
        instead.sort(key=lambda one: str(one["deliver_by"]))
        return FullyBooked(f"No courier can bring it {when}: choose another delivery.", instead)
    if command.delivery_window:
        return InvalidCommand({"delivery_window": f"{option.code!r} has no windows to choose from"})
    fault = f"{option.code!r} does not reach this address from where the goods are"
    return InvalidCommand({"delivery_option": fault})


def _short(together: Mapping[str, Drawn]) -> dict[str, tuple[int, int]]:
    """SKU → (asked, left) over all shards, where there are too few."""
    return {
        sku: (one.units, one.sellable.units)
        for sku, one in together.items()
        if one.units > one.sellable.units
    }


def _elsewhere(product: Product, levels: Mapping[str, StockLevels]) -> bool:
    """Whether units that one shard refused may be had all the same: of another, or later."""
    return product.stock_shards > 1 or levels[product.sku].room > 0


def _payments(
    command: Checkout, key: str, due: Money, payment_methods: Mapping[Method, str]
) -> tuple[Payment, ...]:
    """One payment per tender, which add up to what is due; raises InvalidCommand where they do
    not.
    """
    given = total((x.amount for x in command.tenders if x.amount), command.currency)
    rest = due - given
    open_ended = any(tender.amount is None for tender in command.tenders)
    if (rest and not open_ended) or (open_ended and given and rest <= Money.zero(due.currency)):
        raise InvalidCommand({"payments": f"{given} is given of {due}"})
    return tuple(
        Payment(
            payment_id=f"{key}-T{number}",
            provider=payment_methods[tender.method],
            method=tender.method,
            token=tender.token,
            amount=tender.amount or rest,
        )
        for number, tender in enumerate(command.tenders, start=1)
    )


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


def _check(
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


def _destination(command: Checkout, store: Location | None) -> Address:
    """Where the goods go: to the customer, or to the store where they collect them."""
    if store:
        return stores.destination(store, command.customer.name)
    sent_to = command.shipping_address
    return Address(**sent_to.model_dump()) if sent_to else Address()


def _draft(
    command: Checkout,
    key: str,
    at: datetime,
    ttl_seconds: int,
    items: Sequence[Item],
    quoted: Quote,
    together: Mapping[str, Drawn],
    to: Address,
    store: Location | None,
) -> Order:
    """The cart as an order, with the money and the promise that were quoted."""
    (delivery,) = quoted.deliveries
    zero = Money.zero(command.currency)
    lines = tuple(
        Line(
            line_id=str(number),
            sku=item.product.sku,
            name=item.product.name,
            kind=LineKind(item.product.kind.value),
            instructions=personalize(
                item.product.options, command.lines[item.line].instructions
            ).instructions,
            final_sale=not item.product.returnable,
            bundle=item.part,
            unit_price=priced.unit_price,
            discount=priced.discount,
            tax=priced.tax,
            total=priced.total,
            ordered=item.quantity,
            settled=zero,
            refunded=zero,
            owed=item.quantity if together[item.product.sku].wait else 0,
            stock_shard=_shard(key, item.product),
        )
        for number, (item, priced) in enumerate(zip(items, quoted.lines, strict=True), start=1)
    )
    return Order(
        order_id=key,
        channel=command.channel,
        fingerprint=command.fingerprint(),
        status=OrderStatus.PENDING,
        currency=command.currency,
        customer=Customer(**command.customer.model_dump()),
        shipping_address=to,
        billing_address=(
            Address(**command.billing_address.model_dump()) if command.billing_address else None
        ),
        delivery_option=delivery.option.code,
        service=delivery.option.service,
        pickup=stores.pickup(store) if store else None,
        promise=delivery.promise,
        lines=lines,
        totals=delivery.totals,
        created_at=at,
        expires_at=at + timedelta(seconds=ttl_seconds),
    )


def _shard(key: str, product: Product) -> int:
    """Orders spread over the shards of a hot SKU."""
    return zlib.crc32(key.encode()) % product.stock_shards


def _key(payment: Payment) -> str:
    return f"{payment.payment_id}-authorize"


def _found(order: Order, gateway: PaymentGateway) -> dict[str, Authorization]:
    """What providers have reserved, by payment: none that was refused, or never arrived."""
    found = {}
    for payment in order.payments:
        with suppress(PaymentDeclined):
            known = gateway.find(payment, _key(payment)) if payment.amount else None
            if known:
                found[payment.payment_id] = known
    return found


def _paid_in_vain(order: Order, found: Mapping[str, Authorization], *, clock: Clock) -> Order:
    """The undone checkout with the money that was reserved for it, to be given free."""
    for key, answer in found.items():
        payment = order.payment(key)
        if payment.authorized or payment.voided:
            continue
        order = placing.authorized(
            order, key, reference=answer.reference, at=clock(), terms=answer.terms
        )
        order = placing.request_void(order, key, at=clock())
    return order


def _known(orders: Orders, key: str) -> Order | None:
    try:
        return orders.get(key)
    except NotFound:
        return None


def _outcome(order: Order) -> Order:
    """A finished checkout as its caller sees it again: the order, or the refusal it ended with."""
    if order.status is OrderStatus.CANCELED and order.placed_at is None:
        raise PaymentDeclined(placing.why_declined(order))
    return order


def _after_lost_race(paid: Order, orders: Orders, gateway: PaymentGateway, clock: Clock) -> Order:
    """Somebody else ended this checkout: theirs stands.

    Money reserved for an order that was undone is given free.
    """
    order = orders.get(paid.order_id)
    if order.status is OrderStatus.CANCELED and order.placed_at is None:
        found = {
            one.payment_id: Authorization(reference=one.reference, terms=one.terms)
            for one in paid.payments
            if one.amount
        }
        (late,) = orders.commit(_paid_in_vain(order, found, clock=clock))
        carry_out_voids(late, orders=orders, gateway=gateway, clock=clock)
        raise PaymentDeclined("the checkout had expired; nothing was charged")
    return order
