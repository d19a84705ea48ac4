"""Stripe as its documentation has it, on this machine: PaymentIntents, captures, refunds, keys.

A PaymentMethod called like a token of the sandbox does what that token says. Requests with an
Idempotency-Key are answered as the first one of that key was, as long as they ask for the same.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from doorstep.adapters.payments.sandbox import Token

KEY = "sk_test_of_a_test"
ENDED = "payment_intent_unexpected_state"
Form = Mapping[str, str]


class Answered(NamedTuple):
    status: int
    document: dict[str, Any]


class Lost(Exception):
    """The connection breaks before anything is answered; `done` is what was not."""

    def __init__(self, done: Answered | None = None) -> None:
        super().__init__()
        self.done = done


class FakeStripe:
    """`api` is its address. `intents`, `refunds` and `events` are all that it knows."""

    def __init__(self) -> None:
        self.api = ""
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self._kept: dict[str, tuple[str, Form, Answered]] = {}
        self._tried: set[str] = set()
        self._key = ""
        self._lock = threading.Lock()

    def confirmed(self, amount: int, currency: str = "eur", **more: Any) -> str:
        """An intent that a customer has confirmed in the storefront; answers its id."""
        form = {"amount": str(amount), "currency": currency, "payment_method": Token.APPROVE}
        intent = self._new(form)
        intent |= {"status": "requires_capture", **more}
        return str(intent["id"])

    def answer(self, method: str, url: str, form: Form, key: str) -> Answered:
        path, query = urlsplit(url).path, dict(parse_qsl(urlsplit(url).query))
        with self._lock:
            if known := self._kept.get(key):
                if known[:2] != (path, form):
                    return refusal(400, "idempotency_error", code="")
                return known[2]
            try:
                self._key = key
                answered = self._do(method, path.removeprefix("/v1/").split("/"), form or query)
            except Lost as lost:
                if lost.done:
                    self._kept[key] = (path, form, lost.done)
                raise
            ended = answered.document.get("error", {}).get("code") == ENDED
            if key and (ended or answered.status in (200, 402)):
                self._kept[key] = (path, form, answered)
            return answered

    def _do(self, method: str, path: list[str], form: Form) -> Answered:
        match path:
            case ["payment_intents" | "refunds" as kind] if method == "POST":
                return self._create(form) if kind == "payment_intents" else self._refund(form)
            case ["payment_intents"]:
                return listed(reversed(self.intents.values()))
            case ["payment_intents", key, *deed] if intent := self.intents.get(key):
                return self._change(intent, deed, form)
            case ["events"]:
                return listed(reversed(self.events))
            case ["refunds"]:
                about = form["payment_intent"]
                return listed(r for r in self.refunds.values() if r["payment_intent"] == about)
        return refusal(404, "invalid_request_error", code="resource_missing")

    def _change(self, intent: dict[str, Any], deed: list[str], form: Form) -> Answered:
        match deed:
            case ["capture"]:
                return self._capture(intent, form)
            case ["cancel"]:
                return self._cancel(intent)
        intent["metadata"] |= metadata(form)
        return Answered(200, intent)

    def _create(self, form: Form) -> Answered:
        token = form["payment_method"]
        if token == Token.DOWN:
            return refusal(429, "invalid_request_error", code="rate_limit")
        if token not in set(Token):
            return refusal(400, "invalid_request_error", code="resource_missing")
        name = form["metadata[doorstep_key]"]
        if token == Token.TIMEOUT_BEFORE and name not in self._tried:
            self._tried.add(name)
            raise Lost
        intent = self._new(form)
        if token == Token.DECLINE:
            error = {"type": "card_error", "code": "card_declined"}
            error["decline_code"] = "insufficient_funds"
            intent |= {"status": "requires_payment_method", "last_payment_error": error}
            return Answered(402, {"error": {**error, "payment_intent": intent}})
        intent["status"] = "requires_capture"
        if token == Token.TIMEOUT_AFTER:
            raise Lost(Answered(200, intent))
        return Answered(200, intent)

    def _new(self, form: Form) -> dict[str, Any]:
        key, token, now = f"pi_{len(self.intents) + 1}", form["payment_method"], int(time.time())
        several = token not in (Token.SINGLE_CAPTURE, Token.WHOLE_CAPTURE)
        card: dict[str, Any] = {
            "multicapture": {"status": "available" if several else "unavailable"},
            "capture_before": now if token == Token.EXPIRES else now + 7 * 86_400,
        }
        self.intents[key] = {
            "id": key,
            "object": "payment_intent",
            "amount": int(form["amount"]),
            "amount_received": 0,
            "currency": form["currency"],
            "payment_method": token,
            "customer": form.get("customer"),
            "capture_method": "manual",
            "status": "requires_confirmation",
            "cancellation_reason": None,
            "last_payment_error": None,
            "created": now,
            "metadata": metadata(form),
            "latest_charge": {
                "id": f"ch_{key}",
                "object": "charge",
                "currency": form["currency"],
                "payment_intent": key,
                "metadata": metadata(form),
                "payment_method_details": {"card": card},
            },
        }
        return self.intents[key]

    def _capture(self, intent: dict[str, Any], form: Form) -> Answered:
        token, asked = intent["payment_method"], int(form["amount_to_capture"])
        card = intent["latest_charge"]["payment_method_details"]["card"]
        if token == Token.CAPTURE_DECLINE:
            return refusal(402, "card_error", code="card_declined", decline_code="do_not_honor")
        if card["capture_before"] <= time.time() and intent["status"] == "requires_capture":
            intent |= {"status": "canceled", "cancellation_reason": "automatic"}
        if intent["status"] != "requires_capture":
            return refusal(400, "invalid_request_error", code=ENDED, payment_intent=intent)
        left = intent["amount"] - intent["amount_received"]
        if asked > left or (token == Token.WHOLE_CAPTURE and asked != left):
            return refusal(400, "invalid_request_error", code="amount_too_large")
        final = form.get("final_capture") != "false"
        if not final and card["multicapture"]["status"] != "available":
            return refusal(400, "invalid_request_error", code="parameter_invalid")
        charge, before = intent["latest_charge"], intent["amount_received"]
        intent["amount_received"] = charge["amount_captured"] = before + asked
        self._tell("charge.captured", dict(charge), amount_captured=before)
        if final or asked == left:
            intent["status"] = "succeeded"
        if token == Token.CAPTURE_TIMEOUT_AFTER:
            raise Lost(Answered(200, intent))
        return Answered(200, intent)

    def _cancel(self, intent: dict[str, Any]) -> Answered:
        if intent["status"] != "requires_capture":
            return refusal(400, "invalid_request_error", code=ENDED, payment_intent=intent)
        intent |= {"status": "canceled", "cancellation_reason": None}
        return Answered(200, intent)

    def _refund(self, form: Form) -> Answered:
        intent, asked = self.intents.get(form["payment_intent"]), int(form["amount"])
        if intent is None:
            return refusal(404, "invalid_request_error", code="resource_missing")
        if intent["payment_method"] == Token.REFUND_DECLINE:
            return refusal(400, "invalid_request_error", code="refund_refused")
        of = [r for r in self.refunds.values() if r["payment_intent"] == intent["id"]]
        if asked > intent["amount_received"] - sum(one["amount"] for one in of):
            return refusal(400, "invalid_request_error", code="charge_already_refunded")
        key = f"re_{len(self.refunds) + 1}"
        self.refunds[key] = {
            "id": key,
            "object": "refund",
            "amount": asked,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "status": "succeeded",
            "failure_reason": None,
            "metadata": metadata(form),
        }
        self._tell("refund.created", self.refunds[key])
        return Answered(200, self.refunds[key])

    def disputed(self, intent: str, amount: int) -> None:
        """The customer's bank takes money back."""
        dispute = {"id": f"du_{intent}", "object": "dispute", "amount": amount, "metadata": {}}
        dispute |= {"currency": self.intents[intent]["currency"], "payment_intent": intent}
        self._tell("charge.dispute.funds_withdrawn", dispute)

    def _tell(self, kind: str, one: dict[str, Any], **before: int) -> None:
        self.events.append(
            {
                "id": f"evt_{len(self.events) + 1}",
                "object": "event",
                "type": kind,
                "created": int(time.time()),
                "data": {"object": one, "previous_attributes": before},
                "request": {"id": "req_1", "idempotency_key": self._key},
            }
        )


@contextmanager
def serving() -> Iterator[FakeStripe]:
    """Run it on a free port of this machine."""
    fake = FakeStripe()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            self._answer(dict(parse_qsl(body, keep_blank_values=True)))

        def _answer(self, form: Form) -> None:
            if self.headers.get("authorization") != f"Bearer {KEY}":
                self._send(refusal(401, "invalid_request_error", code=""))
                return
            key = self.headers.get("idempotency-key") or ""
            try:
                self._send(fake.answer(self.command, self.path, form, key))
            except Lost:
                self.close_connection = True

        def _send(self, answered: Answered) -> None:
            body = json.dumps(answered.document).encode()
            self.send_response(answered.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.api = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()


def refusal(status: int, kind: str, *, code: str, **more: Any) -> Answered:
    """An error as Stripe words it."""
    error = {"type": kind, "code": code, "message": f"It is refused: {code}.", **more}
    return Answered(status, {"error": error})


def listed(found: Any) -> Answered:
    return Answered(200, {"object": "list", "data": list(found), "has_more": False, "url": "/"})


def metadata(form: Form) -> dict[str, str]:
    return {
        name.removeprefix("metadata[").removesuffix("]"): value
        for name, value in form.items()
        if name.startswith("metadata[")
    }
