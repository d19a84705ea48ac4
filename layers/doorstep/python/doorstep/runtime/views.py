"""What the API shows of the records: everything a caller may act on, and no payment method."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict

from doorstep.domain.address import Address
from doorstep.domain.events import TimelineItem
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.money import Money
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
)
from doorstep.domain.payment import Payment, PaymentEvent
from doorstep.domain.promise import Promise
from doorstep.domain.promise_ledger import PromiseLedger
from doorstep.domain.record import Moment
from doorstep.domain.returns import Return
from doorstep.domain.shipment import Shipment
from doorstep.domain.stock import StockLevels
from doorstep.domain.work import WorkItem


class View(BaseModel):
    """The base of what is shown."""

    model_config = ConfigDict(frozen=True)


class PaymentView(View):
    """One tender, its amounts recomputed from its events."""

    payment_id: str
    provider: str
    amount: Money
    authorized: Money
    claimed: Money
    captured: Money
    refunded: Money
    voided: Money
    events: tuple[PaymentEvent, ...]

    @classmethod
    def of(cls, payment: Payment) -> Self:
        return cls(
            payment_id=payment.payment_id,
            provider=payment.provider,
            amount=payment.amount,
            authorized=payment.authorized,
            claimed=payment.claimed,
            captured=payment.captured,
            refunded=payment.refunded,
            voided=payment.voided,
            events=payment.events,
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
    promise: Promise | None
    lines: tuple[Line, ...]
    totals: Totals
    holds: tuple[Hold, ...]
    cancel_reason: str
    created_at: Moment
    placed_at: Moment | None
    version: int
    fulfillment_orders: tuple[FulfillmentOrder, ...]
    shipments: tuple[Shipment, ...]
    payments: tuple[PaymentView, ...]
    returns: tuple[Return, ...]
    work_items: tuple[WorkItem, ...]
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
            if name in Order.model_fields and name != "payments"
        }
        return cls(
            **same,
            fulfillment=order.fulfillment_state,
            payment=order.payment_state,
            returning=order.return_state,
            payments=tuple(PaymentView.of(payment) for payment in order.payments),
            promise_ledger=ledger,
            timeline=timeline,
        )


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
    levels: StockLevels

    @classmethod
    def of(cls, levels: StockLevels) -> Self:
        return cls(sku=levels.sku, available=levels.available, held=levels.held, levels=levels)


class LinkView(View):
    """An address that opens a document for a few minutes."""

    url: str
