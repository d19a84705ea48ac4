"""Orders in DynamoDB: the only writer of an order's state.

A commit is one transaction: the order (`version = :expected`), the children that changed, one
timeline item per event, the stock levels with their guards, and one ledger row per movement. Rows
are JSON text beside the few attributes that conditions and indexes need: small, fast to read, and
readable where somebody looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from doorstep.adapters.dynamo import keys, marks
from doorstep.adapters.dynamo.days import booking_actions
from doorstep.adapters.dynamo.keys import Key
from doorstep.adapters.dynamo.schema import (
    ANY_SKU,
    MAX_WAITING_BYTES,
    QUEUE_PK,
    QUEUE_SK,
    TIMELINE_PREFIX,
)
from doorstep.adapters.dynamo.stock import stock_actions
from doorstep.adapters.dynamo.transact import (
    Action,
    Refused,
    TransactionRefused,
    create,
    put,
    transact,
)
from doorstep.domain.allocating import owed, unfillable, waits_for
from doorstep.domain.capacity import Booking
from doorstep.domain.errors import Conflict, Duplicate, FullyBooked, NotFound, OutOfStock
from doorstep.domain.events import TimelineItem
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.order import Order
from doorstep.domain.payment import Payment
from doorstep.domain.record import Record
from doorstep.domain.refunds import Refund
from doorstep.domain.remedy import Remedy
from doorstep.domain.returns import Return
from doorstep.domain.shipment import Shipment
from doorstep.domain.stock import Movement
from doorstep.domain.work import WorkItem, WorkItemStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: The order's own row leaves out what has rows of its own.
CHILDREN = (
    "fulfillment_orders",
    "shipments",
    "payments",
    "refunds",
    "returns",
    "remedies",
    "work_items",
)

#: Names of the `due` queues.
CHECKOUT, UNALLOCATED, UNFILLABLE = "checkout", "unallocated", "unfillable"
REMEDY, DELIVERY = "remedy", "delivery"


_NUMBER = re.compile(r"([0-9]+)")


class DynamoOrders:
    """The Orders port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str, actor: str, clock: Any) -> None:
        self._client = client
        self._table = table
        self._actor = actor
        self._clock = clock

    def get(self, order_id: str) -> Order:
        rows = self._rows(order_id)
        if not rows:
            raise NotFound("order", order_id)
        return assemble(rows)

    def commit(self, *orders: Order) -> tuple[Order, ...]:
        at = self._clock()
        actions: list[Action] = []
        movements: list[Movement] = []
        bookings: list[Booking] = []
        stored = []
        for order in orders:
            new = _numbered(order)
            stored.append(new.loaded())
            actions += _order_actions(new, self._actor, at)
            movements += order.moved
            bookings += order.booked
        actions += stock_actions(movements, at)
        actions += booking_actions(bookings)
        if actions:
            try:
                transact(self._client, self._table, actions)
            except TransactionRefused as refusal:
                raise _meaning(refusal.refused, movements) from None
        return tuple(stored)

    def timeline(self, order_id: str) -> Sequence[TimelineItem]:
        rows = self._query(order_id, "begins_with(sk, :sk)", TIMELINE_PREFIX)
        return [TimelineItem.model_validate_json(row["json"]["S"]) for row in rows]

    def _rows(self, order_id: str) -> list[dict[str, Any]]:
        return list(self._query(order_id, "sk < :sk", TIMELINE_PREFIX))

    def _query(self, order_id: str, condition: str, sk: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"pk = :pk AND {condition}",
            ExpressionAttributeValues={
                ":pk": {"S": keys.partition(order_id)},
                ":sk": {"S": sk},
            },
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]


def assemble(rows: Iterable[Mapping[str, Any]]) -> Order:
    """The aggregate from its rows, the children in the order of their making."""
    children: dict[str, list[Record]] = {name: [] for name in CHILDREN}
    header = None
    for row in sorted(rows, key=_by_number):
        text = row["json"]["S"]
        match row["sk"]["S"].split("#", 1)[0]:
            case "ORDER":
                header = Order.model_validate_json(text)
            case "FULFILLMENT":
                children["fulfillment_orders"].append(FulfillmentOrder.model_validate_json(text))
            case "SHIPMENT":
                children["shipments"].append(Shipment.model_validate_json(text))
            case "PAYMENT":
                children["payments"].append(Payment.model_validate_json(text))
            case "REFUND":
                children["refunds"].append(Refund.model_validate_json(text))
            case "RETURN":
                children["returns"].append(Return.model_validate_json(text))
            case "REMEDY":
                children["remedies"].append(Remedy.model_validate_json(text))
            case "ATTENTION":
                children["work_items"].append(WorkItem.model_validate_json(text))
    if header is None:
        raise NotFound("order", "without a header")
    return header.changed(**{name: tuple(found) for name, found in children.items()}).loaded()


def _by_number(row: Mapping[str, Any]) -> list[str | int]:
    """Its sort key with numbers as numbers: as text `F10` would come before `F2`."""
    return [int(part) if part.isdigit() else part for part in _NUMBER.split(row["sk"]["S"])]


def _numbered(order: Order) -> Order:
    """The order as it will be stored: its next version, and the number of its newest event."""
    if order.untouched:
        return order
    return order.changed(version=order.version + 1, sequence=order.sequence + len(order.raised))


def _order_actions(order: Order, actor: str, at: datetime) -> list[Action]:
    """The writes that turn the stored order into this one; none of its own rows where nothing
    changed.
    """
    was = order.origin
    actions = [
        create(keys.tracking(shipment_id, news.key), marks.json(news), about=Duplicate())
        for shipment_id, news in order.noted
    ]
    if order.untouched:
        return actions
    actions.insert(0, _header(order, was))
    actions += _changed(order, was)
    actions += _tracked(order, was)
    for number, event in enumerate(order.raised, order.sequence - len(order.raised) + 1):
        item = TimelineItem(
            order_id=order.order_id,
            sequence=number,
            at=at,
            actor=actor,
            name=event.name,
            version=event.version,
            data=event.model_dump(mode="json"),
        )
        key = keys.timeline(order.order_id, number)
        attributes = marks.json(item) | marks.decided(item)
        actions.append(create(key, attributes, about=Conflict([order.order_id])))
    return actions


def _header(order: Order, was: Order | None) -> Action:
    attributes = {
        **marks.state(order, without=CHILDREN),
        "version": {"N": str(order.version)},
        "status": {"S": order.status},
    }
    if order.expires_at:
        attributes |= marks.due(CHECKOUT, order.order_id, order.expires_at)
    elif order.gives_up and order.give_up_at:
        attributes |= marks.due(UNFILLABLE, order.order_id, order.give_up_at)
    elif order.look_at:
        attributes |= marks.due(UNALLOCATED, order.order_id, order.look_at)
    attributes |= _waiting(order)
    key, lost = keys.order(order.order_id), Conflict([order.order_id])
    if was is None:
        return create(key, attributes, about=lost)
    return put(
        key,
        attributes,
        "version = :expected",
        about=lost,
        ExpressionAttributeValues={":expected": {"N": str(was.version)}},
    )


def _changed(order: Order, was: Order | None) -> Iterator[Action]:
    """A row for each child that is new or different. The order's version guards them all."""
    for name in CHILDREN:
        before = {_key(child): child for child in getattr(was, name)} if was else {}
        for child in getattr(order, name):
            key = _key(child)
            if before.get(key) == child:
                continue
            attributes = marks.state(child) | _attributes(child, order)
            exists = "attribute_exists(pk)" if key in before else "attribute_not_exists(pk)"
            yield put(key, attributes, exists, about=Conflict([order.order_id]))


_KEYS: Mapping[type[Record], Callable[[Any], Key]] = {
    FulfillmentOrder: lambda one: keys.fulfillment_order(one.fulfillment_order_id),
    Shipment: lambda one: keys.shipment(one.shipment_id),
    Payment: lambda one: keys.payment(one.payment_id),
    Refund: lambda one: keys.refund(one.refund_id),
    Return: lambda one: keys.return_(one.return_id),
    Remedy: lambda one: keys.remedy(one.remedy_id),
    WorkItem: lambda one: keys.work_item(one.work_item_id),
}
"""Where each child of an order has its row."""


def _key(child: Record) -> Key:
    return _KEYS[type(child)](child)


def _attributes(child: Record, order: Order) -> dict[str, Any]:
    """What the sparse indexes need: present only while somebody, or some hour, is waited for."""
    match child:
        case FulfillmentOrder():
            waiting: dict[str, Any] = {}
            if child.look_at:
                at, queue = child.look_at
                waiting |= marks.due(queue, child.fulfillment_order_id, at)
            if child.desk:
                urgent = child.ship_by or child.allocated_at
                waiting |= marks.queued(keys.location_queue(child.desk), urgent)
            return waiting
        case Shipment():
            look_at = child.look_at
            return marks.due(DELIVERY, child.shipment_id, look_at) if look_at else {}
        case Payment():
            look_at, queue = child.look_at or (None, "")
            return marks.due(queue, order.order_id, look_at) if look_at else {}
        case Remedy():
            return marks.due(REMEDY, child.remedy_id, child.due) if child.due else {}
        case WorkItem() if child.status is WorkItemStatus.OPEN:
            return marks.queued(keys.work_queue(), child.opened_at)
        case _:
            return {}


def _tracked(order: Order, was: Order | None) -> Iterator[Action]:
    """The way from each new tracking number to its order, written with the label.

    Carriers use numbers again, so the newest parcel takes one over; parcels that travel under one
    number share its row.
    """
    known = {key for key, _, _ in _numbers(was)} if was else set()
    new = {(carrier, number) for key, carrier, number in _numbers(order) if key not in known}
    for carrier, number in sorted(new):
        yield put(
            keys.tracked(carrier, number),
            {"order_id": {"S": order.order_id}},
            "attribute_exists(pk) OR attribute_not_exists(pk)",
        )


def _numbers(order: Order) -> Iterator[tuple[str, str, str]]:
    """(Shipment or return, carrier, tracking number) of everything that has a label."""
    for parcel in order.shipments:
        if parcel.tracking_number:
            yield parcel.shipment_id, parcel.carrier, parcel.tracking_number
    for back in order.returns:
        if back.tracking_number:
            yield back.return_id, back.carrier, back.tracking_number


def _waiting(order: Order) -> dict[str, Any]:
    """The place of an order that waits for goods or for a location, by the time it was placed, with
    the SKUs that it does not hold, and behind `##` those that it is owed.

    Where they are more than a sort key can hold, `*` stands for them.
    """
    skus, beyond = waits_for(order), owed(order)
    if not order.placed_at or not (skus or beyond or unfillable(order)):
        return {}
    names = "#".join(skus) + (f"##{'#'.join(beyond)}" if beyond else "")
    if len(names.encode()) > MAX_WAITING_BYTES:
        names = ANY_SKU
    since = order.placed_at.isoformat(timespec="microseconds")
    return {
        QUEUE_PK: {"S": keys.waiting_queue()},
        QUEUE_SK: {"S": f"{since}#{order.order_id}#{names}"},
    }


def _meaning(refused: Sequence[Refused], movements: Sequence[Movement]) -> Exception:
    """What the refused actions mean: a lost race before a repeat before a lack of stock or room."""
    lost = [r.action.about for r in refused if isinstance(r.action.about, Conflict)]
    if lost:
        return Conflict(sorted({order_id for conflict in lost for order_id in conflict.order_ids}))
    for refusal in refused:
        if isinstance(refusal.action.about, Duplicate):
            return refusal.action.about
    short: dict[str, tuple[int, int]] = {}
    full = [r.action.about for r in refused if isinstance(r.action.about, FullyBooked)]
    for refusal in refused:
        if isinstance(refusal.action.about, FullyBooked):
            continue
        sku = str(refusal.action.about)
        asked = sum(m.quantity for m in movements if m.sku == sku)
        left = int(refusal.item.get("available", {}).get("N", "0"))
        short[sku] = (asked, left)
    return OutOfStock(short) if short else full[0]
