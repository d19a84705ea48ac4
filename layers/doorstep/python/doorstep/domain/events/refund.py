"""What happens to money that is given back."""

from __future__ import annotations

from doorstep.domain.events.event import Event
from doorstep.domain.money import Money


class RefundGranted(Event):
    """An agent gives money back without a return."""

    name = "refund.granted"
    refund_id: str
    reason: str
    amount: Money


class RefundSettled(Event):
    """What an agent has granted was given back, or as much of it as there was."""

    name = "refund.settled"
    refund_id: str
    given: Money


class RefundRequested(Event):
    """Money is about to be given back: for a return, or for a refund that was granted without."""

    name = "payment.refund_requested"
    payment_id: str
    return_id: str
    """Empty where it is for no return."""
    refund_id: str = ""
    """What was granted without a return."""
    shipment_id: str = ""
    """The parcel that was paid in part, and will not leave."""
    amount: Money


class PaymentRefunded(Event):
    """Money was given back."""

    name = "payment.refunded"
    payment_id: str
    return_id: str
    refund_id: str = ""
    shipment_id: str = ""
    amount: Money


class RefundFailed(Event):
    """The provider refused to give money back; a work item is open."""

    name = "payment.refund_failed"
    payment_id: str
    return_id: str
    refund_id: str = ""
    shipment_id: str = ""
    amount: Money
    reason: str
