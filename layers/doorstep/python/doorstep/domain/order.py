"""The order: one aggregate, one version, and three states derived from its counters and children.

Commands are pure functions in `placing`, `allocating`, `shipping` and `returning`: an order goes
in, a new one comes out, with the events it raised and the stock movements it asks for.
`adapters/dynamo/orders.py` commits all of it in one transaction.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self, TypeVar

from pydantic import Field, PrivateAttr

from doorstep.domain import transitions
from doorstep.domain.address import Address
from doorstep.domain.bundle import Part
from doorstep.domain.capacity import Booking, beyond
from doorstep.domain.errors import InvalidCommand, NotFound
from doorstep.domain.events import Event, Units
from doorstep.domain.fulfillment import FulfillmentOrder, Pickup
from doorstep.domain.money import Currency, Money, total
from doorstep.domain.payment import Payment
from doorstep.domain.promise import Promise
from doorstep.domain.record import Moment, Record
from doorstep.domain.refunds import Refund
from doorstep.domain.remedy import Remedy, RemedyKind
from doorstep.domain.returns import Return, ReturnStatus
from doorstep.domain.shipment import DelayCause, Shipment, ShipmentStatus, Tracking
from doorstep.domain.stock import Movement
from doorstep.domain.work import WorkItem

RETRY_SOONEST, RETRY_LATEST = timedelta(minutes=15), timedelta(hours=6)
"""How long units that no location could ship wait for the next try."""

MAX_QUANTITY = 10_000
"""Units of one line, at the most."""

MAX_BYTES = 350_000
"""Of a new order, at the most: DynamoDB keeps 400 KB in one row, and the order will grow."""

Child = TypeVar("Child", bound=Record)

Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class OrderStatus(StrEnum):
    PENDING = "pending"
    PLACED = "placed"
    CLOSED = "closed"
    CANCELED = "canceled"


class FulfillmentState(StrEnum):
    """The fulfillment axis, derived from the lines' counters."""

    UNALLOCATED = "unallocated"
    ALLOCATED = "allocated"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    PARTIALLY_DELIVERED = "partially_delivered"
    DELIVERED = "delivered"
    CANCELED = "canceled"


class PaymentState(StrEnum):
    """The payment axis, derived from the payments' events."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"


class ReturnState(StrEnum):
    """The returns axis, derived from the returns."""

    NONE = "none"
    REQUESTED = "requested"
    IN_PROGRESS = "in_progress"
    RETURNED = "returned"


class LineKind(StrEnum):
    STANDARD = "standard"
    MADE_TO_ORDER = "made_to_order"
    CUSTOM = "custom"
    """Without a product: it is shipped, but no stock is kept of it."""
    DIGITAL = "digital"
    """Nothing is shipped; whoever sold it has handed it over."""


class Customer(Record):
    """Who ordered. `customer_id` is whatever the channel, or the sign-in, calls them."""

    customer_id: str = ""
    email: str = ""
    name: str = ""
    phone: str = ""
    language: str = ""


class Line(Record):
    """What was bought, as sold, and how far it got: the counters are the state (invariant 3)."""

    line_id: str
    sku: str | None
    name: str
    kind: LineKind
    instructions: dict[str, str] = Field(default_factory=dict)
    final_sale: bool = False
    """Not to be returned, as it was when it was sold."""
    unit_price: Money
    discount: Money
    tax: Money
    total: Money
    """What the customer pays for all units: after discount, with tax."""

    ordered: int = Field(ge=1)
    canceled: int = 0
    backordered: int = 0
    """Bought, but not held by any stock: a shortage."""
    owed: int = 0
    """Held, but on no shelf: sold beyond the stock, or before the release."""
    allocated: int = 0
    """Given to a location, including what has left from there since."""
    shipped: int = 0
    delivered: int = 0
    return_requested: int = 0
    returned: int = 0

    settled_units: int = 0
    """Units that were packed or canceled; `settled` is the share of `total` that went with them."""
    settled: Money
    refunded: Money
    excluded: tuple[str, ...] = ()
    """Locations that failed to ship it."""
    bundle: Part | None = None
    """What it was sold in, where it was not sold alone."""
    stock_shard: int = 0
    replaces: str = ""
    """The line whose missing units it is sent for: its money is a part of theirs."""
    substituted: int = 0
    """Of the canceled units, those that others are sent for."""

    @property
    def tracked(self) -> bool:
        """Whether stock is kept of it."""
        return self.sku is not None and self.kind in (LineKind.STANDARD, LineKind.MADE_TO_ORDER)

    @property
    def open(self) -> int:
        """Units that nobody has canceled."""
        return self.ordered - self.canceled

    @property
    def unallocated(self) -> int:
        """Units that are held by the network and wait for a location, or for goods."""
        return self.open - self.backordered - self.allocated

    def share(self, units: int) -> Money:
        """What `units` more of its unsettled units carry; the last ones carry the rest (invariant
        4).
        """
        left = self.total - self.settled
        return left.share(settled=0, units=units, of=self.ordered - self.settled_units)

    def settle(self, units: int, amount: Money) -> Line:
        return self.changed(settled_units=self.settled_units + units, settled=self.settled + amount)

    def changed(self, **changes: object) -> Line:
        return self.model_copy(update=changes)

    def units(self, quantity: int) -> Units:
        return Units(line_id=self.line_id, sku=self.sku, quantity=quantity)


class Hold(Record):
    """Why the order may not go on yet. Several may be active at once."""

    hold_id: str
    reasons: tuple[str, ...]
    by: str
    at: Moment
    queued: bool = False
    """Whether asking for the order to be routed ends it."""
    released_at: Moment | None = None
    released_by: str = ""

    @property
    def active(self) -> bool:
        return self.released_at is None


class Totals(Record):
    """The order's money as sold. `total = lines + shipping + fees`, to the last minor unit."""

    lines: Money
    discount: Money
    """Included in `lines` already; kept to be shown."""
    shipping: Money
    """What the customer pays for delivery, with its tax."""
    tax: Money
    """All tax, included in the others already."""
    fees: Money
    """Whatever else the total holds: tips, duties, roundings; may be negative."""
    total: Money


class Order(Record):
    """One order and everything under it."""

    order_id: str
    channel: str
    external_id: str | None = None
    """What the storefront calls it."""
    external_name: str = ""
    external_updated_at: Moment | None = None
    fingerprint: str = ""
    """A hash of the request that made it: the same idempotency key must bring the same body."""
    status: OrderStatus
    currency: Currency
    customer: Customer
    shipping_address: Address | None = None
    billing_address: Address | None = None
    delivery_option: str = ""
    service: str = "standard"
    pickup: Pickup | None = None
    """Where it is collected; its shipping address is that place's."""
    promise: Promise | None = None
    lines: tuple[Line, ...]
    totals: Totals
    holds: tuple[Hold, ...] = ()
    cancel_reason: str = ""
    created_at: Moment
    placed_at: Moment | None = None
    expires_at: Moment | None = None
    """When a checkout that nobody finished is finished or undone, or looked at once more after."""
    tried_at: Moment | None = None
    """When locations were last looked for without finding one for every unit."""
    short_since: Moment | None = None
    """Since when there are units that no location can ship, or no stock holds."""
    offer_at: Moment | None = None
    """When the customer is to be offered a remedy for them, unless they are found before."""
    earlier_promises: tuple[Promise, ...] = ()
    """What was promised before the customer agreed to a later day, the oldest first."""
    alerts: tuple[str, ...] = ()
    """Why somebody was warned about units that have no location: once each."""
    cancel_at: Moment | None = None
    cancel_why: str = ""
    """When units that still have no location are canceled, and the reason, as the rules want it."""
    version: int = 0
    sequence: int = 0
    """The number of its newest event."""

    fulfillment_orders: tuple[FulfillmentOrder, ...] = ()
    shipments: tuple[Shipment, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    returns: tuple[Return, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    work_items: tuple[WorkItem, ...] = ()

    _raised: tuple[Event, ...] = PrivateAttr(default=())
    _moved: tuple[Movement, ...] = PrivateAttr(default=())
    _noted: tuple[tuple[str, Tracking], ...] = PrivateAttr(default=())
    _origin: Order | None = PrivateAttr(default=None)

    # --- the three axes -------------------------------------------------------------------------

    @property
    def fulfillment_state(self) -> FulfillmentState:
        lines = self.lines
        open_units = sum(line.open for line in lines)
        shipped = sum(line.shipped for line in lines)
        delivered = sum(line.delivered for line in lines)
        if open_units == 0:
            return FulfillmentState.CANCELED
        if delivered:
            whole = delivered >= open_units
            return FulfillmentState.DELIVERED if whole else FulfillmentState.PARTIALLY_DELIVERED
        if shipped:
            whole = shipped >= open_units
            return FulfillmentState.SHIPPED if whole else FulfillmentState.PARTIALLY_SHIPPED
        allocated = sum(line.allocated for line in lines) >= open_units
        return FulfillmentState.ALLOCATED if allocated else FulfillmentState.UNALLOCATED

    @property
    def payment_state(self) -> PaymentState:
        captured, refunded = self.captured, self.refunded
        authorized = total((p.authorized for p in self.payments), self.currency)
        if captured:
            if refunded >= captured:
                return PaymentState.REFUNDED
            if refunded:
                return PaymentState.PARTIALLY_REFUNDED
            unclaimed = any(p.capturable or p.claimed for p in self.payments)
            unclaimed |= self.needs_money and any(p.expired for p in self.payments)
            whole = captured >= self.totals.total or not unclaimed
            return PaymentState.CAPTURED if whole else PaymentState.PARTIALLY_CAPTURED
        if authorized or (not self.totals.total and self.status is not OrderStatus.PENDING):
            return PaymentState.AUTHORIZED
        if any(p.voided for p in self.payments) or self.status is OrderStatus.CANCELED:
            return PaymentState.VOIDED
        return PaymentState.PENDING

    @property
    def return_state(self) -> ReturnState:
        alive = [r for r in self.returns if r.status is not ReturnStatus.CANCELED]
        if not alive:
            return ReturnState.NONE
        if all(r.status in (ReturnStatus.REFUNDED, ReturnStatus.CLOSED) for r in alive):
            return ReturnState.RETURNED
        if any(r.status is not ReturnStatus.APPROVED for r in alive):
            return ReturnState.IN_PROGRESS
        return ReturnState.REQUESTED

    def check_size(self) -> None:
        """Raise InvalidCommand where it is too large to be kept."""
        size = len(self.model_dump_json().encode())
        if size > MAX_BYTES:
            raise InvalidCommand({"lines": f"{size:,} bytes in all; {MAX_BYTES:,} at the most"})

    @property
    def pickup_code(self) -> str:
        """What the customer says when they collect it. Nobody else can make it: it comes from the
        request that made the order, which held their means of payment.
        """
        if self.pickup is None:
            return ""
        digest = hashlib.sha256(f"pickup\n{self.order_id}\n{self.fingerprint}".encode()).digest()
        return base64.b32encode(digest[:5]).decode()

    # --- what it holds --------------------------------------------------------------------------

    @property
    def on_hold(self) -> bool:
        return any(hold.active for hold in self.holds)

    @property
    def waiting(self) -> bool:
        """Whether units wait for a location, or for somebody's decision before that."""
        return self.status is OrderStatus.PLACED and any(
            line.kind is not LineKind.DIGITAL and line.open > line.allocated for line in self.lines
        )

    @property
    def unplaced(self) -> dict[str, int]:
        """Units by line that have no location."""
        return {
            line.line_id: line.open - line.allocated
            for line in self.lines
            if line.kind is not LineKind.DIGITAL and line.open > line.allocated
        }

    @property
    def offered(self) -> Remedy | None:
        """The remedy that its customer may choose from."""
        return next((remedy for remedy in self.remedies if remedy.open), None)

    @property
    def deciding(self) -> bool:
        """Whether a remedy is decided and not carried out yet: nobody else places its units."""
        return any(remedy.decided for remedy in self.remedies)

    @property
    def retry_at(self) -> Moment | None:
        """When a location is looked for again for units that stock is held for; the longer they
        wait, the less often. Who is owed goods waits in line for them.
        """
        held = any(x.unallocated > x.owed for x in self.lines if x.kind is not LineKind.DIGITAL)
        if not held or self.on_hold or not self.waiting or self.placed_at is None:
            return None
        tried_at = self.tried_at or self.placed_at
        pause = (tried_at - self.placed_at) / 4
        return tried_at + min(max(pause, RETRY_SOONEST), RETRY_LATEST)

    @property
    def look_at(self) -> Moment | None:
        """When units that have no location need a look: to try again, to offer a remedy, or to
        warn of the promise.
        """
        moments = [self.retry_at]
        if self.waiting and not (self.on_hold or self.offered or self.deciding or self.cancel_at):
            moments.append(self.offer_at)
        if self.waiting and self.promise and DelayCause.WAITING_TOO_LONG not in self.alerts:
            moments.append(self.promise.ship_by)
        return min((moment for moment in moments if moment), default=None)

    @property
    def give_up_at(self) -> Moment | None:
        """When units that have no location are canceled; a hold stops the clock, and so does a
        customer who may choose, or who chose to wait.
        """
        remedied = any(x.open or x.decided or x.choice is RemedyKind.WAIT for x in self.remedies)
        return self.cancel_at if self.waiting and not (self.on_hold or remedied) else None

    @property
    def gives_up(self) -> bool:
        """Whether they are canceled before another look is taken at them."""
        end, look = self.give_up_at, self.look_at
        return end is not None and (look is None or end <= look)

    @property
    def needs_money(self) -> bool:
        """Whether units are still to be packed, or parcels to be paid."""
        packed = total((parcel.amount for parcel in self.parcels), self.currency)
        return self.captured < packed or any(x.settled_units < x.ordered for x in self.lines)

    @property
    def captured(self) -> Money:
        return total((payment.captured for payment in self.payments), self.currency)

    @property
    def refunded(self) -> Money:
        return total((payment.refunded for payment in self.payments), self.currency)

    def line(self, line_id: str) -> Line:
        return _one(self.lines, "line", lambda line: line.line_id, line_id)

    def fulfillment_order(self, key: str) -> FulfillmentOrder:
        return _one(
            self.fulfillment_orders, "fulfillment order", lambda f: f.fulfillment_order_id, key
        )

    def shipment(self, key: str) -> Shipment:
        return _one(self.shipments, "shipment", lambda shipment: shipment.shipment_id, key)

    def payment(self, key: str) -> Payment:
        return _one(self.payments, "payment", lambda payment: payment.payment_id, key)

    def refund(self, key: str) -> Refund:
        return _one(self.refunds, "refund", lambda refund: refund.refund_id, key)

    def return_(self, key: str) -> Return:
        return _one(self.returns, "return", lambda found: found.return_id, key)

    def remedy(self, key: str) -> Remedy:
        return _one(self.remedies, "remedy", lambda found: found.remedy_id, key)

    def work_item(self, key: str) -> WorkItem:
        return _one(self.work_items, "work item", lambda item: item.work_item_id, key)

    @property
    def parcels(self) -> tuple[Shipment, ...]:
        """The shipments that were not unpacked again."""
        return tuple(s for s in self.shipments if s.status is not ShipmentStatus.CANCELED)

    def parcels_of(self, fulfillment_order_id: str) -> tuple[Shipment, ...]:
        return tuple(s for s in self.parcels if s.fulfillment_order_id == fulfillment_order_id)

    # --- how it changes -------------------------------------------------------------------------

    def changed(self, **changes: object) -> Self:
        """A copy with these fields replaced; what was raised and moved so far is kept."""
        return self.model_copy(update=changes)

    def to(self, status: OrderStatus) -> Self:
        transitions.check("order", self.order_id, self.status, status)
        return self.changed(status=status)

    def with_lines(self, lines: Iterable[Line]) -> Self:
        """With each of these lines in the place of the one of its id."""
        new = {line.line_id: line for line in lines}
        return self.changed(lines=tuple(new.get(line.line_id, line) for line in self.lines))

    def with_fulfillment_order(self, one: FulfillmentOrder) -> Self:
        known = self.fulfillment_orders
        return self.changed(
            fulfillment_orders=_replaced(known, one, lambda f: f.fulfillment_order_id)
        )

    def with_shipment(self, one: Shipment) -> Self:
        return self.changed(shipments=_replaced(self.shipments, one, lambda s: s.shipment_id))

    def with_payment(self, one: Payment) -> Self:
        return self.changed(payments=_replaced(self.payments, one, lambda p: p.payment_id))

    def with_refund(self, one: Refund) -> Self:
        return self.changed(refunds=_replaced(self.refunds, one, lambda r: r.refund_id))

    def with_return(self, one: Return) -> Self:
        return self.changed(returns=_replaced(self.returns, one, lambda r: r.return_id))

    def with_remedy(self, one: Remedy) -> Self:
        return self.changed(remedies=_replaced(self.remedies, one, lambda r: r.remedy_id))

    def with_work_item(self, one: WorkItem) -> Self:
        return self.changed(work_items=_replaced(self.work_items, one, lambda w: w.work_item_id))

    def raising(self, *events: Event) -> Self:
        """A copy that will write these events when it is committed."""
        copy = self.model_copy()
        copy._raised = (*self._raised, *events)
        return copy

    def moving(self, *movements: Movement) -> Self:
        """A copy that will move this stock when it is committed."""
        copy = self.model_copy()
        copy._moved = (*self._moved, *movements)
        return copy

    def noting(self, shipment_id: str, news: Tracking) -> Self:
        """A copy that will record what a carrier said when it is committed; once per key."""
        copy = self.model_copy()
        copy._noted = (*self._noted, (shipment_id, news))
        return copy

    # --- what a repository needs ----------------------------------------------------------------

    @property
    def raised(self) -> tuple[Event, ...]:
        """Events since it was loaded."""
        return self._raised

    @property
    def moved(self) -> tuple[Movement, ...]:
        """Stock movements since it was loaded."""
        return self._moved

    @property
    def booked(self) -> tuple[Booking, ...]:
        """Shares of locations' days that its fulfillment orders take, or give back, beyond those
        that they had when it was loaded.
        """
        was = self._origin
        return beyond(
            (share for one in (was.fulfillment_orders if was else ()) for share in one.bookings),
            (share for one in self.fulfillment_orders for share in one.bookings),
        )

    @property
    def noted(self) -> tuple[tuple[str, Tracking], ...]:
        """Carrier news to be recorded."""
        return self._noted

    @property
    def origin(self) -> Order | None:
        """As it was loaded; None for one that was never stored."""
        return self._origin

    @property
    def untouched(self) -> bool:
        """Whether it is just as it was loaded; what a carrier said may wait to be recorded."""
        was = self._origin
        same = (
            was is not None and self.__dict__ == was.__dict__
        )  # records also compare what is private
        return same and not self._raised and not self._moved

    def loaded(self) -> Self:
        """A copy that takes what it is now for what is stored."""
        copy = self.model_copy()
        copy._raised, copy._moved, copy._noted, copy._origin = (), (), (), self
        return copy


def order_id(channel: str, key: str) -> str:
    """The id of the order that an idempotency key makes in a channel."""
    digest = hashlib.sha256(f"{channel}\n{key}".encode()).digest()
    return "O-" + base64.b32encode(digest[:10]).decode()


def storefront_order_id(storefront: str, external_id: str) -> str:
    """The id of a storefront's own order; no idempotency key of a checkout can make the same."""
    return order_id(f"storefront:{storefront}", external_id)


def order_of(child_id: str) -> str:
    """The id of the order that a fulfillment order, shipment, return, payment, remedy or work item
    belongs to.
    """
    return "-".join(child_id.split("-", 2)[:2])


def _one(records: Iterable[Child], kind: str, key_of: Callable[[Child], str], key: str) -> Child:
    for record in records:
        if key_of(record) == key:
            return record
    raise NotFound(kind, key)


def _replaced(
    records: tuple[Child, ...], one: Child, key_of: Callable[[Child], str]
) -> tuple[Child, ...]:
    key = key_of(one)
    if any(key_of(record) == key for record in records):
        return tuple(one if key_of(record) == key else record for record in records)
    return (*records, one)
