"""Doorstep's HTTP API for Python: typed answers, refusals as exceptions, webhooks signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode

import httpx
from pydantic import BaseModel, TypeAdapter
from standardwebhooks import Webhook

from doorstep.domain.catalog import DeliveryOption, Location, Product
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.ledger import Drift
from doorstep.domain.returns import Return
from doorstep.domain.rules import Edition, SourcingRules
from doorstep.domain.simulation import SimulationPage
from doorstep.runtime.views import (
    AuditView,
    FulfillmentOrderPage,
    OrderView,
    PaymentDueView,
    PaymentView,
    RefundView,
    RemedyView,
    RoutingView,
    StandingView,
    StockFileView,
    StockView,
    UnfillablePage,
    WorkItemPage,
)
from doorstep.usecases.availability import Offer

Model = TypeVar("Model", bound=BaseModel)
Found = TypeVar("Found")
Json = Mapping[str, Any]

_TIMEOUT = httpx.Timeout(60, connect=5)
_BUSY_TRIES = 40


class Refused(Exception):
    """The API said no; `problem` is its problem document (RFC 9457)."""

    def __init__(self, status: int, problem: Json) -> None:
        faults = "; ".join(f"{x['path']}: {x['fault']}" for x in problem.get("faults", ()))
        said = f"{status} {problem.get('title', '')}: {problem.get('detail', '')}"
        super().__init__(f"{said} ({faults})" if faults else said)
        self.status = status
        self.problem = problem


class Unreachable(Exception):
    """Nobody answers at the address of the API; the message is one line."""


class Doorstep:
    """One caller of the API. Safe to share between threads; connections are kept."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=url,
            timeout=_TIMEOUT,
            headers={"authorization": f"Bearer {key}"} if key else {},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            transport=transport,
            trust_env=False,
        )
        self._files = httpx.Client(timeout=_TIMEOUT, transport=transport, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections."""
        self._http.close()
        self._files.close()

    # --- before the order -----------------------------------------------------------------------

    def availability(self, sku: str, country: str, **more: str) -> Offer:
        """What a product page shows; `more` is quantity, region, postal_code, currency."""
        query = urlencode({"sku": sku, "country": country, **more})
        return self._ask(Offer, "GET", f"/availability?{query}")

    def quote(self, cart: Json) -> Offer:
        return self._ask(Offer, "POST", "/quotes", cart)

    # --- orders ---------------------------------------------------------------------------------

    def place(self, cart: Json, key: str) -> OrderView:
        """Check out; the same key again answers the same order. Raises Refused."""
        return self._ask(OrderView, "POST", "/orders", cart, {"idempotency-key": key})

    def order(self, order_id: str) -> OrderView:
        return self._ask(OrderView, "GET", f"/orders/{order_id}")

    def cancel(self, order_id: str, reason: str, *, force: bool = False) -> OrderView:
        body = {"reason": reason, "force": force}
        return self._ask(OrderView, "POST", f"/orders/{order_id}/cancel", body)

    def release_hold(self, order_id: str, hold_id: str) -> OrderView:
        return self._ask(OrderView, "POST", f"/orders/{order_id}/holds/{hold_id}/release", {})

    def work_items(self, after: str | None = None) -> WorkItemPage:
        more = f"?{urlencode({'after': after})}" if after else ""
        return self._ask(WorkItemPage, "GET", f"/work-items{more}")

    # --- catalog and stock ----------------------------------------------------------------------

    def save(self, record: Product | Location | DeliveryOption) -> None:
        """Create or replace; raises Refused."""
        match record:
            case Product():
                path = f"/products/{quote(record.sku, safe='')}"
            case Location():
                path = f"/locations/{record.location_id}"
            case DeliveryOption():
                path = f"/delivery-options/{record.code}"
        self._send("PUT", path, record.model_dump(mode="json"))

    def switch_off(self, location_id: str, reason: str) -> None:
        """A location is out: nothing is sold or shipped from there."""
        self._send("POST", f"/locations/{location_id}/outage", {"reason": reason})

    def switch_on(self, location_id: str) -> None:
        self._send("DELETE", f"/locations/{location_id}/outage")

    def receive(self, location_id: str, receipt_id: str, goods: Mapping[str, int]) -> None:
        """Goods arrived: units by SKU. The same receipt again is booked once."""
        listed = [{"sku": sku, "quantity": units} for sku, units in goods.items()]
        receipt = {"receipt_id": receipt_id, "goods": listed}
        self._send("POST", f"/locations/{location_id}/receipts", receipt)

    def await_stock_file(self, location_id: str, source: str, sequence: int) -> StockFileView:
        """A place to put a CSV file of stock news to."""
        wanted = {"source": source, "sequence": sequence}
        return self._ask(StockFileView, "POST", f"/locations/{location_id}/stock-files", wanted)

    def put(self, url: str, content: bytes) -> None:
        """Put a file where an upload address says; no key goes along. Raises Refused."""
        answer = self._files.put(url, content=content)
        if answer.is_error:
            raise Refused(answer.status_code, _problem(answer))

    def stock_file(self, location_id: str, source: str, sequence: int) -> StockFileView:
        path = f"/locations/{location_id}/stock-files/{source}/{sequence}"
        return self._ask(StockFileView, "GET", path)

    def stock(self, sku: str) -> StockView:
        return self._ask(StockView, "GET", f"/stock/{quote(sku, safe='')}")

    def standing(self, sku: str) -> StandingView:
        """The states of a SKU as they were told last, with all that was told of it."""
        return self._ask(StandingView, "GET", f"/stock/{quote(sku, safe='')}/standing")

    def audit(self, sku: str) -> AuditView:
        """Compare the levels of a SKU with its ledger and with the orders, now."""
        return self._ask(AuditView, "GET", f"/stock/{quote(sku, safe='')}/audit")

    def repair(self, sku: str) -> tuple[Drift, ...]:
        """Set the levels to what the ledger says; answers what was mended."""
        answer = self._send("POST", f"/stock/{quote(sku, safe='')}/repair")
        return TypeAdapter(tuple[Drift, ...]).validate_json(answer.content)

    # --- routing --------------------------------------------------------------------------------

    def routing(self, order_id: str) -> tuple[RoutingView, ...]:
        """Every routing decision on an order, explained."""
        answer = self._send("GET", f"/orders/{order_id}/routing")
        return TypeAdapter(tuple[RoutingView, ...]).validate_json(answer.content)

    def rules(self, channel: str) -> SourcingRules:
        """What a channel's orders are routed by."""
        return self._ask(SourcingRules, "GET", f"/sourcing-rules/{quote(channel, safe='')}")

    def write_rules(self, rules: SourcingRules) -> Edition:
        """Put the next version of a channel's rules in force; raises Refused."""
        body = rules.model_dump(mode="json")
        return self._ask(Edition, "PUT", f"/sourcing-rules/{rules.channel}", body)

    def simulate(self, simulation: Json) -> SimulationPage:
        """Past decisions against what other rules would decide; raises Refused."""
        return self._ask(SimulationPage, "POST", "/sourcing-rules/simulate", simulation)

    # --- warehouse ------------------------------------------------------------------------------

    def work(self, location_id: str) -> FulfillmentOrderPage:
        path = f"/locations/{location_id}/fulfillment-orders"
        return self._ask(FulfillmentOrderPage, "GET", path)

    def accept(self, key: str) -> FulfillmentOrder:
        return self._answer(key, "accept", {})

    def pack(self, key: str, parcels: Sequence[Json]) -> FulfillmentOrder:
        """`parcels`: for each its `lines` (units by line) and `weight_grams`."""
        return self._answer(key, "pack", {"parcels": list(parcels)})

    def reject(self, key: str, reason: str) -> FulfillmentOrder:
        return self._answer(key, "reject", {"reason": reason})

    def report_short(self, key: str, missing: Mapping[str, int]) -> FulfillmentOrder:
        return self._answer(key, "short", {"missing": missing})

    def retry(self, key: str) -> FulfillmentOrder:
        """Let one that is held or set aside go on."""
        return self._answer(key, "retry", {})

    def correct_instructions(
        self, order_id: str, lines: Mapping[str, Mapping[str, str]]
    ) -> OrderView:
        """Say anew how pieces are to be: line → its instructions."""
        return self._ask(OrderView, "PUT", f"/orders/{order_id}/instructions", {"lines": lines})

    def work_on(self, work_order_id: str, step: str, **body: object) -> FulfillmentOrder:
        """A step of a work order: `start`, `finish`, `pass`, `fail` or `scrap`."""
        path = f"/work-orders/{work_order_id}/{step}"
        return self._ask(FulfillmentOrder, "POST", path, body or None)

    def work_order(self, work_order_id: str) -> str:
        """An address that opens a work order for a few minutes."""
        return str(self._send("GET", f"/work-orders/{work_order_id}/document").json()["url"])

    def arrive(self, key: str) -> FulfillmentOrder:
        """What was sent to a store is there."""
        return self._answer(key, "arrive", {})

    def collect(self, key: str, code: str) -> FulfillmentOrder:
        """Hand over what waits at a store to who says its code."""
        return self._answer(key, "collect", {"code": code})

    def tell_tracking(self, shipment_id: str, carrier: str, tracking_number: str) -> None:
        """A vendor has labeled a parcel."""
        label = {"carrier": carrier, "tracking_number": tracking_number}
        self._send("POST", f"/shipments/{shipment_id}/tracking", label)

    def label(self, shipment_id: str) -> str:
        """An address that opens a parcel's label for a few minutes."""
        return str(self._send("GET", f"/shipments/{shipment_id}/label").json()["url"])

    # --- remedies -------------------------------------------------------------------------------

    def unfillable(self, after: str | None = None) -> UnfillablePage:
        """Orders with units that no location can ship, or no stock holds."""
        query = f"?{urlencode({'after': after})}" if after else ""
        return self._ask(UnfillablePage, "GET", f"/unfillable{query}")

    def offer_remedy(self, order_id: str, *, deadline: datetime | None = None) -> RemedyView:
        """Offer the customer a way out, until then or as long as the policy says."""
        wanted = {"deadline": deadline.isoformat()} if deadline else {}
        return self._ask(RemedyView, "POST", f"/orders/{order_id}/remedies", wanted)

    def choose_remedy(self, remedy_id: str, kind: str, **substitutes: str) -> RemedyView:
        wanted = {"kind": kind, "substitutes": substitutes}
        return self._ask(RemedyView, "POST", f"/remedies/{remedy_id}/choose", wanted)

    def linked_remedy(self, remedy_id: str, token: str) -> RemedyView:
        """What whoever has the link of the mail sees."""
        path = f"/remedy-offers/{remedy_id}?{urlencode({'token': token})}"
        return self._ask(RemedyView, "GET", path)

    def choose_by_link(
        self, remedy_id: str, token: str, kind: str, **substitutes: str
    ) -> RemedyView:
        wanted = {"token": token, "kind": kind, "substitutes": substitutes}
        return self._ask(RemedyView, "POST", f"/remedy-offers/{remedy_id}", wanted)

    # --- payments -------------------------------------------------------------------------------

    def refund(self, order_id: str, wanted: Mapping[str, Json], key: str) -> RefundView:
        """Give money back without a return."""
        path = f"/orders/{order_id}/refunds"
        return self._ask(RefundView, "POST", path, dict(wanted), {"idempotency-key": key})

    def payment_due(self, fulfillment_order_id: str, token: str) -> PaymentDueView:
        """What whoever has the link of the mail is asked to pay."""
        path = f"/payment-links/{fulfillment_order_id}?{urlencode({'token': token})}"
        return self._ask(PaymentDueView, "GET", path)

    def pay_by_link(
        self, fulfillment_order_id: str, token: str, payment_token: str, key: str
    ) -> PaymentView:
        wanted = {"token": token, "payment": {"token": payment_token}}
        path = f"/payment-links/{fulfillment_order_id}"
        return self._ask(PaymentView, "POST", path, wanted, {"idempotency-key": key})

    # --- returns --------------------------------------------------------------------------------

    def request_return(self, order_id: str, lines: Sequence[Json], key: str) -> Return:
        path, body = f"/orders/{order_id}/returns", {"lines": list(lines)}
        return self._ask(Return, "POST", path, body, {"idempotency-key": key})

    def receive_return(self, return_id: str, counts: Mapping[str, Json]) -> Return:
        """`counts`: for each line the units `received`, and how many of them are `damaged`."""
        return self._ask(Return, "POST", f"/returns/{return_id}/receive", {"lines": counts})

    def return_label(self, return_id: str) -> str:
        return str(self._send("GET", f"/returns/{return_id}/label").json()["url"])

    # --- webhooks -------------------------------------------------------------------------------

    def webhook(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Deliver a signed callback to `/webhooks/…`; raises Refused."""
        self._deliver("POST", f"/webhooks/{path}", body, headers)

    # --- how ------------------------------------------------------------------------------------

    def _answer(self, key: str, answer: str, body: Json) -> FulfillmentOrder:
        return self._ask(FulfillmentOrder, "POST", f"/fulfillment-orders/{key}/{answer}", body)

    def _ask(
        self,
        model: type[Model],
        method: str,
        path: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Model:
        return model.model_validate_json(self._send(method, path, body, headers).content)

    def _send(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        return self._deliver(method, path, content, headers or {})

    def _deliver(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        """One request; again where the API is busy (429), as its callers should.

        Raises Refused, and Unreachable where nobody answers.
        """
        headers = {"content-type": "application/json", **headers}
        for attempt in range(_BUSY_TRIES):
            try:
                answer = self._http.request(method, path, content=content, headers=headers)
            except httpx.TransportError as error:
                at = self._http.base_url
                raise Unreachable(f"Doorstep does not answer at {at}: {error}") from error
            if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                break
            threading.Event().wait(min(0.02 * 2**attempt, 0.5))
        if answer.is_error:
            raise Refused(answer.status_code, _problem(answer))
        return answer


def sign(secret: str, message_id: str, body: bytes) -> dict[str, str]:
    """The headers of a Standard Webhooks message, sent now."""
    now = datetime.now(UTC)
    signature = Webhook(secret).sign(message_id, now, body.decode())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def sign_shopify(secret: str, topic: str, delivery: str, body: bytes) -> dict[str, str]:
    """The headers that Shopify sends with a webhook."""
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    return {
        "x-shopify-topic": topic,
        "x-shopify-webhook-id": delivery,
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
    }


def wait_for(
    what: str, done: Callable[[], Found | None], *, seconds: float = 60, every: float = 0.05
) -> Found:
    """Ask until `done()` is true, and answer that; raises TimeoutError naming `what`."""
    deadline = time.monotonic() + seconds
    while not (answer := done()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:.0f} s in vain: {what}.")
        time.sleep(every)
    return answer


def _problem(answer: httpx.Response) -> Json:
    try:
        said: Json = answer.json()
    except ValueError:
        said = {"title": answer.reason_phrase, "detail": answer.text[:200]}
    return said
