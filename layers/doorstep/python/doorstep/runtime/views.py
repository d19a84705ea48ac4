"""What the API shows of the records: everything a caller may act on, and no payment method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from doorstep.domain.address import Address
from doorstep.domain.availability import StockState
from doorstep.domain.canceling import Settled, too_late
from doorstep.domain.dunning import awaiting, due
from doorstep.domain.events import INTERNAL, OrderRouted, StockItem, TimelineItem
from doorstep.domain.explaining import told
from doorstep.domain.fulfillment import FulfillmentOrder, Pickup
from doorstep.domain.ledger import Drift, Unexplained
from doorstep.domain.money import Money, total
from doorstep.domain.order import (
    Customer,
    FulfillmentState,
    Hold,
    Line,
    Order,
    OrderStatus,
    PaymentState,
    ReturnState,
    Totals,
    order_of,
)
from doorstep.domain.payment import Method, Payment, PaymentEvent
from doorstep.domain.promise import Promise
from doorstep.domain.promise_ledger import PromiseLedger
from doorstep.domain.reconciling import Reconciliation
from doorstep.domain.record import Moment
from doorstep.domain.refunds import Refund, RefundReason, RefundRule
from doorstep.domain.remedy import Remedy, RemedyKind, RemedyOption, RemedyStatus
from doorstep.domain.returns import Return
from doorstep.domain.shipment import Shipment
from doorstep.domain.standing import Standing
from doorstep.domain.stock import StockLevels
from doorstep.domain.stock_file import StockFile
from doorstep.domain.work import WorkItem


class View(BaseModel):
    """The base of what is shown."""

    model_config = ConfigDict(frozen=True)


class PaymentView(View):
    """One tender, its amounts recomputed from its events."""

    payment_id: str
    provider: str
    method: Method
    amount: Money
    pending: Money
    authorized: Money
    claimed: Money
    captured: Money
    refunded: Money
    voided: Money
    expired: Money
    charged_back: Money
    valid_until: Moment | None
    """Until when what is authorized can be captured; it is authorized anew before or then."""
    events: tuple[PaymentEvent, ...]

    @classmethod
    def of(cls, payment: Payment) -> Self:
        return cls(
            payment_id=payment.payment_id,
            provider=payment.provider,
            method=payment.method,
            amount=payment.amount,
            pending=payment.pending,
            authorized=payment.authorized,
            claimed=payment.claimed,
            captured=payment.captured,
            refunded=payment.refunded,
            voided=payment.voided,
            expired=payment.expired,
            charged_back=payment.charged_back,
            valid_until=payment.terms.valid_until,
            events=payment.events,
        )


class RefundView(View):
    """What an agent has granted, and what of it has gone back."""

    refund_id: str
    reason: RefundReason
    note: str
    shipment_id: str
    rule: RefundRule
    amount: Money
    given: Money
    granted_by: str
    granted_at: Moment
    settled_at: Moment | None

    @classmethod
    def of(cls, refund: Refund) -> Self:
        return cls(**{name: getattr(refund, name) for name in cls.model_fields})


class BundleView(View):
    """Lines that were sold together, as one product."""

    sku: str
    name: str
    quantity: int
    total: Money
    line_ids: tuple[str, ...]

    @classmethod
    def of(cls, order: Order) -> tuple[Self, ...]:
        sold: dict[str, list[Line]] = {}
        for line in order.lines:
            if line.bundle:
                sold.setdefault(line.bundle.line, []).append(line)
        return tuple(
            cls(
                sku=parts[0].bundle.sku,
                name=parts[0].bundle.name,
                quantity=parts[0].ordered // parts[0].bundle.each,
                total=total((part.total for part in parts), order.currency),
                line_ids=tuple(part.line_id for part in parts),
            )
            for parts in sold.values()
            if parts[0].bundle
        )


class OrderView(View):
    """One order with everything under it and its three derived states."""

    order_id: str
    channel: str
    external_id: str | None
    external_name: str
    status: OrderStatus
    fulfillment: FulfillmentState
    payment: PaymentState
    returning: ReturnState
    currency: str
    customer: Customer
    shipping_address: Address | None
    billing_address: Address | None
    delivery_option: str
    pickup: Pickup | None = None
    pickup_code: str = ""
    """What they say who collect it."""
    promise: Promise | None
    lines: tuple[Line, ...]
    bundles: tuple[BundleView, ...] = ()
    """What of the lines was sold together."""
    totals: Totals
    holds: tuple[Hold, ...]
    cancel_reason: str
    created_at: Moment
    placed_at: Moment | None
    version: int
    fulfillment_orders: tuple[FulfillmentOrder, ...]
    shipments: tuple[Shipment, ...]
    payments: tuple[PaymentView, ...]
    refunds: tuple[RefundView, ...]
    returns: tuple[Return, ...]
    remedies: tuple[Remedy, ...]
    work_items: tuple[WorkItem, ...]
    not_cancelable: tuple[Settled, ...] = ()
    """Units that a cancellation leaves as they are, and why: what is made to order is begun, or
    goods are packed.
    """
    promise_ledger: PromiseLedger | None = None
    timeline: tuple[TimelineItem, ...] | None = None

    @classmethod
    def of(
        cls,
        order: Order,
        timeline: tuple[TimelineItem, ...] | None = None,
        ledger: PromiseLedger | None = None,
    ) -> Self:
        same = {
            name: getattr(order, name)
            for name in cls.model_fields
            if name in Order.model_fields and name not in ("payments", "refunds")
        }
        return cls(
            **same,
            bundles=BundleView.of(order),
            pickup_code=order.pickup_code,
            fulfillment=order.fulfillment_state,
            payment=order.payment_state,
            returning=order.return_state,
            payments=tuple(PaymentView.of(payment) for payment in order.payments),
            not_cancelable=too_late(order),
            refunds=tuple(RefundView.of(refund) for refund in order.refunds),
            promise_ledger=ledger,
            timeline=timeline,
        )

    def for_customer(self) -> Self:
        """Without what is the merchant's own business: costs, suspicions, troubles, names."""
        timeline = self.timeline and tuple(
            item.model_copy(update={"actor": ""})
            for item in self.timeline
            if item.name not in INTERNAL
        )
        quiet = {"reasons": (), "by": "", "released_by": ""}
        return self.model_copy(
            update={
                "holds": tuple(hold.model_copy(update=quiet) for hold in self.holds),
                "work_items": (),
                "refunds": tuple(
                    refund.model_copy(update={"note": "", "granted_by": ""})
                    for refund in self.refunds
                ),
                "fulfillment_orders": tuple(_unworried(one) for one in self.fulfillment_orders),
                "lines": tuple(line.changed(excluded=(), stock_shard=0) for line in self.lines),
                "timeline": timeline,
            }
        )


def _unworried(one: FulfillmentOrder) -> FulfillmentOrder:
    """Without what went wrong where it is made and packed, how it is done, and what it takes of the
    day there.
    """
    lines = (
        line.model_copy(update={"work_order": line.work_order and line.work_order.in_public})
        for line in one.lines
    )
    return one.with_lines(lines).model_copy(update={"reason": "", "bookings": ()})


class RoutingView(View):
    """One routing decision on an order: in sentences, and in full."""

    at: Moment
    text: tuple[str, ...]
    """What was decided; then every location, with what spoke for or against it."""
    decision: OrderRouted

    @classmethod
    def of(cls, item: TimelineItem) -> Self:
        decision = OrderRouted.model_validate(item.data)
        return cls(at=item.at, text=told(decision), decision=decision)


class RemedyView(View):
    """An offer and what became of it; nothing about who it is for."""

    remedy_id: str
    order_id: str
    status: RemedyStatus
    units: dict[str, int]
    options: tuple[RemedyOption, ...]
    offered_at: Moment
    deadline: Moment
    at_deadline: RemedyKind
    choice: RemedyKind | None
    substitutes: dict[str, str]
    decided_at: Moment | None
    refund: Money | None
    ended_at: Moment | None
    reason: str

    @classmethod
    def of(cls, remedy: Remedy) -> Self:
        return cls(order_id=order_of(remedy.remedy_id), **dict(remedy))


class UnfillableLine(View):
    """Units of a line that have no location."""

    line_id: str
    sku: str | None
    name: str
    quantity: int
    backordered: int
    """Of those, the ones that no stock holds; the others are held, and no location can ship
    them.
    """
    failed: tuple[str, ...]
    """Locations that were to ship it and did not."""


class UnfillableView(View):
    """An order that cannot be filled, with all that is known of why."""

    order_id: str
    channel: str
    external_name: str
    placed_at: Moment | None
    since: Moment | None
    lines: tuple[UnfillableLine, ...]
    tried_at: Moment | None
    """When locations were last looked for."""
    next_try_at: Moment | None
    """When they are next; units that no stock holds are filled as soon as goods arrive."""
    offer_at: Moment | None
    """When a remedy is offered, or thought about, by itself."""
    promise: Promise | None
    remedy: RemedyView | None
    """The last one that was offered."""

    @classmethod
    def of(cls, order: Order) -> Self:
        lines = [(order.line(line_id), units) for line_id, units in order.unplaced.items()]
        return cls(
            order_id=order.order_id,
            channel=order.channel,
            external_name=order.external_name,
            placed_at=order.placed_at,
            since=order.short_since,
            lines=tuple(
                UnfillableLine(
                    line_id=line.line_id,
                    sku=line.sku,
                    name=line.name,
                    quantity=units,
                    backordered=line.backordered,
                    failed=line.excluded,
                )
                for line, units in lines
            ),
            tried_at=order.tried_at,
            next_try_at=order.retry_at,
            offer_at=order.offer_at,
            promise=order.promise,
            remedy=RemedyView.of(order.remedies[-1]) if order.remedies else None,
        )


class UnfillablePage(View):
    """Orders that cannot be filled, the oldest first."""

    orders: tuple[UnfillableView, ...]
    after: str | None

    @classmethod
    def of(cls, orders: Iterable[Order], after: str | None) -> Self:
        return cls(orders=tuple(UnfillableView.of(order) for order in orders), after=after)


class FulfillmentOrderPage(View):
    """What a location has to do."""

    fulfillment_orders: tuple[FulfillmentOrder, ...]
    after: str | None


class WorkItemPage(View):
    """Open work items."""

    work_items: tuple[WorkItem, ...]
    after: str | None


class StockView(View):
    """All levels of a SKU, and their sums."""

    sku: str
    available: int
    held: int
    room: int
    """How many of these, available or held, are sold beyond what shelves have."""
    free: int
    """Units on shelves that nobody was promised; below zero, so many held ones are missing."""
    owed: int
    """How many of the held units wait for goods."""
    levels: StockLevels

    @classmethod
    def of(cls, levels: StockLevels) -> Self:
        return cls(
            sku=levels.sku,
            available=levels.available,
            held=levels.held,
            room=levels.room,
            free=levels.free,
            owed=levels.owed,
            levels=levels,
        )


class StandingView(View):
    """What was last told of a SKU: it may be a minute behind the levels."""

    sku: str
    state: StockState
    places: Mapping[str, StockState]
    """Of the locations that have a threshold of their own."""
    weeks_of_cover: int | None
    """How long it lasts at the rate of the last weeks; None where nothing was shipped."""
    faults: tuple[str, ...]
    """What does not add up in its books."""
    work_item: WorkItem | None
    events: tuple[StockItem, ...]

    @classmethod
    def of(cls, standing: Standing, left: int, events: Sequence[StockItem], at: datetime) -> Self:
        return cls(
            sku=standing.sku,
            state=standing.state,
            places=standing.places,
            weeks_of_cover=standing.weeks_of_cover(left, at),
            faults=standing.faults,
            work_item=standing.work_item,
            events=tuple(events),
        )


class AuditView(View):
    """What is known of a SKU, compared: nothing in the lists where all is well."""

    sku: str
    sound: bool
    busy: bool
    drift: tuple[Drift, ...]
    unexplained: tuple[Unexplained, ...]


class StockFileView(View):
    """How far a file of stock news was read, and what became of it."""

    file: StockFile
    upload_url: str | None = None
    """Where to PUT it, for a quarter of an hour, while it is awaited."""
    result_url: str | None = None
    """The lines that need a look, as CSV, for a few minutes; None where there are none."""


class PaymentDueView(View):
    """What is to be paid in another way, and until when."""

    order: str
    """As the customer knows it."""
    amount: Money
    pay_by: Moment

    @classmethod
    def of(cls, order: Order, fulfillment_order_id: str, *, at: datetime) -> Self:
        """Raises IllegalTransition where nobody waits for it any more."""
        one = awaiting(order, fulfillment_order_id, at=at)
        return cls(
            order=order.external_name or order.order_id,
            amount=due(order, fulfillment_order_id),
            pay_by=one.pay_by or at,
        )


class ReconciliationPage(View):
    """How payments compared with the provider's report, the newest day first."""

    reconciliations: tuple[Reconciliation, ...]


class LinkView(View):
    """An address that opens a document for a few minutes."""

    url: str
