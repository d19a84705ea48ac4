"""Ship: the steps of the fulfillment workflow, what a location answers, and what a carrier reports.

Every step may run twice: it looks first at what is done already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from doorstep.domain import allocating, capturing, dunning, pickup, shipping
from doorstep.domain.address import Address
from doorstep.domain.errors import (
    CaptureDeclined,
    Conflict,
    Duplicate,
    InvalidCommand,
    NotFound,
    ProviderUnavailable,
)
from doorstep.domain.fulfillment import WORKABLE, FulfillmentMethod, FulfillmentStatus
from doorstep.domain.order import Order, order_of
from doorstep.domain.shipment import Shipment
from doorstep.domain.work_items import open_work_item
from doorstep.ports import (
    Carrier,
    CarrierNews,
    Catalog,
    Clock,
    Consignment,
    Documents,
    Orders,
    PaymentGateway,
    Queues,
    Workflow,
)
from doorstep.usecases.authorize import ensure_authorized
from doorstep.usecases.cancel import carry_out_voids, request_voids
from doorstep.usecases.change import change
from doorstep.usecases.places import address_of

_TRIES = 5

_IN_WORK = WORKABLE | {FulfillmentStatus.ALLOCATED, FulfillmentStatus.PACKED}


_UNLABELED = (FulfillmentMethod.PICKUP, FulfillmentMethod.DROP_SHIP)
"""It does not travel, or under a vendor's own label."""

_GONE = (
    FulfillmentStatus.SHIPPED,
    FulfillmentStatus.READY_FOR_PICKUP,
    FulfillmentStatus.DELIVERED,
    FulfillmentStatus.UNCOLLECTED,
)


def release(key: str, token: str, *, orders: Orders, workflow: Workflow) -> None:
    """Keep the task token, then let the location start: its answer cannot come before there is
    something to wake.

    A fulfillment order that was resumed after it was packed goes on at once.
    """

    def decide(order: Order) -> Order:
        allocated = order.fulfillment_order(key).status is FulfillmentStatus.ALLOCATED
        return shipping.release(order, key) if allocated else order

    workflow.park(key, token)
    if change(key, orders, decide).fulfillment_order(key).status not in WORKABLE:
        wake(key, orders=orders, workflow=workflow)


def wake(key: str, *, orders: Orders, workflow: Workflow) -> None:
    """Tell the waiting workflow what the location answered, as the record says it.

    Harmless when repeated.
    """
    one = orders.get(order_of(key)).fulfillment_order(key)
    match one.status:
        case FulfillmentStatus.WITHDRAWN | FulfillmentStatus.CANCELED:
            # Where nothing waits, nothing was started: `release` looks again once it has parked.
            with suppress(ProviderUnavailable):
                workflow.fail(key, one.status.value.capitalize())
        case FulfillmentStatus.REJECTED | FulfillmentStatus.SHORT:
            workflow.fail(key, one.status.value.capitalize())
        case FulfillmentStatus.ALLOCATED | FulfillmentStatus.RELEASED | FulfillmentStatus.ACCEPTED:
            return
        case _:
            workflow.succeed(key)


def accept(key: str, *, orders: Orders) -> Order:
    """The location has started."""
    return change(key, orders, lambda order: shipping.accept(order, key))


def pack(key: str, parcels: Sequence[shipping.Parcel], *, orders: Orders, clock: Clock) -> Order:
    """Everything is in parcels. The same answer again is taken for the repeat that it is."""

    def decide(order: Order) -> Order:
        known = order.parcels_of(key)
        if known and _same_parcels(known, parcels):
            return order
        return shipping.pack(order, key, parcels, at=clock())

    return change(key, orders, decide)


def reject(key: str, reason: str, *, orders: Orders) -> Order:
    """The location will not ship it."""

    def decide(order: Order) -> Order:
        if order.fulfillment_order(key).status is FulfillmentStatus.REJECTED:
            return order
        return allocating.reject(order, key, reason=reason)

    return change(key, orders, decide)


def report_short(key: str, missing: Mapping[str, int], *, orders: Orders) -> Order:
    """Units were not where they should be: by line, all that are missing so far."""
    if not missing:
        raise InvalidCommand({"missing": "name the lines that are short, and by how many units"})
    return change(key, orders, lambda order: allocating.short(order, key, missing))


def retry(key: str, *, orders: Orders) -> Order:
    """Let a fulfillment order that is on hold or set aside go on where it stopped, in a new
    execution.
    """
    return change(key, orders, lambda order: shipping.resume(order, key))


def unpack(key: str, *, orders: Orders) -> Order:
    """Take the unpaid parcels of a fulfillment order apart that is on hold or was set aside."""
    return change(key, orders, lambda order: shipping.unpack(order, key))


def restart(key: str, *, orders: Orders, workflow: Workflow) -> None:
    """Start the execution of a fulfillment order that was resumed.

    Harmless where it is started already.
    """
    workflow.start(orders.get(order_of(key)).fulfillment_order(key))


def capture(key: str, *, orders: Orders, gateway: PaymentGateway, clock: Clock) -> None:
    """Capture the share of every parcel of a fulfillment order; intent first, then the provider,
    parcel by parcel. What is authorized beyond the order's last parcel is given free.

    Raises CaptureDeclined once the fulfillment order is on hold for it; PaymentOutcomeUnknown and
    ProviderUnavailable: repeat, the provider knows the key.
    """
    order = orders.get(order_of(key))
    one = order.fulfillment_order(key)
    if one.status is FulfillmentStatus.ON_HOLD:
        raise CaptureDeclined(one.reason)
    try:
        if capturing.paid_at_storefront(order):
            capturing.check_storefront_payment(order)
            return
        for parcel in order.parcels_of(key):
            order = _capture(order, parcel, orders=orders, gateway=gateway, clock=clock)
        order = dunning.settled(order, key, at=clock())
        (order,) = orders.commit(request_voids(order, clock=clock))
        carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)
    except CaptureDeclined as declined:
        _hold_for_payment(key, declined.reason, orders=orders, clock=clock)
        raise


def _capture(
    order: Order, parcel: Shipment, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Capture one parcel's share, once, tender by tender."""
    while True:
        claimed = capturing.unanswered(order, parcel)
        if claimed is None:
            share = capturing.next_share(order, parcel)
            if share is None:
                return order
            key, amount = share[0].payment_id, share[1]
            order = ensure_authorized(
                order, key, amount, orders=orders, gateway=gateway, clock=clock
            )
            order, payment, intent = capturing.claim(order, parcel, key, amount, at=clock())
            (order,) = orders.commit(order)
            claimed = payment, intent
        payment, intent = claimed
        about = (parcel, payment.payment_id, intent)
        try:
            reference = gateway.capture(payment.under(intent), intent)
        except CaptureDeclined as declined:
            orders.commit(capturing.refused(order, *about, reason=declined.reason, at=clock()))
            raise
        (order,) = orders.commit(capturing.captured(order, *about, reference=reference, at=clock()))


def _hold_for_payment(key: str, reason: str, *, orders: Orders, clock: Clock) -> None:
    """Keep a packed fulfillment order in the house until somebody has settled its payment."""

    def decide(order: Order) -> Order:
        if order.fulfillment_order(key).status is FulfillmentStatus.ON_HOLD:
            return order
        return dunning.hold(order, key, reason=reason, at=clock())

    change(key, orders, decide)


def buy_labels(
    key: str,
    *,
    orders: Orders,
    catalog: Catalog,
    carrier: Carrier,
    documents: Documents,
) -> None:
    """Buy the label of every parcel that travels under ours and keep it among the documents.

    The shipment's id is the carrier's reference.
    """
    order = orders.get(order_of(key))
    one = order.fulfillment_order(key)
    if one.method in _UNLABELED:
        return
    for parcel in order.parcels_of(key):
        if parcel.tracking_number:
            continue
        label = carrier.buy_label(
            Consignment(
                reference=parcel.shipment_id,
                sender=address_of(one.location_id, catalog),
                recipient=order.shipping_address or Address(),
                weight_grams=parcel.weight_grams,
                service=parcel.service,
            )
        )
        document = f"labels/{parcel.shipment_id}.pdf"
        documents.put(document, label.pdf, "application/pdf")
        labeled = shipping.labeled(
            order,
            parcel.shipment_id,
            carrier=label.carrier,
            tracking_number=label.tracking_number,
            label=document,
        )
        (order,) = orders.commit(labeled)


def dispatch(key: str, *, orders: Orders, clock: Clock) -> None:
    """Hand the parcels over: what is on hand falls, and now the carrier's clock runs.

    What is collected here is laid ready instead; what a vendor ships leaves when it is labeled.
    """

    def decide(order: Order) -> Order:
        one = order.fulfillment_order(key)
        if one.status in _GONE:
            return order
        if one.method is FulfillmentMethod.PICKUP:
            return pickup.make_ready(order, key, at=clock())
        labeled = all(parcel.tracking_number for parcel in order.parcels_of(key))
        if one.method is FulfillmentMethod.DROP_SHIP and not labeled:
            return order
        return shipping.dispatch(order, key, at=clock())

    change(key, orders, decide)


def set_aside(key: str, reason: str, *, orders: Orders, clock: Clock) -> None:
    """A step failed for good: keep the fulfillment order where somebody looks at it."""

    def decide(order: Order) -> Order:
        if order.fulfillment_order(key).status not in _IN_WORK:
            return order
        order = shipping.set_aside(order, key, reason=reason)
        return open_work_item(order, "workflow_failed", subject=key, text=reason, at=clock())

    change(key, orders, decide)


def track_all(news: Iterable[CarrierNews], *, orders: Orders, queues: Queues) -> None:
    """Apply everything that a carrier said at once.

    Raises NotFound, after all the rest was applied, for a parcel that is not known: its label may
    be on the way, so repeat.
    """
    unknown: NotFound | None = None
    for one in news:
        try:
            track(one, orders=orders, queues=queues)
        except NotFound as error:
            unknown = error
    if unknown:
        raise unknown


def track(news: CarrierNews, *, orders: Orders, queues: Queues) -> bool:
    """Apply one thing a carrier said, to every parcel that travels under its number.

    False where it was said before, or is about a return. Raises NotFound for a parcel that is not
    known.
    """
    order = orders.get(queues.tracked(news.carrier, news.tracking_number))
    number = (news.carrier, news.tracking_number)
    parcels = [s.shipment_id for s in order.shipments if (s.carrier, s.tracking_number) == number]
    told = [_track(parcel, news, orders=orders) for parcel in parcels]
    return any(told)


def _track(key: str, news: CarrierNews, *, orders: Orders) -> bool:
    """Apply it to one parcel; False where it was said before."""
    for _ in range(_TRIES):
        try:
            orders.commit(shipping.track(orders.get(order_of(key)), key, news.tracking))
        except Duplicate:
            return False
        except Conflict:
            continue
        return True
    raise Conflict([order_of(key)])


def _same_parcels(known: Sequence[Shipment], parcels: Sequence[shipping.Parcel]) -> bool:
    return [
        ({line.line_id: line.quantity for line in shipment.lines}, shipment.weight_grams)
        for shipment in known
    ] == [(parcel.lines, parcel.weight_grams) for parcel in parcels]
