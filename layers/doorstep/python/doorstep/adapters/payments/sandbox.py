"""A payment provider without money: the token decides what happens. docs/sandbox.md lists them.

It has a memory of its own, as a real one has: one row per authorization in a DynamoDB table, with
what is left to capture and to refund, and what was done so far, by key. Every call is one
conditional write; a repeat is recognized in the row that refuses it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import ClientError

from doorstep.adapters import aws
from doorstep.domain.errors import (
    CaptureDeclined,
    DoorstepError,
    IdempotencyKeyReused,
    PaymentDeclined,
    PaymentOutcomeUnknown,
    ProviderUnavailable,
)
from doorstep.domain.money import Money
from doorstep.domain.payment import (
    Capabilities,
    Method,
    Payment,
    PaymentAction,
    PaymentEvent,
    Terms,
)
from doorstep.domain.reconciling import Booking
from doorstep.ports import Authorization, PaymentGateway, PaymentReport

if TYPE_CHECKING:
    from doorstep.runtime.settings import Settings


class Token(StrEnum):
    """What a payment method is told to do. Any other is declined: unknown_token."""

    APPROVE = "tok_approve"
    DECLINE = "tok_decline"
    """The authorization is declined: insufficient_funds."""
    SLOW = "tok_slow"
    """Approved, after two seconds."""
    TIMEOUT_BEFORE = "tok_timeout_before"
    """No answer, and nothing happened; the next try is approved."""
    TIMEOUT_AFTER = "tok_timeout_after"
    """No answer, but it was approved; the next try says so."""
    DOWN = "tok_down"
    """The provider is down, and nothing happens."""
    CAPTURE_DECLINE = "tok_capture_decline"
    """Approved; every capture is declined: do_not_honor."""
    CAPTURE_TIMEOUT_AFTER = "tok_capture_timeout_after"
    """Approved; a capture is done, but not answered the first time."""
    EXPIRES = "tok_expires"
    """Approved, for two seconds."""
    SINGLE_CAPTURE = "tok_single_capture"
    """Approved; one capture ends the authorization."""
    WHOLE_CAPTURE = "tok_whole_capture"
    """Approved; it is captured once, and whole."""
    CHARGE_BACK = "tok_charge_back"
    """Approved and captured; the customer's bank takes every capture back."""
    REFUND_DECLINE = "tok_refund_decline"
    """Approved and captured; every refund is declined: refund_refused."""


CAPABILITIES = Capabilities(methods=frozenset(Method), authorization_life=timedelta(days=7))

_SPECIAL = {
    Token.EXPIRES: CAPABILITIES.model_copy(update={"authorization_life": timedelta(seconds=2)}),
    Token.SINGLE_CAPTURE: CAPABILITIES.model_copy(update={"multi_capture": False}),
    Token.WHOLE_CAPTURE: CAPABILITIES.model_copy(
        update={"multi_capture": False, "partial_capture": False}
    ),
}

SLOW_SECONDS = 2.0

_APPROVED = "approved"
_DECLINED = "declined"
_LOST = "lost"
"""Asked for and never arrived: as if there were no row, but the next try gets through."""

Row = Mapping[str, Any]
"""An authorization in DynamoDB's wire format."""


class SandboxGateway:
    """The PaymentGateway port on a DynamoDB table of its own, with the key `pk`."""

    def __init__(
        self,
        table: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._sleep = sleep
        self._clock = clock
        self._client = aws.client("dynamodb")

    def authorize(self, payment: Payment, key: str) -> Authorization:
        if payment.token == Token.DOWN:
            raise ProviderUnavailable("the sandbox provider is down")
        if payment.token == Token.SLOW:
            self._sleep(SLOW_SECONDS)
        asked = _asked(payment, key, self._clock())
        known = self._create(asked)
        if known is None:
            if payment.token in (Token.TIMEOUT_BEFORE, Token.TIMEOUT_AFTER):
                raise PaymentOutcomeUnknown("the sandbox provider did not answer")
            return _answer(asked)
        if (known["amount"], known["currency"]) != (asked["amount"], asked["currency"]):
            raise IdempotencyKeyReused(key)
        if known["status"]["S"] == _LOST:
            self._approve(known)
            return Authorization(reference=known["pk"]["S"], terms=_terms(known))
        return _answer(known)

    def find(self, payment: Payment, key: str) -> Authorization | None:  # noqa: ARG002
        found = self._client.get_item(
            TableName=self._table, Key={"pk": {"S": _reference(key)}}, ConsistentRead=True
        ).get("Item")
        return None if found is None or found["status"]["S"] == _LOST else _answer(found)

    def capture(self, payment: Payment, event: PaymentEvent) -> str:
        if payment.token == Token.CAPTURE_DECLINE:
            raise CaptureDeclined("do_not_honor")
        capabilities = _capabilities(payment)
        taken = payment.token == Token.CHARGE_BACK
        change = "capturable = capturable - :amount"
        if not capabilities.multi_capture:
            change = "released = capturable - :amount, capturable = capturable - capturable"
        first = self._move(
            payment,
            event,
            change if taken else f"{change}, refundable = refundable + :amount",
            room="capturable",
            whole=not capabilities.partial_capture,
            refusal=CaptureDeclined,
        )
        if first and payment.token == Token.CAPTURE_TIMEOUT_AFTER:
            raise PaymentOutcomeUnknown("the sandbox provider did not answer")
        return _reference(event.key)

    def refund(self, payment: Payment, event: PaymentEvent) -> str:
        if payment.token == Token.REFUND_DECLINE:
            raise PaymentDeclined("refund_refused")
        self._move(
            payment,
            event,
            "refundable = refundable - :amount",
            room="refundable",
            refusal=PaymentDeclined,
        )
        return _reference(event.key)

    def void(self, payment: Payment, event: PaymentEvent) -> None:
        """Give free whatever is left, which may be less than `event.amount`."""
        self._move(
            payment,
            event,
            "voided = voided + capturable, capturable = capturable - capturable",
            room=None,
            refusal=PaymentDeclined,
        )

    def bookings(self, since: datetime, until: datetime) -> Iterator[Booking]:
        """What the port PaymentReport asks for. Reads everything: a sandbox is small."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table)
        for row in (row for page in pages for row in page["Items"]):
            for key, done in row["done"]["M"].items():
                yield from (
                    booking
                    for booking in _bookings(row, key, done["M"])
                    if booking.action is not PaymentAction.VOID and since <= booking.at < until
                )

    def _create(self, row: Row) -> Row | None:
        """Write a new authorization; answers the one that is there already."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=row,
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as refused:
            return _row(refused)
        return None

    def _approve(self, row: Row) -> None:
        self._client.update_item(
            TableName=self._table,
            Key={"pk": row["pk"]},
            UpdateExpression="SET #status = :approved",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":approved": {"S": _APPROVED}},
        )

    def _move(
        self,
        payment: Payment,
        event: PaymentEvent,
        change: str,
        *,
        room: Literal["capturable", "refundable"] | None,
        whole: bool = False,
        refusal: Callable[[str], DoorstepError],
    ) -> bool:
        """Move money once per key, within the room there is; answers whether it was moved now."""
        if not payment.reference:
            raise refusal("unknown_authorization")
        if event.amount.minor < 0:
            raise refusal("negative_amount")
        amount = {"N": str(event.amount.minor)}
        done = {
            "action": {"S": event.action.value},
            "amount": amount,
            "at": {"S": self._clock().isoformat()},
            "charged_back": {"BOOL": payment.token == Token.CHARGE_BACK},
        }
        condition = (
            "attribute_not_exists(done.#key) AND #status = :approved AND currency = :currency"
        )
        values: dict[str, Any] = {
            ":approved": {"S": _APPROVED},
            ":currency": {"S": event.amount.currency},
            ":done": {"M": done},
        }
        if room:
            condition += f" AND {room} {'=' if whole else '>='} :amount"
            values[":amount"] = amount
        if room == "capturable":
            condition += " AND valid_until > :now"
            values[":now"] = {"S": self._clock().isoformat()}
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": payment.reference}},
                UpdateExpression=f"SET {change}, done.#key = :done",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#key": event.key, "#status": "status"},
                ExpressionAttributeValues=values,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as refused:
            row = _row(refused)
        else:
            return True
        known = row.get("done", {}).get("M", {}).get(event.key)
        if known is None:
            raise refusal(_why(row, event, room, self._clock()))
        if any(known["M"][name] != done[name] for name in ("action", "amount")):
            raise IdempotencyKeyReused(event.key)
        return False


def build(settings: Settings) -> PaymentGateway:
    return SandboxGateway(settings.require("sandbox_table_name"))


def report(settings: Settings) -> PaymentReport:
    return SandboxGateway(settings.require("sandbox_table_name"))


def _reference(key: str) -> str:
    """What the sandbox calls whatever was done under a key."""
    return f"sbx_{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def _row(refused: ClientError) -> Row:
    """The row whose condition did not hold; empty where there is none."""
    response: Mapping[str, Any] = refused.response
    row: Row = response.get("Item", {})
    return row


def _capabilities(payment: Payment) -> Capabilities:
    return _SPECIAL.get(cast("Token", payment.token), CAPABILITIES)


def _terms(row: Row) -> Terms:
    return Terms.model_validate_json(row["terms"]["S"])


def _asked(payment: Payment, key: str, at: datetime) -> dict[str, Any]:
    """The row of a new authorization."""
    terms = _capabilities(payment).terms(at)
    status, reason = _APPROVED, ""
    if payment.token == Token.TIMEOUT_BEFORE:
        status = _LOST
    elif payment.token == Token.DECLINE:
        status, reason = _DECLINED, "insufficient_funds"
    elif payment.token not in set(Token):
        status, reason = _DECLINED, "unknown_token"
    amount = {"N": str(payment.amount.minor)}
    return {
        "pk": {"S": _reference(key)},
        "status": {"S": status},
        "reason": {"S": reason},
        "currency": {"S": payment.amount.currency},
        "amount": amount,
        "capturable": amount,
        "refundable": {"N": "0"},
        "voided": {"N": "0"},
        "released": {"N": "0"},
        "valid_until": {"S": terms.valid_until.isoformat() if terms.valid_until else "never"},
        "terms": {"S": terms.model_dump_json()},
        "payment_id": {"S": payment.payment_id},
        "done": {"M": {}},
    }


def _answer(row: Row) -> Authorization:
    if row["status"]["S"] == _DECLINED:
        raise PaymentDeclined(row["reason"]["S"])
    return Authorization(reference=row["pk"]["S"], terms=_terms(row))


def _bookings(row: Row, key: str, done: Row) -> Iterator[Booking]:
    """A movement as the report has it, and what a bank took back of it."""
    booking = Booking(
        key=key,
        payment_id=row["payment_id"]["S"],
        action=PaymentAction(done["action"]["S"]),
        amount=Money(minor=int(done["amount"]["N"]), currency=row["currency"]["S"]),
        reference=_reference(key),
        authorization=row["pk"]["S"],
        at=datetime.fromisoformat(done["at"]["S"]),
    )
    yield booking
    if booking.action is PaymentAction.CAPTURE and done["charged_back"]["BOOL"]:
        update = {"key": f"{key}-chargeback", "action": PaymentAction.CHARGEBACK}
        yield booking.model_copy(update=update)


def _why(row: Row, event: PaymentEvent, room: str | None, now: datetime) -> str:
    """Why money does not move."""
    if row.get("status", {}).get("S") != _APPROVED:
        return "unknown_authorization"
    if row["currency"]["S"] != event.amount.currency:
        return "wrong_currency"
    if room == "capturable" and row["voided"]["N"] != "0":
        return "voided"
    if room == "capturable" and row["valid_until"]["S"] <= now.isoformat():
        return "expired"
    return f"only_{row[room]['N']}_{room}" if room else "not_possible"
