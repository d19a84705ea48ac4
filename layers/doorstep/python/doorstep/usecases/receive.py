"""Receive a checkout: price, tax, promise, hold stock, and write the intents to pay."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from doorstep.domain import allocating, placing
from doorstep.domain.address import Address
from doorstep.domain.catalog import DeliveryOption, Location, Product
from doorstep.domain.errors import Conflict, FullyBooked, InvalidCommand, OutOfStock, Refusal
from doorstep.domain.money import Money, total
from doorstep.domain.order import Customer, Line, LineKind, Order, OrderStatus
from doorstep.domain.payment import Method, Payment
from doorstep.domain.personalization import personalize
from doorstep.domain.stock import StockLevels
from doorstep.ports import Catalog, Orders, Stock, TaxEngine
from doorstep.usecases import shards, stores
from doorstep.usecases.cart import Checkout, check
from doorstep.usecases.quote import (
    Drawn,
    Item,
    Quote,
    days_taken,
    drawn,
    itemized,
    quote,
    with_parts,
)

_TRIES = 6


def receive(
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
    places, rules = catalog.locations(), catalog.rules(command.channel)
    offered = check(command, products, option, payment_methods, places)
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
            rules=rules,
            channel=command.channel,
            customer_id=command.customer.customer_id,
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
