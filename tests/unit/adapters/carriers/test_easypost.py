"""EasyPost: what is asked of it, what its answers and refusals mean, its callbacks in our words."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters import http, secrets
from doorstep.adapters.carriers import easypost
from doorstep.adapters.carriers.easypost import STATUSES, TRACKER_STATUSES, EasyPost
from doorstep.domain.address import Address
from doorstep.domain.errors import InvalidCommand, ProviderUnavailable
from doorstep.domain.money import Money
from doorstep.domain.shipment import Shipment, ShipmentStatus
from doorstep.ports import CarrierNews, Consignment
from doorstep.runtime.settings import Settings
from tests.contract.fake_easypost import KEY, FakeEasyPost, error, serving

PAYLOADS = Path(__file__).resolve().parents[5] / "shared/providers/payloads/easypost"

WORKSHOP = Address(
    company="Workshop",
    line1="417 Montgomery St",
    line2="Floor 5",
    city="San Francisco",
    region="CA",
    postal_code="94104",
    country="US",
)
CUSTOMER = Address(
    name="Zoë Müller", line1="179 N Harbor Dr", city="Redondo Beach", region="CA", country="US"
)
PARCEL = Consignment(
    reference="O-1-F1-P1", sender=WORKSHOP, recipient=CUSTOMER, weight_grams=454, service="standard"
)


def consignment(**changed: object) -> Consignment:
    return PARCEL.model_copy(update=changed)


class TestRequest:
    def test_a_shipment_as_easypost_wants_it(self) -> None:
        assert easypost.shipment_request(PARCEL) == {
            "shipment": {
                "reference": "O-1-F1-P1",
                "from_address": {
                    "company": "Workshop",
                    "street1": "417 Montgomery St",
                    "street2": "Floor 5",
                    "city": "San Francisco",
                    "state": "CA",
                    "zip": "94104",
                    "country": "US",
                },
                "to_address": {
                    "name": "Zoë Müller",
                    "street1": "179 N Harbor Dr",
                    "city": "Redondo Beach",
                    "state": "CA",
                    "country": "US",
                },
                "parcel": {"weight": 16.1},
                "options": {"label_format": "PDF"},
            }
        }

    @pytest.mark.parametrize(("grams", "ounces"), [(1, 0.1), (28, 1.0), (29, 1.1), (1_000, 35.3)])
    def test_no_parcel_is_declared_lighter_than_it_is(self, grams: int, ounces: float) -> None:
        request = easypost.shipment_request(consignment(weight_grams=grams))
        assert request["shipment"]["parcel"] == {"weight": ounces}  # type: ignore[index]


class TestRates:
    RATES = (
        easypost._Rate(id="1", carrier="USPS", service="Priority", rate="9.80"),
        easypost._Rate(id="2", carrier="UPS", service="Ground", rate="10.15"),
        easypost._Rate(id="3", carrier="Other", service="Ground", rate="100.00"),
    )

    @pytest.mark.parametrize(
        ("service", "rate"),
        [("standard", "1"), ("Ground", "2"), ("other:ground", "3"), ("PRIORITY", "1")],
    )
    def test_the_cheapest_of_the_service(self, service: str, rate: str) -> None:
        assert easypost.cheapest(self.RATES, service).id == rate

    def test_a_service_that_is_not_offered_names_those_that_are(self) -> None:
        with pytest.raises(InvalidCommand, match="UPS:Ground, USPS:Priority"):
            easypost.cheapest(self.RATES, "next_day")

    def test_no_rate_at_all(self) -> None:
        with pytest.raises(InvalidCommand, match="nothing"):
            easypost.cheapest([], "standard")


class TestRefusals:
    @pytest.mark.parametrize(
        ("errors", "faults"),
        [
            (
                [{"field": "street1", "message": "House number is missing", "suggestion": None}],
                {"street1": "House number is missing"},
            ),
            ([{"to_address": "Required and missing."}], {"to_address": "Required and missing."}),
            (["too heavy"], {"consignment.0": "too heavy"}),
            ([], {"consignment": "One or more parameters were invalid."}),
        ],
    )
    def test_a_parcel_with_faults(self, errors: list[object], faults: dict[str, str]) -> None:
        refused = easypost.refusal(
            answer(422, "SHIPMENT.INVALID_PARAMS", "One or more parameters were invalid.", *errors)
        )
        assert isinstance(refused, InvalidCommand)
        assert refused.faults == faults

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (401, "UNAUTHORIZED"),
            (402, "PAYMENT_REQUIRED"),
            (403, "FORBIDDEN"),
            (422, "SHIPMENT.POSTAGE.NO_RESPONSE"),
            (422, "SHIPMENT.PURCHASE.IN_PROGRESS"),
        ],
    )
    def test_what_is_not_the_fault_of_the_parcel(self, status: int, code: str) -> None:
        assert isinstance(easypost.refusal(answer(status, code, "No")), ProviderUnavailable)

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "text"}'])
    def test_a_refusal_that_nobody_can_read(self, body: bytes) -> None:
        with pytest.raises(ProviderUnavailable, match="cannot be read"):
            easypost._answered(easypost._Shipment, http.Answer(422, body))


def answer(status: int, code: str, message: str, *errors: object) -> http.Answer:
    return http.Answer(status, json.dumps(error(code, message, *errors)).encode())


@pytest.fixture
def fake() -> Iterator[FakeEasyPost]:
    with serving() as fake:
        yield fake


@pytest.fixture
def carrier(fake: FakeEasyPost) -> EasyPost:
    return EasyPost(lambda: KEY, fake.api)


@pytest.mark.allow_hosts(["127.0.0.1"])
class TestBuyLabel:
    def test_looks_creates_buys_and_fetches(self, carrier: EasyPost, fake: FakeEasyPost) -> None:
        label = carrier.buy_label(PARCEL)
        assert [f"{request.method} {request.path}" for request in fake.requests] == [
            "GET /v2/shipments/O-1-F1-P1",
            "POST /v2/shipments",
            "POST /v2/shipments/shp_1/buy",
            "GET /files/shp_1.pdf",
        ]
        assert fake.requests[1].body == easypost.shipment_request(PARCEL)
        assert fake.requests[2].body == {"rate": {"id": "rate_1"}}
        assert label.tracking_number == "9400100000000000000001"

    def test_callbacks_name_the_parcel_as_its_label_does(self, carrier: EasyPost) -> None:
        label = carrier.buy_label(PARCEL)
        for news in carrier.parse(callback(tracker(SCAN, tracking_code=label.tracking_number))):
            assert (news.carrier, news.tracking_number) == (label.carrier, label.tracking_number)

    def test_a_label_that_is_there_is_not_paid_again(
        self, carrier: EasyPost, fake: FakeEasyPost
    ) -> None:
        assert carrier.buy_label(PARCEL) == carrier.buy_label(PARCEL)
        assert fake.bought == ["rate_1"]

    def test_the_service_that_the_delivery_option_names(
        self, carrier: EasyPost, fake: FakeEasyPost
    ) -> None:
        carrier.buy_label(consignment(service="UPS:Ground"))
        assert fake.bought == ["rate_2"]

    @pytest.mark.parametrize("lost", [1, 2, 3, 4, 5, 6])
    def test_lost_answers_cost_one_label(
        self, carrier: EasyPost, fake: FakeEasyPost, lost: int
    ) -> None:
        fake.lost_answers = lost
        for _ in range(6):
            try:
                label = carrier.buy_label(PARCEL)
                break
            except ProviderUnavailable:
                continue
        assert fake.bought == ["rate_1"]
        assert len(fake.shipments) == 1
        assert label.pdf.startswith(b"%PDF-")

    def test_another_bought_it_meanwhile(self, carrier: EasyPost, fake: FakeEasyPost) -> None:
        carrier.buy_label(PARCEL)
        before = fake.shipments["shp_1"] | {"postage_label": None}
        fake.failures.append((200, before))
        assert carrier.buy_label(PARCEL).tracking_number == "9400100000000000000001"
        assert fake.bought == ["rate_1"]

    def test_a_label_of_another_kind_is_converted(
        self, carrier: EasyPost, fake: FakeEasyPost
    ) -> None:
        fake.label_type = "image/png"
        assert carrier.buy_label(PARCEL).pdf.startswith(b"%PDF-")
        assert "/v2/shipments/shp_1/label?file_format=PDF" in [r.path for r in fake.requests]

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_a_read_is_tried_again(
        self, carrier: EasyPost, fake: FakeEasyPost, status: int
    ) -> None:
        fake.failures.append(status)
        assert carrier.buy_label(PARCEL)

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_a_purchase_is_not_tried_again_unseen(
        self, carrier: EasyPost, fake: FakeEasyPost, status: int
    ) -> None:
        carrier._create(PARCEL)
        fake.failures.extend([(200, fake.shipments["shp_1"]), status])
        with pytest.raises(ProviderUnavailable, match=rf"127\.0\.0\.1 answered {status}"):
            carrier.buy_label(PARCEL)
        assert [r.path for r in fake.requests].count("/v2/shipments/shp_1/buy") == 1

    def test_an_address_that_easypost_refuses(self, carrier: EasyPost, fake: FakeEasyPost) -> None:
        fault = {"field": "to_address.zip", "message": "is not a ZIP code"}
        fake.failures.extend([404, (422, error("SHIPMENT.INVALID_PARAMS", "Invalid.", fault))])
        with pytest.raises(InvalidCommand, match=r"to_address\.zip: is not a ZIP code"):
            carrier.buy_label(PARCEL)

    def test_a_wrong_key(self, fake: FakeEasyPost) -> None:
        with pytest.raises(ProviderUnavailable, match="key is not valid"):
            EasyPost(lambda: "another", fake.api).buy_label(PARCEL)

    def test_nobody_there(self) -> None:
        with serving() as gone:
            pass
        with pytest.raises(ProviderUnavailable, match=r"^127\.0\.0\.1: NewConnectionError$"):
            EasyPost(lambda: KEY, gone.api).buy_label(PARCEL)

    def test_a_label_that_is_no_pdf_is_not_kept(
        self, carrier: EasyPost, fake: FakeEasyPost
    ) -> None:
        carrier.buy_label(PARCEL)
        fake.failures.extend([(200, fake.shipments["shp_1"]), (200, b"<html>expired</html>")])
        with pytest.raises(ProviderUnavailable, match="no PDF"):
            carrier.buy_label(PARCEL)

    def test_a_label_is_fetched_as_safely_as_it_was_bought(
        self, carrier: EasyPost, fake: FakeEasyPost
    ) -> None:
        carrier.buy_label(PARCEL)
        fake.shipments["shp_1"]["postage_label"]["label_url"] = "file:///etc/passwd"
        with pytest.raises(ProviderUnavailable, match="not safe"):
            carrier.buy_label(PARCEL)


class TestKey:
    def test_it_is_the_entry_in_the_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(secrets, "read", {"providers": {"easypost": "EZAK1"}}.get)
        carrier = easypost.build(Settings(providers_secret="providers"))
        assert isinstance(carrier, EasyPost)
        assert carrier._key() == "EZAK1"

    def test_nobody_has_put_it_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(secrets, "read", {"providers": {"unused": "x"}}.get)
        with pytest.raises(RuntimeError, match="providers has no entry 'easypost'"):
            secrets.entry("providers", "easypost")

    def test_callbacks_are_read_without_it(self) -> None:
        assert easypost.build(Settings()).parse(callback(tracker())) != ()


SCAN = {
    "object": "TrackingDetail",
    "message": "Arrived at facility",
    "status": "in_transit",
    "status_detail": "arrived_at_facility",
    "datetime": "2026-03-02T09:00:00Z",
    "tracking_location": {"city": "Reno", "state": "NV", "country": None, "zip": "89501"},
}


def tracker(*scans: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": "trk_1",
        "object": "Tracker",
        "tracking_code": "EZ1000000001",
        "status": "in_transit",
        "status_detail": "arrived_at_facility",
        "carrier": "USPS",
        "created_at": "2026-03-01T08:00:00Z",
        "updated_at": "2026-03-02T10:00:00Z",
        "tracking_details": list(scans),
        **changed,
    }


def callback(result: object, description: object = "tracker.updated") -> bytes:
    event = {"id": "evt_1", "object": "Event", "description": description, "result": result}
    return json.dumps(event | {"created_at": "2026-03-02T10:00:01Z"}).encode()


def parse(body: bytes) -> Sequence[CarrierNews]:
    return EasyPost(lambda: KEY).parse(body)


def followed(*told: CarrierNews) -> Shipment:
    """The parcel after this news, each once, as `domain.shipping.track` follows it."""
    free = Money(minor=0, currency="USD")
    parcel = Shipment(
        shipment_id="O-1-F1-P1",
        fulfillment_order_id="O-1-F1",
        location_id="workshop",
        lines=(),
        weight_grams=1,
        amount=free,
        order_amount=free,
        packed_at=datetime(2014, 1, 1, tzinfo=UTC),
    )
    for key in dict.fromkeys(one.tracking.key for one in told):
        news = next(one.tracking for one in told if one.tracking.key == key)
        if parcel.follows(news):
            parcel = parcel.model_copy(update={"status": news.status, "status_at": news.at})
    return parcel


class TestParse:
    def test_a_scan_in_our_words(self) -> None:
        scan, whole = parse(callback(tracker(SCAN)))
        assert (scan.carrier, scan.tracking_number) == ("easypost", "EZ1000000001")
        assert scan.tracking.status is ShipmentStatus.IN_TRANSIT
        assert scan.tracking.at == datetime(2026, 3, 2, 9, tzinfo=UTC)
        assert scan.tracking.code == "in_transit/arrived_at_facility"
        assert scan.tracking.text == "Arrived at facility"
        assert scan.tracking.place == "Reno, NV, 89501"
        assert whole.tracking.at == scan.tracking.at

    def test_every_callback_repeats_the_history_under_the_same_keys(self) -> None:
        first = parse(callback(tracker(SCAN), "tracker.created"))
        later = SCAN | {"datetime": "2026-03-03T09:00:00Z"}
        second = parse(callback(tracker(SCAN, later, updated_at="2026-03-03T10:00:00Z")))
        assert first[0] == second[0]
        assert len({one.tracking.key for one in (*first, *second)}) == 4

    def test_the_same_second_the_same_word_another_place(self) -> None:
        there = SCAN | {"tracking_location": {"city": "Elko"}}
        news = parse(callback(tracker(SCAN, there)))
        assert len({one.tracking.key for one in news}) == 3

    @pytest.mark.parametrize("status", [*STATUSES, "unknown", "", None, "teleported"])
    def test_what_a_scan_means(self, status: str | None) -> None:
        scan, _ = parse(callback(tracker(SCAN | {"status": status})))
        assert scan.tracking.status is STATUSES.get(status or "")

    @pytest.mark.parametrize("status", [*TRACKER_STATUSES, "unknown", None])
    def test_what_the_whole_tracker_means(self, status: str | None) -> None:
        (whole,) = parse(callback(tracker(status=status)))
        assert whole.tracking.status is TRACKER_STATUSES.get(status or "")
        assert whole.tracking.at == datetime(2026, 3, 2, 10, tzinfo=UTC)

    def test_unknown_changes_nothing(self) -> None:
        known = parse(callback(tracker(SCAN)))
        later = SCAN | {"status": "unknown", "datetime": "2026-03-05T09:00:00Z"}
        unknown = parse(callback(tracker(SCAN, later, status="unknown")))
        assert followed(*known, *unknown).status is ShipmentStatus.IN_TRANSIT

    def test_failed_attempts_do_not_end_a_parcel(self) -> None:
        failed = [SCAN | {"status": "failure", "datetime": f"2026-03-0{n}"} for n in range(3, 8)]
        on_hold = parse(callback(tracker(SCAN, *failed)))
        delivered = SCAN | {"status": "delivered", "datetime": "2026-03-09T12:00:00Z"}
        arrived = parse(callback(tracker(SCAN, *failed, delivered, status="delivered")))
        assert followed(*on_hold[:-1]).status is ShipmentStatus.EXCEPTION
        assert followed(*on_hold, *arrived).status is ShipmentStatus.DELIVERED

    def test_a_canceled_pickup_is_no_canceled_parcel(self) -> None:
        canceled = SCAN | {"status": "cancelled", "datetime": "2026-03-01"}
        assert followed(*parse(callback(tracker(canceled, SCAN)))).status is (
            ShipmentStatus.IN_TRANSIT
        )

    def test_what_came_back_is_not_delivered(self) -> None:
        back = SCAN | {"status": "return_to_sender", "datetime": "2026-03-03"}
        home = SCAN | {"status": "delivered", "datetime": "2026-03-06"}
        news = parse(callback(tracker(SCAN, back, home, status="delivered")))
        assert followed(*news).status is ShipmentStatus.RETURN_TO_SENDER

    @pytest.mark.parametrize("reverse", [False, True])
    def test_a_scan_that_comes_late_still_counts(self, reverse: bool) -> None:
        early = parse(callback(tracker(SCAN)))
        out = SCAN | {"status": "out_for_delivery", "datetime": "2026-03-02T09:30:00Z"}
        late = parse(callback(tracker(SCAN, out, status="out_for_delivery")))
        told = (*late, *early) if reverse else (*early, *late)
        assert followed(*told).status is ShipmentStatus.OUT_FOR_DELIVERY

    def test_nulls_and_naive_times(self) -> None:
        bare = {"status": "delivered", "datetime": None, "tracking_location": None, "message": None}
        naive = SCAN | {"datetime": "2026-03-02T09:00:00", "tracking_location": {"zip": 89501}}
        undated, dated, whole = parse(callback(tracker(bare, naive)))
        assert undated.tracking.status is None
        assert undated.tracking.at == datetime(2026, 3, 2, 10, tzinfo=UTC)
        assert dated.tracking.at == datetime(2026, 3, 2, 9, tzinfo=UTC)
        assert dated.tracking.place == "89501"
        assert whole.tracking.status is ShipmentStatus.IN_TRANSIT

    def test_a_tracker_without_any_time_is_as_old_as_its_callback(self) -> None:
        timeless = tracker(tracking_details=None, updated_at=None, created_at="")
        (whole,) = parse(callback(timeless))
        assert whole.tracking.at == datetime(2026, 3, 2, 10, 0, 1, tzinfo=UTC)
        with pytest.raises(InvalidCommand, match="has a time"):
            parse(json.dumps(timeless).encode())

    @pytest.mark.parametrize(
        "kind", ["batch.created", "refund.successful", "insurance.purchased", "", None]
    )
    def test_news_of_other_things_is_none(self, kind: str | None) -> None:
        assert list(parse(callback({"id": "batch_1", "object": "Batch"}, kind))) == []

    def test_a_tracker_that_is_not_brought_is_no_news(self) -> None:
        assert list(parse(callback(None, "tracker.created"))) == []

    @pytest.mark.parametrize(
        ("result", "at_fault"),
        [
            ("text", "result"),
            ({}, "result.tracking_code"),
            (tracker(tracking_code=""), "result.tracking_code"),
            (tracker("text"), "result.tracking_details.0"),  # type: ignore[arg-type]
            (tracker(SCAN | {"datetime": "soon"}), "result.tracking_details.0.datetime"),
            (tracker(SCAN | {"datetime": "0001-01-01T00:00:00+14:00"}), "result"),
            (tracker(SCAN | {"tracking_location": []}), "result.tracking_details.0"),
            (tracker(status={}), "result.status"),
            (tracker(updated_at=[]), "result.updated_at"),
        ],
    )
    def test_a_malformed_tracker_is_refused_at_its_path(
        self, result: object, at_fault: str
    ) -> None:
        with pytest.raises(InvalidCommand) as refused:
            parse(callback(result))
        assert all(path.startswith(at_fault) for path in refused.value.faults)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from([*tracker(), *SCAN, "city", "x"]), inner, max_size=6
                )
            ),
        )
    )
    def test_whatever_comes_is_news_or_refused(self, result: object) -> None:
        for body in (callback(result), json.dumps(result).encode()):
            try:
                parse(body)
            except InvalidCommand:
                continue


def recorded() -> list[Any]:
    if not PAYLOADS.exists():
        skip = pytest.mark.skip(reason="../shared/providers is absent: no recorded payloads")
        return [pytest.param(None, marks=skip)]
    return [pytest.param(file, id=file.stem) for file in sorted(PAYLOADS.glob("*.json"))]


EXPECTED: dict[str, Callable[[Sequence[CarrierNews]], bool]] = {
    "batch-created-1": lambda news: not news,
    "event-1": lambda news: not news,
    "tracker-pre_transit-1": lambda news: _is(news, ShipmentStatus.PRE_TRANSIT, scans=2),
    "tracker-in_transit-1": lambda news: _is(news, ShipmentStatus.IN_TRANSIT, scans=6),
    "tracker-out_for_delivery-1": lambda news: _is(news, ShipmentStatus.OUT_FOR_DELIVERY, scans=7),
    "tracker-delivered-1": lambda news: _is(news, ShipmentStatus.DELIVERED, scans=8),
    "tracker-updated-1": lambda news: (
        _is(news, ShipmentStatus.DELIVERED, scans=6)  # the delivery is dated before every scan
        and followed(*news).status_at == datetime(2014, 11, 19, 10, 51, 54, tzinfo=UTC)
    ),
    "tracker-updated-2": lambda news: (
        _is(news, ShipmentStatus.IN_TRANSIT, scans=7)
        and news[0].tracking.place == "32837, US"
        and followed(*news).status_at == datetime(2024, 7, 31, 19, 27, tzinfo=UTC)
    ),
}


def _is(news: Sequence[CarrierNews], status: ShipmentStatus, *, scans: int) -> bool:
    """So many scans, and the same end in whatever order they come."""
    ends = {followed(*news).status, followed(*reversed(news)).status}
    return len(news) == scans + 1 and ends == {status}


@pytest.mark.parametrize("file", recorded())
def test_a_recorded_payload(file: Path) -> None:
    news = parse(file.read_bytes())
    assert EXPECTED[file.stem](news)
    assert all(one.carrier == "easypost" and one.tracking_number for one in news)
