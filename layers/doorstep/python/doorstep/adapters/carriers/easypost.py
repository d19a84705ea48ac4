"""EasyPost, a platform in front of some hundred carriers: https://docs.easypost.com.

A label: the shipment that has our reference, or a new one → its cheapest rate → the PDF. A callback
is signed (`easypost` in `adapters/signatures.py`) and brings a tracker with its whole history.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, ConfigDict, Field

from doorstep.adapters import http, secrets
from doorstep.adapters.carriers._addresses import check
from doorstep.adapters.payload import Model, read
from doorstep.domain.address import Address
from doorstep.domain.errors import InvalidCommand, ProviderUnavailable
from doorstep.domain.record import Moment, Record
from doorstep.domain.shipment import ShipmentStatus, Tracking
from doorstep.ports import Carrier, CarrierNews, Consignment, Label

if TYPE_CHECKING:
    from doorstep.runtime.settings import Settings

CARRIER = "easypost"

API = "https://api.easypost.com/v2"

STATUSES = {
    "pre_transit": ShipmentStatus.PRE_TRANSIT,
    "in_transit": ShipmentStatus.IN_TRANSIT,
    "out_for_delivery": ShipmentStatus.OUT_FOR_DELIVERY,
    "available_for_pickup": ShipmentStatus.READY_FOR_PICKUP,
    "failure": ShipmentStatus.EXCEPTION,
    "delivered": ShipmentStatus.DELIVERED,
    "return_to_sender": ShipmentStatus.RETURN_TO_SENDER,
}
"""What a scan means. Any other, `unknown` above all, is kept, and changes no status."""

TRACKER_STATUSES = STATUSES | {
    "error": ShipmentStatus.EXCEPTION,
    "cancelled": ShipmentStatus.CANCELED,
}
"""What the whole tracker's status means: only it can say that a parcel will never move."""

CHEAPEST = "standard"
"""The service that takes any rate. Others are EasyPost's names: `Priority`, or `UPS:Ground`."""

ANOTHER_WAS_FASTER = "SHIPMENT.POSTAGE.EXISTS"

UNDECIDED = {
    "SHIPMENT.POSTAGE.NO_RESPONSE",
    "SHIPMENT.POSTAGE.TIMED_OUT",
    "SHIPMENT.PURCHASE.IN_PROGRESS",
}
"""Refusals after which a label may yet come: ask again."""

NOT_OUR_COMMAND = {401, 402, 403}
"""The key is wrong or the account is empty: the same command goes through once that is mended."""


def _moment(given: object) -> object:
    """Empty is not given; a time without a zone is in UTC."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given) if given.strip() else None
        except ValueError:
            return given
    return given.replace(tzinfo=UTC) if isinstance(given, datetime) and not given.tzinfo else given


_Word = Annotated[str, Field(min_length=1, max_length=100)]
_Text = Annotated[str, BeforeValidator(lambda given: "" if given is None else given)]
_When = Annotated[Moment | None, BeforeValidator(_moment)]
_LENIENT = ConfigDict(coerce_numbers_to_str=True)


class _Place(Record):
    model_config = _LENIENT

    city: _Text = ""
    state: _Text = ""
    zip: _Text = ""
    country: _Text = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.city, self.state, self.zip, self.country)))


class _Scan(Record):
    model_config = _LENIENT

    status: _Text = ""
    status_detail: _Text = ""
    message: _Text = ""
    at: _When = Field(default=None, alias="datetime")
    tracking_location: _Place | None = None


class _Tracker(Record):
    model_config = _LENIENT

    tracking_code: _Word
    status: _Text = ""
    status_detail: _Text = ""
    updated_at: _When = None
    created_at: _When = None
    tracking_details: Annotated[
        tuple[_Scan, ...], BeforeValidator(lambda given: () if given is None else given)
    ] = ()


class _Event(Record):
    created_at: _When = None
    result: _Tracker | None = None


class _Kind(Record):
    object: _Text = ""
    description: _Text = ""


class _Rate(Record):
    id: _Word
    carrier: str
    service: str
    rate: Decimal


class _Postage(Record):
    label_pdf_url: str | None = None
    label_url: str | None = None
    label_file_type: str | None = None

    @property
    def pdf_url(self) -> str | None:
        if self.label_pdf_url or self.label_file_type != "application/pdf":
            return self.label_pdf_url
        return self.label_url


class _Shipment(Record):
    id: _Word
    rates: tuple[_Rate, ...] = ()
    tracking_code: str | None = None
    postage_label: _Postage | None = None


class _Error(Record):
    code: _Text = ""
    message: Any = None
    errors: Any = None


class _Refusal(Record):
    error: _Error = _Error()


class EasyPost:
    """The Carrier port. The key is asked for only when a label is bought."""

    def __init__(self, key: Callable[[], str], api: str = API) -> None:
        self._key = key
        self._api = api

    def buy_label(self, consignment: Consignment) -> Label:
        check(consignment)
        shipment = self._find(consignment.reference) or self._create(consignment)
        if not shipment.postage_label:
            shipment = self._buy(shipment, consignment.service)
        return self._label(shipment)

    def parse(self, body: bytes) -> Sequence[CarrierNews]:
        kind = read(_Kind, body)
        if kind.description in ("tracker.created", "tracker.updated"):
            event = read(_Event, body)
            return list(news(event.result, event.created_at)) if event.result else ()
        if kind.object == "Tracker":  # as the API answers it: the news of a callback that was lost
            return list(news(read(_Tracker, body)))
        return ()

    def _find(self, reference: str) -> _Shipment | None:
        answer = self._get(f"/shipments/{quote(reference, safe='')}")
        return None if answer.status == 404 else _answered(_Shipment, answer)

    def _create(self, consignment: Consignment) -> _Shipment:
        return _answered(_Shipment, self._post("/shipments", shipment_request(consignment)))

    def _buy(self, shipment: _Shipment, service: str) -> _Shipment:
        rate = cheapest(shipment.rates, service)
        answer = self._post(f"/shipments/{shipment.id}/buy", {"rate": {"id": rate.id}})
        if answer.status == 422 and _answer(_Refusal, answer).error.code == ANOTHER_WAS_FASTER:
            answer = self._get(f"/shipments/{shipment.id}")
        return _answered(_Shipment, answer)

    def _label(self, shipment: _Shipment) -> Label:
        if not (shipment.postage_label and shipment.postage_label.pdf_url):
            converted = self._get(f"/shipments/{shipment.id}/label?file_format=PDF")
            shipment = _answered(_Shipment, converted)
        url = shipment.postage_label.pdf_url if shipment.postage_label else None
        if not (url and shipment.tracking_code):
            raise ProviderUnavailable("EasyPost has the label, but not yet its PDF and number")
        if urlsplit(url).scheme != urlsplit(self._api).scheme:
            raise ProviderUnavailable("EasyPost keeps the label at an address that is not safe")
        label = http.get(url)
        if not label.body.startswith(b"%PDF-"):
            raise ProviderUnavailable(f"EasyPost's label is no PDF (status {label.status})")
        return Label(carrier=CARRIER, tracking_number=shipment.tracking_code, pdf=label.body)

    def _get(self, path: str) -> http.Answer:
        return http.get(self._api + path, http.basic(self._key()))

    def _post(self, path: str, document: object) -> http.Answer:
        return http.post(self._api + path, document, http.basic(self._key()))


def build(settings: Settings) -> Carrier:
    return EasyPost(lambda: secrets.entry(settings.require("providers_secret"), CARRIER))


def shipment_request(consignment: Consignment) -> dict[str, object]:
    """What creates a shipment and asks for its rates. Weights are ounces, rounded up to a tenth."""
    ounces = math.ceil(consignment.weight_grams / 28.349523125 * 10) / 10
    return {
        "shipment": {
            "reference": consignment.reference,
            "from_address": _address(consignment.sender),
            "to_address": _address(consignment.recipient),
            "parcel": {"weight": ounces},
            "options": {"label_format": "PDF"},
        }
    }


def _address(address: Address) -> dict[str, str]:
    named = {
        "name": address.name,
        "company": address.company,
        "street1": address.line1,
        "street2": address.line2,
        "city": address.city,
        "state": address.region,
        "zip": address.postal_code,
        "country": address.country,
        "phone": address.phone,
    }
    return {name: value for name, value in named.items() if value}


def cheapest(rates: Sequence[_Rate], service: str) -> _Rate:
    """The lowest rate of a service; raises InvalidCommand, naming what there is instead."""
    wanted = service.lower()
    names = {rate.id: (rate.service, f"{rate.carrier}:{rate.service}") for rate in rates}
    fitting = [
        rate
        for rate in rates
        if wanted == CHEAPEST or wanted in (name.lower() for name in names[rate.id])
    ]
    if not fitting:
        offered = ", ".join(sorted({full for _, full in names.values()})) or "nothing"
        raise InvalidCommand({"service": f"EasyPost offers {offered} for this parcel"})
    return min(fitting, key=lambda rate: rate.rate)


def news(tracker: _Tracker, heard: datetime | None = None) -> Iterator[CarrierNews]:
    """Every scan, in the carrier's order, and then the status that EasyPost gives the parcel.

    A scan without a time changes no status. The status is as old as the last scan, so that it never
    hides one that comes late.
    """
    dated = [scan.at for scan in tracker.tracking_details if scan.at]
    told = tracker.updated_at or tracker.created_at or heard
    latest = max(dated, default=told)
    if latest is None:
        raise InvalidCommand({"result.updated_at": "nothing in this tracker has a time"})
    for scan in tracker.tracking_details:
        place = str(scan.tracking_location or "")
        yield CarrierNews(
            carrier=CARRIER,
            tracking_number=tracker.tracking_code,
            tracking=Tracking(
                key=_key(scan.at or scan.message, scan.status, scan.status_detail, place),
                status=STATUSES.get(scan.status) if scan.at else None,
                at=scan.at or told or latest,
                code=_code(scan),
                text=scan.message[:500],
                place=place[:500],
            ),
        )
    yield CarrierNews(
        carrier=CARRIER,
        tracking_number=tracker.tracking_code,
        tracking=Tracking(
            key=_key("tracker", latest, tracker.status, tracker.status_detail),
            status=TRACKER_STATUSES.get(tracker.status),
            at=latest,
            code=_code(tracker),
        ),
    )


def _code(said: _Scan | _Tracker) -> str:
    return "/".join(filter(None, (said.status, said.status_detail)))[:100]


def _key(*said: object) -> str:
    """The same for the same news, whichever callback brings it."""
    return hashlib.sha256("\n".join(map(str, said)).encode()).hexdigest()[:32]


def _answered(model: type[Model], answer: http.Answer) -> Model:
    """What EasyPost did; raises what its refusal means."""
    if answer.status >= 400:
        raise refusal(answer)
    return _answer(model, answer)


def _answer(model: type[Model], answer: http.Answer) -> Model:
    try:
        return read(model, answer.body)
    except InvalidCommand as invalid:
        fields = ", ".join(invalid.faults)
        raise ProviderUnavailable(f"EasyPost's answer cannot be read: {fields}") from None


def refusal(answer: http.Answer) -> InvalidCommand | ProviderUnavailable:
    """What a refusal means: the parcel has faults, or it is not its fault."""
    error = _answer(_Refusal, answer).error
    said = str(error.message or error.code or answer.status)[:300]
    if answer.status in NOT_OUR_COMMAND or error.code in UNDECIDED:
        return ProviderUnavailable(f"EasyPost: {said}")
    return InvalidCommand(dict(_faults(error.errors)) or {"consignment": said})


def _faults(errors: object) -> Iterator[tuple[str, str]]:
    """EasyPost lists faults as `{field, message}`, as `{field: message}`, or as text."""
    for number, error in enumerate(errors if isinstance(errors, list) else []):
        if not isinstance(error, dict):
            yield f"consignment.{number}", str(error)[:300]
        elif "message" in error:
            yield str(error.get("field") or f"consignment.{number}"), str(error["message"])[:300]
        else:
            yield from ((str(field), str(message)[:300]) for field, message in error.items())
