"""A carrier without vans: real labels, and callbacks that anybody with its secret can send.

Its callback, signed as Standard Webhooks, is a JSON object:

    {"events": [{"tracking_number": "DSX…", "code": "in_transit", "at": "2026-03-02T09:00:00Z",
                 "text": "Arrived at hub", "place": "Leipzig", "event_id": "optional"}]}
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from doorstep.adapters.carriers._addresses import check
from doorstep.adapters.payload import read
from doorstep.domain.record import Moment, Record
from doorstep.domain.shipment import ShipmentStatus, Tracking
from doorstep.ports import Carrier, CarrierNews, Consignment, Label

if TYPE_CHECKING:
    from doorstep.runtime.settings import Settings

CARRIER = "sandbox"

STATUSES = {
    "label_created": ShipmentStatus.PRE_TRANSIT,
    "picked_up": ShipmentStatus.IN_TRANSIT,
    "in_transit": ShipmentStatus.IN_TRANSIT,
    "out_for_delivery": ShipmentStatus.OUT_FOR_DELIVERY,
    "ready_for_pickup": ShipmentStatus.READY_FOR_PICKUP,
    "attempt_failed": ShipmentStatus.EXCEPTION,
    "delayed": ShipmentStatus.DELAYED,
    "exception": ShipmentStatus.EXCEPTION,
    "delivered": ShipmentStatus.DELIVERED,
    "returned": ShipmentStatus.RETURN_TO_SENDER,
    "lost": ShipmentStatus.LOST,
}
"""What the carrier's codes mean. News with any other code is kept, and changes no status."""

MAX_EVENTS = 1_000
"""In one callback."""

_Word = Annotated[str, Field(min_length=1, max_length=100)]
_Text = Annotated[str, Field(max_length=500)]


class _Event(Record):
    tracking_number: _Word
    code: _Word
    at: Moment
    text: _Text = ""
    place: _Text = ""
    event_id: _Word | None = None

    @property
    def key(self) -> str:
        """The carrier's own id; else derived from what was said, so that a repeat has it too."""
        if self.event_id:
            return self.event_id
        said = f"{self.at.isoformat()}\n{self.code}\n{self.place}"
        return hashlib.sha256(said.encode()).hexdigest()[:32]


class _Callback(Record):
    events: Annotated[tuple[_Event, ...], Field(max_length=MAX_EVENTS)] = ()


class SandboxCarrier:
    """The Carrier port without a carrier behind it."""

    def buy_label(self, consignment: Consignment) -> Label:
        from doorstep.adapters import labels

        check(consignment)
        number = tracking_number(consignment.reference)
        pdf = labels.render(
            "Doorstep Sandbox", number, consignment, notice="Not valid for carriage."
        )
        return Label(carrier=CARRIER, tracking_number=number, pdf=pdf)

    def parse(self, body: bytes) -> Sequence[CarrierNews]:
        return [
            CarrierNews(
                carrier=CARRIER,
                tracking_number=event.tracking_number,
                tracking=Tracking(
                    key=event.key,
                    status=STATUSES.get(event.code),
                    at=event.at,
                    code=event.code,
                    text=event.text,
                    place=event.place,
                ),
            )
            for event in read(_Callback, body).events
        ]


def build(settings: Settings) -> Carrier:  # noqa: ARG001
    return SandboxCarrier()


def tracking_number(reference: str) -> str:
    """`DSX`, 15 digits that are derived from the reference, and a check digit (Luhn)."""
    digest = hashlib.sha256(reference.encode()).digest()
    digits = f"{int.from_bytes(digest[:8]) % 10**15:015}"
    return f"DSX{digits}{_luhn(digits)}"


def _luhn(digits: str) -> int:
    doubled = (int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(digits)))
    return -sum(sum(divmod(value, 10)) for value in doubled) % 10
