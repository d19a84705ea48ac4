"""What happens to money: reserved, captured, declined, given free."""

from __future__ import annotations

from doorstep.domain.events.event import Event
from doorstep.domain.money import Money
from doorstep.domain.record import Moment


class PaymentAuthorized(Event):
    """The provider reserved the amount."""

    name = "payment.authorized"
    payment_id: str
    amount: Money


class RenewalRequested(Event):
    """An authorization runs out, or does not fit a parcel: it is about to be asked for anew."""

    name = "payment.renewal_requested"
    payment_id: str
    amount: Money


class AuthorizationEnded(Event):
    """The provider does not reserve the amount any more: its time was up, or one capture was all it
    gave.
    """

    name = "payment.authorization_ended"
    payment_id: str
    amount: Money
    reason: str


class PaymentDeclined(Event):
    """The provider refused to authorize."""

    name = "payment.declined"
    payment_id: str
    reason: str


class PaymentRecorded(Event):
    """The storefront told us of money that it took itself."""

    name = "payment.recorded"
    payment_id: str
    amount: Money


class CaptureRequested(Event):
    """A parcel claimed its share; the provider is about to be asked."""

    name = "payment.capture_requested"
    payment_id: str
    shipment_id: str
    amount: Money


class PaymentCaptured(Event):
    """The share of one parcel was captured."""

    name = "payment.captured"
    payment_id: str
    shipment_id: str
    amount: Money


class CaptureDeclined(Event):
    """The provider refused to capture the share of one parcel."""

    name = "payment.capture_declined"
    payment_id: str
    shipment_id: str
    amount: Money
    reason: str


class PaymentWanted(Event):
    """The money of a packed fulfillment order was refused: its customer is asked for another way to
    pay.
    """

    name = "payment.wanted"
    fulfillment_order_id: str
    amount: Money
    pay_by: Moment


class PaymentGiven(Event):
    """The customer gave another way to pay; the provider is about to be asked."""

    name = "payment.given"
    payment_id: str
    replaces: tuple[str, ...]
    amount: Money


class PaymentGivenUp(Event):
    """Nobody paid in time: the order's open remainder is canceled."""

    name = "payment.given_up"
    fulfillment_order_id: str


class PaymentChargedBack(Event):
    """The customer's bank took captured money back; a work item is open."""

    name = "payment.charged_back"
    payment_id: str
    amount: Money


class VoidRequested(Event):
    """What is authorized and not needed is about to be given free."""

    name = "payment.void_requested"
    payment_id: str
    amount: Money


class PaymentVoided(Event):
    """What was authorized and not needed is free again."""

    name = "payment.voided"
    payment_id: str
    amount: Money


class VoidRefused(Event):
    """The provider did not give free what is not needed; a work item is open."""

    name = "payment.void_refused"
    payment_id: str
    amount: Money
    reason: str
