"""Every carrier sells labels that can be bought again, and refuses what it cannot read."""

from collections.abc import Iterator

import pytest

from doorstep.adapters import carriers
from doorstep.adapters.carriers.easypost import EasyPost
from doorstep.domain.address import Address
from doorstep.domain.errors import InvalidCommand, NotFound
from doorstep.ports import Carrier, Consignment
from doorstep.runtime.settings import Settings
from tests.contract import fake_easypost

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

WORKSHOP = Address(name="Workshop", line1="Hauptstraße 1", city="Leipzig", country="DE")
CUSTOMER = Address(
    name="Zoë Müller",
    line1="Karl-Liebknecht-Straße 12",
    postal_code="04107",
    city="Leipzig",
    country="DE",
)


@pytest.fixture(params=carriers.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def carrier(name: str) -> Iterator[Carrier]:
    """The carrier; one that is somewhere else finds a fake of itself on this machine."""
    if name == "easypost":
        with fake_easypost.serving() as fake:
            yield EasyPost(lambda: fake_easypost.KEY, fake.api)
    else:
        yield carriers.load(name).build(Settings())


def consignment(reference: str = "O-1-F1-P1", recipient: Address = CUSTOMER) -> Consignment:
    return Consignment(
        reference=reference,
        sender=WORKSHOP,
        recipient=recipient,
        weight_grams=1_200,
        service="standard",
    )


def test_a_label_is_a_pdf_with_a_tracking_number(carrier: Carrier, name: str) -> None:
    label = carrier.buy_label(consignment())
    assert label.carrier == name
    assert label.tracking_number
    assert label.pdf.startswith(b"%PDF-")
    assert label.pdf.rstrip().endswith(b"%%EOF")


def test_the_same_parcel_gets_the_same_label(carrier: Carrier) -> None:
    assert carrier.buy_label(consignment()) == carrier.buy_label(consignment())


def test_two_parcels_have_two_tracking_numbers(carrier: Carrier) -> None:
    numbers = {carrier.buy_label(consignment(f"O-1-F1-P{n}")).tracking_number for n in range(20)}
    assert len(numbers) == 20


def test_an_address_without_a_place_is_refused(carrier: Carrier) -> None:
    with pytest.raises(InvalidCommand) as refused:
        carrier.buy_label(consignment(recipient=Address(name="Zoë Müller")))
    assert {"recipient.line1", "recipient.city", "recipient.country"} <= set(refused.value.faults)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"'])
def test_a_body_that_is_no_callback_is_refused(carrier: Carrier, body: bytes) -> None:
    with pytest.raises(InvalidCommand):
        carrier.parse(body)


def test_a_message_about_something_else_is_no_news(carrier: Carrier) -> None:
    assert list(carrier.parse(b'{"type": "ping"}')) == []


def test_an_unknown_carrier_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="sandbox"):
        carriers.load("pigeon")
