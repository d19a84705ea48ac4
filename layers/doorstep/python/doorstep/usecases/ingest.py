"""Storefront orders: placed once, followed afterwards, never refused.

What cannot be filled becomes a shortage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from doorstep.domain import bundle, capturing, making, placing, shortfall
from doorstep.domain.bundle import Part
from doorstep.domain.canceling import TooLate, too_late
from doorstep.domain.catalog import Product
from doorstep.domain.errors import Conflict, IllegalTransition, NotFound, OutOfStock
from doorstep.domain.events import OrderCanceled, OrderUpdated
from doorstep.domain.money import Money, total
from doorstep.domain.order import Line, LineKind, Order, OrderStatus, Totals, storefront_order_id
from doorstep.domain.payment import STOREFRONT, Payment
from doorstep.domain.personalization import personalize
from doorstep.domain.promise import Promise
from doorstep.domain.sellable import sellable_of
from doorstep.domain.storefront import (
    CancellationNews,
    Ignored,
    News,
    OrderNews,
    SoldLine,
    StorefrontOrder,
)
from doorstep.domain.work_items import open_work_item
from doorstep.ports import Catalog, Clock, Orders, Stock
from doorstep.usecases import shards
from doorstep.usecases.cancel import cancel_rest
from doorstep.usecases.quote import Item, drawn, with_parts

_TRIES = 6
AWAITING_PAYMENT = "awaiting_payment"
ALREADY_FULFILLED = "already_fulfilled"


def follow_storefront(
    storefront: str,
    news: News,
    *,
    orders: Orders,
    catalog: Catalog,
    stock: Stock,
    clock: Clock,
) -> Order | None:
    """Place, follow or cancel exactly one order per (storefront, external id), whatever is repeated
    or reordered.

    None for what is no order. Raises NotFound for the cancellation of an order that is not known
    and not sent with it: repeat, its order is on the way; InvalidCommand for an order that is too
    large to be kept.
    """
    for _ in range(_TRIES):
        try:
            match news:
                case Ignored():
                    return None
                case OrderNews(order=sold):
                    return _follow(storefront, sold, orders, catalog, stock, clock)
                case CancellationNews():
                    return _cancel(storefront, news, orders, catalog, stock, clock)
        except (Conflict, OutOfStock):
            continue
    raise Conflict([storefront])


def _follow(
    storefront: str,
    sold: StorefrontOrder,
    orders: Orders,
    catalog: Catalog,
    stock: Stock,
    clock: Clock,
) -> Order | None:
    if sold.test:
        return None
    try:
        known = orders.get(storefront_order_id(storefront, sold.external_id))
    except NotFound:
        return _place(storefront, sold, orders, catalog, stock, clock)
    if sold.canceled_at:
        return _cancel_known(known, sold.cancel_reason, orders, clock)
    (stored,) = orders.commit(_caught_up(known, sold, clock))
    return stored


def _place(
    storefront: str,
    sold: StorefrontOrder,
    orders: Orders,
    catalog: Catalog,
    stock: Stock,
    clock: Clock,
) -> Order:
    at = clock()
    order = _as_sold(storefront, sold, clock)
    sold_skus = (line.sku for line in order.lines if line.tracked and line.sku)
    products = with_parts(catalog.products(sold_skus), catalog)
    order = order.changed(
        lines=tuple(part for line in order.lines for part in _unbundled(line, products))
    )
    order = _as_known(order, products)
    order.check_size()
    if sold.canceled_at or not any(line.open for line in order.lines):
        canceled = order.changed(
            status=OrderStatus.CANCELED,
            cancel_reason=sold.cancel_reason or "canceled in the storefront",
            lines=tuple(
                line.changed(
                    canceled=line.ordered,
                    backordered=0,
                    settled_units=line.ordered,
                    settled=line.total,
                )
                for line in order.lines
            ),
        )
        units = tuple(line.units(line.ordered) for line in order.lines)
        (stored,) = orders.commit(
            canceled.raising(OrderCanceled(reason=canceled.cancel_reason, units=units))
        )
        return stored
    found, owed = _findable(order, products, stock, at)
    order = placing.hold_units(order, found, owed)
    order = capturing.record_storefront_payment(order, sold.paid, at=at)
    unpaid = _due(sold) - sold.paid
    if unpaid > Money.zero(sold.currency):
        order = placing.put_on_hold(
            order, AWAITING_PAYMENT, (f"{unpaid} is not paid yet",), by=storefront, at=at
        )
    if sold.fulfilled:
        order = placing.put_on_hold(
            order,
            ALREADY_FULFILLED,
            ("the storefront reports parcels of it: release only what has not left",),
            by=storefront,
            at=at,
        )
    if faults := making.misunderstood(order, products):
        order = making.await_instructions(order, faults, by=storefront, at=at)
    placed = placing.place(_handed_over(order), at=at)
    if len(order.lines) <= placing.MAX_SKUS_PER_COMMIT:  # else allocation looks for the rest
        placed = shortfall.report_shortage(placed, at=at)
    (stored,) = orders.commit(_closed_if_done(placed))
    return stored


def _caught_up(order: Order, sold: StorefrontOrder, clock: Clock) -> Order:
    """Follow payment, and the address while nothing has left; money and goods once sold are settled
    by people.
    """
    at = clock()
    order = capturing.record_storefront_payment(order, sold.paid, at=at)
    waits = any(hold.hold_id == AWAITING_PAYMENT and hold.active for hold in order.holds)
    if waits and order.captured >= _due(sold):
        order = placing.release_hold(order, AWAITING_PAYMENT, by="storefront", at=at)
    order = _closed_if_done(order)
    stale = order.external_updated_at and sold.updated_at <= order.external_updated_at
    if stale or order.status is OrderStatus.CANCELED:
        return order
    order = order.changed(external_updated_at=sold.updated_at)
    if sold.shipping_address and sold.shipping_address != order.shipping_address:
        if order.parcels:
            order = open_work_item(
                order,
                "address_changed",
                subject=order.order_id,
                text="The storefront changed the address after a parcel was packed.",
                at=at,
            )
        else:
            order = order.changed(shipping_address=sold.shipping_address).raising(
                OrderUpdated(changed=("shipping_address",))
            )
    if _units(sold.lines) != _known_units(order):
        order = open_work_item(
            order,
            "lines_changed",
            subject=order.order_id,
            text="The storefront changed what was ordered; compare, and cancel or add by hand.",
            at=at,
        )
    return order


def _cancel(
    storefront: str,
    news: CancellationNews,
    orders: Orders,
    catalog: Catalog,
    stock: Stock,
    clock: Clock,
) -> Order | None:
    if news.order and news.order.test:
        return None
    key = storefront_order_id(storefront, news.external_id)
    try:
        known = orders.get(key)
    except NotFound:
        if news.order is None:
            raise
        gone = news.order.canceled_at or clock()
        order = news.order.model_copy(update={"canceled_at": gone, "cancel_reason": news.reason})
        return _place(storefront, order, orders, catalog, stock, clock)
    return _cancel_known(known, news.reason, orders, clock)


def _cancel_known(order: Order, reason: str, orders: Orders, clock: Clock) -> Order:
    """Cancel what has not been packed; a person looks at what has."""
    if order.status in (OrderStatus.CANCELED, OrderStatus.CLOSED):
        return order
    at = clock()
    text = reason or "canceled in the storefront"
    with suppress(IllegalTransition):  # everything is packed: somebody has to catch the parcels
        order = cancel_rest(order, text, orders=orders, clock=clock)
    if any(settled.reason is TooLate.IN_PRODUCTION for settled in too_late(order)):
        order = open_work_item(
            order,
            "canceled_in_production",
            subject=order.order_id,
            text="The storefront canceled it, but work on it has begun: agree with the customer, or"
            " cancel it by force.",
            at=at,
        )
    if order.parcels:
        order = open_work_item(
            order,
            "canceled_after_packing",
            subject=order.order_id,
            text="The storefront canceled it, but parcels were packed: stop or take them back.",
            at=at,
        )
    (stored,) = orders.commit(order)
    return stored


def _as_sold(storefront: str, sold: StorefrontOrder, clock: Clock) -> Order:
    """The order as sold, to the cent, with every stocked unit still to be held."""
    zero = Money.zero(sold.currency)
    key = storefront_order_id(storefront, sold.external_id)
    goods = total((line.total for line in sold.lines), sold.currency)
    payment = Payment(payment_id=f"{key}-T1", provider=STOREFRONT, amount=sold.total)
    return Order(
        order_id=key,
        channel=storefront,
        external_id=sold.external_id,
        external_name=sold.external_name,
        external_updated_at=sold.updated_at,
        status=OrderStatus.PENDING,
        currency=sold.currency,
        customer=sold.customer,
        shipping_address=sold.shipping_address,
        billing_address=sold.billing_address,
        delivery_option=sold.delivery_name,
        promise=_promise(sold),
        lines=tuple(_line(line, zero) for line in sold.lines),
        totals=Totals(
            lines=goods,
            discount=sold.discount,
            shipping=sold.shipping,
            tax=sold.tax,
            fees=sold.total - goods - sold.shipping,
            total=sold.total,
        ),
        payments=(payment,),
        created_at=clock(),
    )


def _promise(sold: StorefrontOrder) -> Promise | None:
    """The storefront's own promise: how it came to it is not known, only that it has to be kept."""
    if sold.deliver_by is None:
        return None
    return Promise(
        option=sold.delivery_name,
        ship_by=sold.deliver_by,
        deliver_by=sold.deliver_by,
        promised_at=sold.created_at,
        processing_days=0,
        transit_days=0,
    )


def _as_known(order: Order, products: Mapping[str, Product]) -> Order:
    """With the kind that the catalog gives to each SKU (a workshop makes what is made to order),
    and what was said of it in the catalog's spelling, as far as that can be understood.
    """
    known = ((line, products.get(line.sku or "")) for line in order.lines if line.tracked)
    return order.with_lines(
        line.changed(
            kind=LineKind(product.kind.value),
            instructions=personalize(product.options, line.instructions).instructions,
            final_sale=not product.returnable,
        )
        for line, product in known
        if product
    )


def _unbundled(line: Line, products: Mapping[str, Product]) -> Iterator[Line]:
    """The line itself, or the parts of the bundle that was sold with it, each with its share.

    A bundle that cannot be sold as it stands in the catalog is left whole: a shortage.
    """
    sold = products.get(line.sku or "") if line.tracked else None
    if sold is None or not sold.components or bundle.fault(sold, products):
        yield line
        return
    gross = bundle.shares(sold, products, line.unit_price * line.ordered)
    off = bundle.shares(sold, products, line.discount)
    tax = bundle.shares(sold, products, line.tax)
    totals = bundle.shares(sold, products, line.total)
    for number, (sku, each) in enumerate(sold.components.items(), start=1):
        units = line.ordered * each
        price = bundle.unit_price(gross[sku], units)
        whole = line.changed(
            line_id=f"{line.line_id}.{number}",
            sku=sku,
            name=products[sku].name,
            bundle=Part(line=line.line_id, sku=sold.sku, name=sold.name, each=each),
            unit_price=price,
            discount=off[sku] + price * units - gross[sku],
            tax=tax[sku],
            total=totals[sku],
            ordered=units,
            settled_units=0,
            settled=Money.zero(line.total.currency),
        )
        gone = line.canceled * each
        part = whole.settle(gone, whole.share(gone)) if gone else whole
        yield part.changed(canceled=gone, backordered=units - gone)


def _line(sold: SoldLine, zero: Money) -> Line:
    line = Line(
        line_id=sold.line_id,
        sku=sold.sku,
        name=sold.name,
        kind=sold.kind,
        instructions=sold.instructions,
        unit_price=sold.unit_price,
        discount=sold.discount,
        tax=sold.tax,
        total=sold.total,
        ordered=sold.quantity,
        settled=zero,
        refunded=zero,
    )
    if sold.removed:
        line = line.settle(sold.removed, line.share(sold.removed)).changed(canceled=sold.removed)
    return line.changed(backordered=line.open) if line.tracked else line


def _handed_over(order: Order) -> Order:
    """Digital units were delivered by whoever sold them."""
    return order.with_lines(
        line.settle(line.open, line.share(line.open)).changed(
            allocated=line.open, shipped=line.open, delivered=line.open
        )
        for line in order.lines
        if line.kind is LineKind.DIGITAL and line.open
    )


def _closed_if_done(order: Order) -> Order:
    """Closed where everything was handed over elsewhere and nobody waits for anything."""
    return order if order.on_hold else placing.close_if_done(order)


def _due(sold: StorefrontOrder) -> Money:
    """What has to be paid before it may leave: all but the share of units that were removed."""
    zero = Money.zero(sold.currency)
    return sold.total - total((_line(line, zero).settled for line in sold.lines), sold.currency)


def _findable(
    order: Order, products: Mapping[str, Product], stock: Stock, at: datetime
) -> tuple[dict[str, int], set[str]]:
    """Units by line that the network has, and the SKUs of which shelves have too few for that; the
    demand of all lines on one SKU is drawn from one count.

    No more SKUs than one transaction takes: allocation looks for the rest.
    """
    skus = dict.fromkeys(line.sku for line in order.lines if line.tracked and line.sku)
    wanted = list(skus)[: placing.MAX_SKUS_PER_COMMIT]
    levels = stock.levels(wanted)
    cause = f"{order.order_id}-{at.isoformat()}"
    asked = {key: units for key, units in shards.demand(order.lines).items() if key[0] in levels}
    if shards.gather(asked, levels, cause, stock=stock):
        levels = stock.levels(wanted)
    left = {sku: sellable_of(products.get(sku), all_, at, shard=0) for sku, all_ in levels.items()}
    found = {}
    for line in order.lines:
        if line.tracked and line.sku:
            found[line.line_id] = min(line.backordered, left.get(line.sku, 0))
            left[line.sku] = left.get(line.sku, 0) - found[line.line_id]
    items = [
        Item(product, found[line.line_id])
        for line in order.lines
        if (product := products.get(line.sku or "")) and found.get(line.line_id)
    ]
    return found, {sku for sku, one in drawn(items, levels, at).items() if one.wait}


def _known_units(order: Order) -> dict[str, tuple[int, int]]:
    """The same of an order, in bundles where they were sold as such."""
    return {
        line.bundle.line if line.bundle else line.line_id: (
            line.ordered // (line.bundle.each if line.bundle else 1),
            (line.canceled - line.substituted) // (line.bundle.each if line.bundle else 1),
        )
        for line in order.lines
        if not line.replaces
    }


def _units(lines: tuple[SoldLine, ...]) -> dict[str, tuple[int, int]]:
    """Units sold and removed since, by line."""
    return {line.line_id: (line.quantity, line.removed) for line in lines}
