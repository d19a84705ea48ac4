"""What a demonstration is told with: people who act, and timelines that are followed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx

from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.shipment import Shipment
from doorstep.runtime.views import OrderView
from local.access import Access
from local.aws import Aws
from local.client import Doorstep, Refused, sign, sign_shopify, wait_for
from local.narrate import sentence
from local.outputs import Outputs
from local.progress import console

Check = Callable[[OrderView], object]

_PATIENCE = 45.0
"""Seconds that any single step may take."""


class Story:
    """The parties around one deployed Doorstep, each with its own key."""

    def __init__(self, outputs: Outputs, access: Access) -> None:
        self.outputs = outputs
        self.access = access
        self.aws = Aws(outputs.endpoint)
        self.orders: dict[str, str] = {}
        """What was told of: order id → one word for it."""
        self._open = ExitStack()
        self._told: dict[str, int] = {}
        self.admin = self.caller(access.keys["admin"])
        self.shop = self.caller(access.keys["webshop"])
        self.warehouse = self.caller(access.keys["warehouse"])
        self.service = self.caller(access.keys["service"])
        self.anybody = self.caller("")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def caller(self, key: str) -> Doorstep:
        """The API as the holder of this key, or access token, sees it."""
        return self._open.enter_context(Doorstep(self.outputs.api_url, key))

    # --- telling --------------------------------------------------------------------------------

    def act(self, who: str, what: str) -> None:
        """Somebody does something."""
        _say(_now(), "cyan", who, what)

    def note(self, what: str) -> None:
        """What is remarkable about it."""
        _say(None, "dim", "", f"[dim]{what}[/dim]")

    def mail(self, text: str) -> None:
        for line in text.strip().splitlines():
            _say(None, "magenta", "│", line)

    def follow(self, order_id: str, what: str, until: Check) -> OrderView:
        """Tell what happens to an order, as its timeline says it, until the check holds.

        Waits for it to arrive, too: a storefront's order is queued first.
        """

        def look() -> OrderView | None:
            try:
                order = self.service.order(order_id)
            except Refused as refusal:
                if refusal.status == HTTPStatus.NOT_FOUND:
                    return None
                raise
            self._tell(order)
            return order if until(order) else None

        return wait_for(f"{what} ({order_id})", look, seconds=_PATIENCE)

    def _tell(self, order: OrderView) -> None:
        for item in order.timeline or ():
            if item.sequence > self._told.get(order.order_id, 0):
                self._told[order.order_id] = item.sequence
                if text := sentence(item):
                    _say(item.at.astimezone(), "green", "✓", text)

    # --- acting ---------------------------------------------------------------------------------

    def released(self, order_id: str, count: int = 1) -> list[FulfillmentOrder]:
        """The fulfillment orders that locations may work on, once there are `count`."""

        def ready(order: OrderView) -> bool:
            return len(_workable(order)) >= count

        return _workable(self.follow(order_id, "to be released to its locations", ready))

    def pack(self, one: FulfillmentOrder, *, grams: int) -> None:
        """A location packs everything of a fulfillment order into one parcel."""
        parcel = {
            "lines": {line.line_id: line.quantity for line in one.lines},
            "weight_grams": grams,
        }
        self.warehouse.pack(one.fulfillment_order_id, [parcel])

    def shipped(self, order_id: str, one: FulfillmentOrder) -> list[Shipment]:
        """Its parcels, once the carrier has them."""

        def gone(order: OrderView) -> list[Shipment]:
            return [
                parcel
                for parcel in order.shipments
                if parcel.fulfillment_order_id == one.fulfillment_order_id and parcel.shipped_at
            ]

        return gone(self.follow(order_id, "to be handed to the carrier", gone))

    def delivered(self, order_id: str) -> None:
        """Tell it to its end."""
        self.follow(order_id, "to be delivered", lambda order: order.status == "closed")

    def carry(
        self, parcels: Sequence[Shipment], *codes: str, said: Sequence[int] | None = None
    ) -> None:
        """The carrier reports on parcels; `said` numbers the reports that come out of turn."""
        start = datetime.now(UTC)
        for number in range(len(codes)) if said is None else said:
            at = (start + timedelta(minutes=number)).isoformat()
            events = [
                {"tracking_number": parcel.tracking_number, "code": codes[number], "at": at}
                for parcel in parcels
            ]
            self.callback("carriers/sandbox", "sandbox", {"events": events})

    def callback(self, path: str, sender: str, message: Mapping[str, Any]) -> None:
        """A signed message (Standard Webhooks) of a carrier, or of a storefront of your own."""
        body = json.dumps(message).encode()
        headers = sign(self.access.webhooks[sender], f"msg_{datetime.now(UTC).timestamp()}", body)
        self.anybody.webhook(path, body, headers)

    def shopify(self, topic: str, order: Mapping[str, Any], delivery: str) -> None:
        """A webhook as Shopify sends it."""
        body = json.dumps(order).encode()
        headers = sign_shopify(self.access.webhooks["shopify"], topic, delivery, body)
        self.anybody.webhook("storefronts/shopify", body, headers)

    def run(self, function: str) -> None:
        """Run a scheduled function now, as its schedule does every few minutes."""
        self.aws.client("lambda").invoke(
            FunctionName=f"doorstep-embedded-{function}",
            Payload=json.dumps({"source": "aws.events", "detail-type": "Scheduled Event"}),
        )

    def mail_to(self, address: str, subject: str) -> str:
        """The newest mail that SES took for somebody about something, once there is one."""

        def look() -> str:
            answer = httpx.get(f"{self.outputs.endpoint}/_ministack/ses/messages", trust_env=False)
            sent = [mail for mails in answer.json()["messages"].values() for mail in mails]
            for mail in reversed(sent):
                if address in mail["To"] and subject in mail["Subject"]:
                    return f"To: {address}\nSubject: {mail['Subject']}\n\n{mail['BodyText']}"
            return ""

        return wait_for(f"a mail about {subject!r}", look, seconds=_PATIENCE)


def _workable(order: OrderView) -> list[FulfillmentOrder]:
    return [one for one in order.fulfillment_orders if one.status in ("released", "accepted")]


def _now() -> datetime:
    return datetime.now().astimezone()


def _say(at: datetime | None, color: str, who: str, what: str) -> None:
    """One line: when, who, what."""
    when = f"{at:%H:%M:%S}" if at else ""
    console.print(f"[dim]{when:8}[/dim] [{color}]{who:>14}[/{color}]  {what}", soft_wrap=True)
