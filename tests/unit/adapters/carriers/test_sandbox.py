"""The sandbox carrier: its callbacks in our words, its tracking numbers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.carriers.sandbox import MAX_EVENTS, SandboxCarrier, tracking_number
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.shipment import ShipmentStatus
from doorstep.ports import CarrierNews

SCAN = {
    "tracking_number": "DSX4245073826124525",
    "code": "in_transit",
    "at": "2026-03-02T10:00:00+01:00",
    "text": "Arrived at hub",
    "place": "Leipzig",
}


def parse(*events: dict[str, Any]) -> list[CarrierNews]:
    return list(SandboxCarrier().parse(json.dumps({"events": events}).encode()))


def test_news_keeps_what_the_carrier_said() -> None:
    (news,) = parse(SCAN)
    assert news.carrier == "sandbox"
    assert news.tracking_number == "DSX4245073826124525"
    assert news.tracking.status is ShipmentStatus.IN_TRANSIT
    assert news.tracking.at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert (news.tracking.code, news.tracking.text) == ("in_transit", "Arrived at hub")
    assert news.tracking.place == "Leipzig"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("label_created", ShipmentStatus.PRE_TRANSIT),
        ("picked_up", ShipmentStatus.IN_TRANSIT),
        ("in_transit", ShipmentStatus.IN_TRANSIT),
        ("out_for_delivery", ShipmentStatus.OUT_FOR_DELIVERY),
        ("ready_for_pickup", ShipmentStatus.READY_FOR_PICKUP),
        ("attempt_failed", ShipmentStatus.EXCEPTION),
        ("delayed", ShipmentStatus.DELAYED),
        ("exception", ShipmentStatus.EXCEPTION),
        ("delivered", ShipmentStatus.DELIVERED),
        ("returned", ShipmentStatus.RETURN_TO_SENDER),
        ("lost", ShipmentStatus.LOST),
        ("customs_paperwork", None),
        ("DELIVERED", None),
    ],
)
def test_codes_become_statuses(code: str, status: ShipmentStatus | None) -> None:
    (news,) = parse({**SCAN, "code": code})
    assert news.tracking.status is status


def test_the_same_news_has_the_same_key_in_whatever_time_zone() -> None:
    elsewhere = {**SCAN, "at": "2026-03-02T09:00:00Z", "text": "said in other words"}
    first, second = parse(SCAN, elsewhere)
    assert first.tracking.key == second.tracking.key


@pytest.mark.parametrize(
    "change",
    [{"at": "2026-03-02T10:00:01+01:00"}, {"code": "delivered"}, {"place": "Halle"}],
)
def test_other_news_has_another_key(change: dict[str, str]) -> None:
    first, second = parse(SCAN, {**SCAN, **change})
    assert first.tracking.key != second.tracking.key


def test_the_carriers_own_id_is_the_key() -> None:
    (news,) = parse({**SCAN, "event_id": "evt_1"})
    assert news.tracking.key == "evt_1"


def test_fields_that_are_new_to_us_are_ignored() -> None:
    assert len(parse({**SCAN, "vehicle": "bicycle"})) == 1


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ({**SCAN, "at": "yesterday"}, "events.0.at"),
        ({**SCAN, "at": "2026-03-02T10:00:00"}, "events.0.at"),
        ({**SCAN, "tracking_number": ""}, "events.0.tracking_number"),
        ({**SCAN, "tracking_number": 7}, "events.0.tracking_number"),
        ({**SCAN, "code": "x" * 101}, "events.0.code"),
        ({**SCAN, "text": "x" * 501}, "events.0.text"),
        ({"code": "delivered"}, "events.0.tracking_number"),
    ],
)
def test_a_malformed_event_is_refused_at_its_path(event: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidCommand) as refused:
        parse(event)
    assert path in refused.value.faults


@pytest.mark.parametrize("body", ['{"events": {}}', '{"events": "x"}', '{"events": [7]}'])
def test_events_that_are_no_list_of_objects_are_refused(body: str) -> None:
    with pytest.raises(InvalidCommand):
        SandboxCarrier().parse(body.encode())


def test_a_callback_has_an_end() -> None:
    with pytest.raises(InvalidCommand):
        parse(*[SCAN] * (MAX_EVENTS + 1))


@given(reference=st.text())
def test_tracking_numbers_are_derived_and_carry_a_check_digit(reference: str) -> None:
    number = tracking_number(reference)
    assert number == tracking_number(reference)
    digits = [int(digit) for digit in number.removeprefix("DSX")]
    assert len(digits) == 16
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    assert (sum(digits[::-2]) + sum(doubled)) % 10 == 0
