"""The world around a deployed Doorstep: who calls it, what it says, and what others remember of it.

Everything goes through the public surface: HTTP, signed webhooks, the bus, queues, functions. The
tables are only read, to check.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from http import HTTPStatus
from itertools import count
from time import time_ns
from typing import Any, Self, TypeVar

import httpx

from doorstep.domain.address import Address
from doorstep.domain.catalog import DeliveryKind, DeliveryOption, Location, LocationKind, Product
from doorstep.domain.delivery import Transit, Window
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.order import storefront_order_id
from doorstep.domain.shipment import Shipment
from doorstep.runtime.views import OrderView
from local.access import Access
from local.aws import Aws
from local.client import Doorstep, Json, Refused, sign, sign_shopify, wait_for
from local.outputs import Outputs
from tests.builders import early_morning

PERSON = {
    "customer_id": "c-4711",
    "email": "wilhelmina.quastenflosser@example.org",
    "name": "Wilhelmina Quastenflosser",
}
ADDRESS = {
    "name": "Wilhelmina Quastenflosser",
    "line1": "Kastanienallee 47b",
    "city": "Berlin",
    "region": "BE",
    "postal_code": "10435",
    "country": "DE",
    "phone": "+49 30 5550147",
}
"""Somebody whose name nobody writes into a log by accident; Leipzig is nearer than the others."""

KIOSK = Location(
    location_id="kiosk",
    name="Kiosk Kastanienallee",
    kind=LocationKind.STORE,
    address=Address(city="Berlin", region="BE", postal_code="10435", country="DE"),
    latitude=52.5385,
    longitude=13.4097,
    capabilities=("same_day",),
    daily_capacity=1_000,
    calendar=early_morning(datetime.now(UTC)),
)
"""A store with couriers, where it is early in the morning whenever the tests run."""

COURIER = DeliveryOption(
    code="today",
    name="Today",
    kind=DeliveryKind.SAME_DAY,
    prices={"EUR": 990},
    service="courier",
    transit=(Transit(up_to_km=10, days=0),),
    windows=(
        Window(starts=time(12), ends=time(14), order_by=time(11), parcels=1),
        Window(starts=time(16), ends=time(20), order_by=time(15), parcels=500),
    ),
)

PATIENCE = 30.0
"""Seconds that anything asynchronous may take."""

Units = Mapping[str, int]
Answer = TypeVar("Answer")


class Missing(Exception):
    """There is no such order yet."""


class World:
    """A merchant with places, customers, a payment provider, a carrier, and a queue that hears it
    all.
    """

    def __init__(self, outputs: Outputs, access: Access) -> None:
        self.outputs = outputs
        self.access = access
        self._open = ExitStack()
        self.aws = self._open.enter_context(Aws(outputs.endpoint))
        self.admin, self.webshop, self.warehouse, self.service = (
            self.caller(access.keys[name]) for name in ("admin", "webshop", "warehouse", "service")
        )
        self.anybody = self.caller("")
        self._numbers = count(time_ns() // 1_000_000)
        self._heard: dict[str, list[dict[str, Any]]] = {}
        self._hearing = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def caller(self, credential: str) -> Doorstep:
        """Somebody with this API key or access token."""
        return self._open.enter_context(Doorstep(self.outputs.api_url, credential))

    def number(self) -> int:
        """One that no other test, and no earlier session on the same embedded AWS, has."""
        return next(self._numbers)

    # --- selling --------------------------------------------------------------------------------

    def sells(self, stock: Units, *, price: int = 1250, **product: Any) -> str:
        """A new product with this much of it at each place; answers its SKU."""
        sku = f"SKU-{self.number()}"
        self.admin.save(
            Product(sku=sku, name=f"Product {sku}", prices={"EUR": price, "USD": price}, **product)
        )
        for location_id, units in stock.items():
            self.admin.receive(location_id, f"first-{sku}-{location_id}", {sku: units})
        return sku

    def cart(self, units: Units, **changes: Any) -> dict[str, Any]:
        """What the web shop sends to check out."""
        cart = {
            "channel": "web",
            "currency": "EUR",
            "customer": PERSON,
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()],
            "shipping_address": ADDRESS,
            "delivery_option": "standard",
            "payment_token": "tok_approve",
        }
        return cart | changes

    def key(self) -> str:
        return f"cart-{self.number()}"

    def checks_out(self, units: Units, **changes: Any) -> OrderView:
        return self.webshop.place(self.cart(units, **changes), self.key())

    def order(self, order_id: str) -> OrderView:
        """As customer service sees it; raises Missing."""
        try:
            return self.service.order(order_id)
        except Refused as refusal:
            raise (Missing() if refusal.status == HTTPStatus.NOT_FOUND else refusal) from None

    def becomes(
        self,
        order_id: str,
        what: str,
        done: Callable[[OrderView], object],
        seconds: float = PATIENCE,
    ) -> OrderView:
        """The order, as soon as this is true of it."""

        def look() -> OrderView | None:
            order = self.order(order_id)
            return order if done(order) else None

        found = wait_for(f"{order_id} {what}", look, seconds=seconds, every=0.1)
        assert found
        return found

    def becomes_true(self, what: str, done: Callable[[], object]) -> None:
        wait_for(what, lambda: bool(done()), seconds=PATIENCE, every=0.1)

    def closes(self, order_id: str) -> OrderView:
        return self.becomes(order_id, "closed", lambda order: order.status == "closed")

    # --- places ---------------------------------------------------------------------------------

    def to_pack(self, order_id: str, *, places: int = 1) -> list[FulfillmentOrder]:
        """Its fulfillment orders that are released, once so many places have one."""

        def released(order: OrderView) -> list[FulfillmentOrder]:
            return [f for f in order.fulfillment_orders if f.status in ("released", "accepted")]

        order = self.becomes(order_id, "released", lambda found: len(released(found)) >= places)
        return released(order)

    def makes(self, one: FulfillmentOrder) -> None:
        """A workshop makes all that is made to order, without a hitch."""
        for work in (line.work_order for line in one.lines if line.work_order):
            for step in ("start", "finish", "pass"):
                self.warehouse.work_on(work.work_order_id, step)

    def packs(self, one: FulfillmentOrder, *, parcels: int = 1) -> None:
        """All of it, the units spread over so many parcels."""
        boxes = [
            {line.line_id: line.quantity * (n + 1) // parcels - line.quantity * n // parcels}
            for line in one.lines
            for n in range(parcels)
        ]
        packed: list[dict[str, int]] = [{} for _ in range(parcels)]
        for at, box in enumerate(boxes):
            packed[at % parcels] |= {line_id: units for line_id, units in box.items() if units}
        self.warehouse.pack(
            one.fulfillment_order_id,
            [{"lines": lines, "weight_grams": 400} for lines in packed if lines],
        )

    def ships(self, order_id: str, *, places: int = 1) -> OrderView:
        """Every place packs, and everything is on its way."""
        for one in self.to_pack(order_id, places=places):
            self.packs(one)
        return self.shipped(order_id)

    def persists(self, call: Callable[[], Answer]) -> Answer:
        """What a good caller does: ask again for as long as the other side is in trouble."""
        for _ in range(3):
            try:
                return call()
            except Refused as refusal:
                if refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
        return call()

    def shipped(self, order_id: str) -> OrderView:
        return self.becomes(order_id, "shipped", lambda order: order.fulfillment == "shipped")

    def delivered(self, units: Units, **changes: Any) -> OrderView:
        """An order that was placed, packed, shipped, and has arrived."""
        order = self.ships(self.checks_out(units, **changes).order_id)
        for shipment in order.shipments:
            self.carrier_says(shipment, "delivered")
        return self.closes(order.order_id)

    def retries(self, one: FulfillmentOrder) -> FulfillmentOrder:
        """An agent lets a fulfillment order go on that was held."""
        return self.service.retry(one.fulfillment_order_id)

    # --- the carrier ----------------------------------------------------------------------------

    def carrier_says(self, shipment: Shipment, *codes: str, at: datetime | None = None) -> None:
        """News of a parcel, signed, in one callback; each a minute later than the one before."""
        start = at or datetime.now(UTC)
        self.carrier_sends(
            [
                {
                    "tracking_number": shipment.tracking_number,
                    "code": code,
                    "at": (start + timedelta(minutes=number)).isoformat(),
                }
                for number, code in enumerate(codes)
            ]
        )

    def carrier_sends(self, events: Sequence[Json]) -> None:
        body = json.dumps({"events": events}).encode()
        headers = sign(self.access.webhooks["sandbox"], f"msg_{self.number()}", body)
        self.anybody.webhook("carriers/sandbox", body, headers)

    # --- storefronts ----------------------------------------------------------------------------

    def sold_elsewhere(self, units: Units, *, paid: bool = True, **more: Any) -> dict[str, Any]:
        """An order as a storefront of one's own sends it: 10 EUR a unit, delivery for 5."""
        now = datetime.now(UTC).isoformat()
        total = f"{sum(units.values()) * 10 + 5}.00"
        return {
            "id": f"ext-{self.number()}",
            "created_at": now,
            "updated_at": now,
            "currency": "EUR",
            "customer": {name: PERSON[name] for name in ("email", "name")},
            "shipping_address": ADDRESS,
            "lines": [
                {"id": sku, "sku": sku, "name": sku, "quantity": quantity, "unit_price": "10.00"}
                for sku, quantity in units.items()
            ],
            "shipping": "5.00",
            "total": total,
            "paid": total if paid else "0.00",
            **more,
        }

    def arrives(self, sold: Json, event: str = "order.placed") -> OrderView:
        """A storefront's order, once it is here."""
        self.storefront_sends({"type": event, "data": sold})
        key = storefront_order_id("generic", sold["id"])

        return self.appears(key)

    def appears(self, order_id: str) -> OrderView:
        """An order that somebody else placed, as soon as it is here."""

        def look() -> OrderView | None:
            with suppress(Missing):
                return self.order(order_id)
            return None

        found = wait_for(f"{order_id} appears", look, seconds=PATIENCE, every=0.1)
        assert found
        return found

    def storefront_sends(self, message: Json) -> None:
        """A signed message of a storefront of one's own."""
        body = json.dumps(message).encode()
        headers = sign(self.access.webhooks["generic"], f"msg_{self.number()}", body)
        self.anybody.webhook("storefronts/generic", body, headers)

    def shopify_sends(self, topic: str, body: bytes, *, delivery: str = "") -> None:
        secret = self.access.webhooks["shopify"]
        name = delivery or f"delivery-{self.number()}"
        self.anybody.webhook("storefronts/shopify", body, sign_shopify(secret, topic, name, body))

    # --- what is behind it ----------------------------------------------------------------------

    def named(self, what: str) -> str:
        """The physical name of a function, queue or table."""
        return f"{self.outputs.table_name}-{what}"

    def runs(self, function: str, event: Json | None = None) -> Any:
        """Invoke a function as its trigger would; raises AssertionError where it raises."""
        answer = self.invoked(function, event or {})
        assert "FunctionError" not in answer, answer["said"]
        return answer["said"]

    def settled(self, order_id: str) -> OrderView:
        """The order, after the clock has settled what was left unfinished."""

        def look() -> OrderView | None:
            self.runs("checkout-expire")
            order = self.order(order_id)
            return order if order.status != "pending" else None

        found = wait_for(f"{order_id} is settled", look, seconds=PATIENCE, every=0.2)
        assert found
        return found

    @contextmanager
    def configured(self, function: str, **environment: str) -> Iterator[None]:
        """A function with other settings, for a while."""
        client, name = self.aws.client("lambda"), self.named(function)
        before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": before | environment}
        )
        try:
            yield
        finally:
            client.update_function_configuration(
                FunctionName=name, Environment={"Variables": before}
            )

    @contextmanager
    def limited(self, function: str, *, seconds: int) -> Iterator[None]:
        """A function that is killed after this time, for a while."""
        client, name = self.aws.client("lambda"), self.named(function)
        before = client.get_function_configuration(FunctionName=name)["Timeout"]
        client.update_function_configuration(FunctionName=name, Timeout=seconds)
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=name, Timeout=before)

    def invoked(self, function: str, event: Json) -> dict[str, Any]:
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.named(function), Payload=json.dumps(event).encode()
        )
        said = answer["Payload"].read()
        return {**answer, "said": json.loads(said) if said else None}

    def sends(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        """Any request at all in the admin's name, answered as it is; the path is sent as given."""
        known = {
            "authorization": f"Bearer {self.access.keys['admin']}",
            "content-type": "application/json",
        }
        url = f"{self.outputs.api_url}{path}"
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            return client.request(method, url, content=body, headers=known | dict(headers))

    def opens(self, url: str) -> bytes:
        """What lies at an address that anybody may open."""
        return httpx.get(url, timeout=PATIENCE, trust_env=False).raise_for_status().content

    def queue_url(self, name: str) -> str:
        url: str = self.aws.client("sqs").get_queue_url(QueueName=self.named(name))["QueueUrl"]
        return url

    def execution(self, one: FulfillmentOrder) -> dict[str, Any]:
        """The workflow execution of a fulfillment order, as Step Functions describes it."""
        arn = self.outputs.state_machine_arn.replace(":stateMachine:", ":execution:")
        found: dict[str, Any] = self.aws.client("stepfunctions").describe_execution(
            executionArn=f"{arn}:{one.execution_name}"
        )
        return found

    def states(self, one: FulfillmentOrder) -> set[str]:
        """The states that the workflow of a fulfillment order has been in."""
        execution = self.execution(one)["executionArn"]
        pages = self.aws.client("stepfunctions").get_paginator("get_execution_history")
        return {
            event["stateEnteredEventDetails"]["name"]
            for page in pages.paginate(executionArn=execution)
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        }

    @contextmanager
    def redelivering(self, *names: str, seconds: int = 1) -> Iterator[None]:
        """Queues that bring back what failed after this time, for a while."""
        sqs, attribute = self.aws.client("sqs"), "VisibilityTimeout"
        with ExitStack() as restored:
            for url in map(self.queue_url, names):
                before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])
                restored.callback(
                    sqs.set_queue_attributes, QueueUrl=url, Attributes=before["Attributes"]
                )
                sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: str(seconds)})
            yield

    def waiting(self, name: str) -> int:
        """How many messages lie in a queue or are being worked on."""
        found = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.queue_url(name), AttributeNames=["All"]
        )["Attributes"]
        return sum(
            int(found[attribute])
            for attribute in (
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            )
        )

    def sends_dead_letters_again(self, name: str) -> None:
        """Move them back to their queue, as `start-message-move-task` does on AWS."""
        sqs, dead = self.aws.client("sqs"), self.queue_url(f"{name}-dead")
        while found := sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                sqs.send_message(QueueUrl=self.queue_url(name), MessageBody=message["Body"])
                sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])

    def drained(self, name: str, *, seconds: float = PATIENCE) -> None:
        """Wait until a queue is empty and nobody works on what was in it."""
        wait_for(f"the {name} queue is empty", lambda: not self.waiting(name), seconds=seconds)

    def kept(self, body: bytes) -> bool:
        """Whether the raw body of a storefront's message was stored."""
        pages = self.aws.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.outputs.inbox_bucket)
        name = hashlib.sha256(body).hexdigest()
        return any(name in item["Key"] for page in found for item in page.get("Contents", ()))

    def mails(self, subject: str) -> list[dict[str, Any]]:
        """What was mailed with these words in the subject."""
        sent = json.loads(self.opens(f"{self.outputs.endpoint}/_ministack/ses/messages"))
        boxes = sent["messages"].values()
        return [mail for box in boxes for mail in box if subject in mail["Subject"]]

    def mailed(self, subject: str) -> list[dict[str, Any]]:
        """The same, once there is one."""
        return wait_for(f"a mail: {subject}", lambda: self.mails(subject), seconds=PATIENCE)

    def charges(self, order: OrderView) -> list[dict[str, int]]:
        """What the payment provider remembers of an order, in its own table."""
        references = {e.reference for p in order.payments for e in p.events if e.reference}
        return [
            {name: int(value["N"]) for name, value in row.items() if "N" in value}
            for row in self.aws.rows(self.outputs.sandbox_table_name)
            if row["pk"]["S"] in references
        ]

    def charges_known(self) -> int:
        """How many authorizations the payment provider was ever asked for."""
        return sum(1 for _ in self.aws.rows(self.outputs.sandbox_table_name))

    # --- the bus --------------------------------------------------------------------------------

    def listens(self) -> None:
        """Subscribe a queue to everything on the bus, as another system would."""
        sqs, events = self.aws.client("sqs"), self.aws.client("events")
        url = sqs.create_queue(QueueName=self.named("listener"))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        rule = {"Rule": "listener", "EventBusName": self.outputs.event_bus_name}
        events.put_rule(
            Name=rule["Rule"],
            EventBusName=rule["EventBusName"],
            EventPattern=json.dumps({"source": ["doorstep"]}),
        )
        events.put_targets(**rule, Targets=[{"Id": "listener", "Arn": arn["QueueArn"]}])

    def heard(self, subject_id: str) -> list[dict[str, Any]]:
        """The events of an order, or of a SKU, that arrived so far, as they arrived."""
        with self._hearing:
            for event in self._received():
                detail = event["detail"]
                subject = detail["order_id"] if "order_id" in detail else detail["sku"]
                self._heard.setdefault(subject, []).append(event)
            return list(self._heard.get(subject_id, ()))

    def hears(self, order: OrderView) -> list[dict[str, Any]]:
        """All events of an order's timeline, once they have arrived."""
        assert order.timeline
        numbers = {item.sequence for item in order.timeline}

        def complete() -> list[dict[str, Any]]:
            heard = self.heard(order.order_id)
            return heard if numbers <= {event["detail"]["sequence"] for event in heard} else []

        return wait_for(f"all events of {order.order_id}", complete, seconds=PATIENCE)

    def _received(self) -> Iterable[dict[str, Any]]:
        sqs, url = self.aws.client("sqs"), self._listener
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]}
                    for at, message in enumerate(found)
                ],
            )
            yield from (json.loads(message["Body"]) for message in found)

    @cached_property
    def _listener(self) -> str:
        return self.queue_url("listener")
