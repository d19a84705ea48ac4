"""The promise from the places that could ship: their calendars, their stock, their cut-offs."""

from datetime import UTC, datetime
from typing import Any

from doorstep.domain.address import Address
from doorstep.domain.calendar import Calendar
from doorstep.domain.catalog import MADE_TO_ORDER, SHIP, Location
from doorstep.domain.promise import Promise, Wanted, promise_from
from tests import builders as a

GERMAN = Calendar(time_zone="Europe/Berlin")
SLOW = Calendar(time_zone="Europe/Berlin", processing_days=4)
MUG = Wanted("MUG", 2)
CUP = Wanted("CUP", 1)
PEN = Wanted("PEN", 1, frozenset({SHIP, MADE_TO_ORDER}), production_days=5)

BERLIN = a.location("BERLIN", calendar=GERMAN)
HAMBURG = a.location("HAMBURG", a.HAMBURG, calendar=SLOW)
WORKSHOP = a.location("WORKSHOP", kind="workshop", calendar=GERMAN)


def promised(
    *wanted: Wanted,
    places: tuple[Location, ...] = (BERLIN, HAMBURG),
    stock: dict[tuple[str, str], int] | None = None,
    to: Address | None = a.BERLIN,
    at: datetime = a.NOW,
    **option: Any,
) -> Promise:
    return promise_from(places, a.delivery(**option), wanted, stock or {}, to=to, at=at)


def test_the_soonest_place_that_has_everything() -> None:
    made = promised(MUG, stock={("MUG", "BERLIN"): 2, ("MUG", "HAMBURG"): 9})
    assert made.places == ("BERLIN",)
    assert f"{made.ship_by:%d %H:%M}" == "03 22:59"
    made = promised(MUG, stock={("MUG", "BERLIN"): 1, ("MUG", "HAMBURG"): 9})
    assert made.places == ("HAMBURG",)
    assert (made.processing_days, f"{made.ship_by:%d}") == (4, "06")


def test_a_split_is_promised_for_its_last_parcel() -> None:
    made = promised(MUG, CUP, stock={("MUG", "BERLIN"): 9, ("CUP", "HAMBURG"): 9})
    assert made.places == ("BERLIN", "HAMBURG")
    assert f"{made.ship_by:%d}" == "06"


def test_lines_of_one_sku_are_summed() -> None:
    stock = {("MUG", "BERLIN"): 3, ("MUG", "HAMBURG"): 4}
    assert promised(MUG, MUG, stock=stock).places == ("HAMBURG",)


def test_a_barred_place_is_not_promised_from() -> None:
    barred = MUG._replace(barred=frozenset({"BERLIN"}))
    both = {("MUG", "BERLIN"): 9, ("MUG", "HAMBURG"): 9}
    assert promised(barred, stock=both).places == ("HAMBURG",)
    split = promised(barred, CUP, stock={**both, ("CUP", "BERLIN"): 1})
    assert split.places == ("HAMBURG", "BERLIN")
    assert promised(barred).places == ("HAMBURG",), "stock is nowhere"


def test_what_only_barred_places_have_is_not_promised() -> None:
    barred = MUG._replace(barred=frozenset({"BERLIN"}))
    stock = {("MUG", "BERLIN"): 9, ("MUG", "HAMBURG"): 1}
    assert promised(barred, stock=stock) is None
    assert promised(barred, CUP, stock=stock) is None, "whatever else is wanted"
    everywhere = MUG._replace(barred=frozenset({"BERLIN", "HAMBURG"}))
    assert promised(everywhere) is None, "nor what might come there"


def test_what_is_made_to_order_comes_from_a_workshop() -> None:
    stock = {("PEN", "BERLIN"): 9, ("PEN", "WORKSHOP"): 1}
    made = promised(PEN, places=(BERLIN, WORKSHOP), stock=stock)
    assert made.places == ("WORKSHOP",)
    assert f"{made.ship_by:%d %b}" == "10 Mar"


def test_a_place_that_is_switched_off_promises_nothing() -> None:
    off = BERLIN.model_copy(update={"active": False})
    assert promised(MUG, places=(off, HAMBURG), stock={("MUG", "BERLIN"): 9}).places == ("HAMBURG",)


def test_without_stock_the_soonest_place_counts_and_without_places_plain_working_days() -> None:
    assert promised(MUG).places == ("BERLIN",)
    made = promised(MUG, places=())
    assert (made.places, f"{made.deliver_by:%a %d %H:%M}") == ((), "Fri 06 23:59")


def test_a_holiday_where_it_ships_and_a_holiday_where_it_goes() -> None:
    """Reformation Day 2028 is a Tuesday, free in Hamburg; All Saints, in Bavaria, is the next."""
    hamburg = a.location("HAMBURG", a.HAMBURG, calendar=GERMAN)
    munich = Address(region="BY", country="DE")
    at = datetime(2028, 10, 30, 9, tzinfo=UTC)
    here = {"places": (hamburg,), "at": at, "transit_days": 1}
    made = promised(MUG, to=munich, **here)
    assert f"{made.ship_by:%d %b}, {made.deliver_by:%d %b}" == "01 Nov, 02 Nov"
    berlin = a.location("BERLIN", calendar=GERMAN)
    made = promised(MUG, to=munich, **here | {"places": (berlin,)})
    assert f"{made.ship_by:%d %b}, {made.deliver_by:%d %b}" == "31 Oct, 02 Nov"


def test_a_place_that_does_not_ship_promises_nothing() -> None:
    gallery = a.location("GALLERY", kind="showroom", calendar=HAMBURG.calendar)
    stock = {("MUG", "GALLERY"): 9, ("MUG", BERLIN.location_id): 9}
    assert promised(MUG, places=(gallery, BERLIN), stock=stock).places == (BERLIN.location_id,)


def test_whoever_orders_before_the_cut_off_is_promised_the_same() -> None:
    made = promised(MUG)
    assert made.order_by == datetime(2026, 3, 2, 14, tzinfo=UTC)
    late = promised(MUG, at=made.order_by)
    assert late.ship_by > made.ship_by
    assert late.order_by == datetime(2026, 3, 3, 14, tzinfo=UTC)


def test_the_earlier_cut_off_counts_that_of_the_option_or_that_of_the_place() -> None:
    assert promised(MUG, cutoff="12:00").order_by == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert promised(MUG, cutoff="18:00").order_by == datetime(2026, 3, 2, 14, tzinfo=UTC)


def test_an_option_may_be_processed_faster_than_the_place_does_by_itself() -> None:
    made = promised(MUG, places=(HAMBURG,), processing_days=0, transit_days=0)
    assert f"{made.ship_by:%d} {made.deliver_by:%d}" == "02 02"


def test_over_the_year_with_the_clock_put_forward() -> None:
    """Ordered on the Friday before the clock changes: each end of day by its own clock."""
    at = datetime(2026, 3, 27, 9, tzinfo=UTC)
    made = promised(MUG, at=at)
    assert made.order_by == datetime(2026, 3, 27, 14, tzinfo=UTC)
    assert made.ship_by == datetime(2026, 3, 30, 21, 59, 59, tzinfo=UTC)
    new_year = promised(MUG, at=datetime(2026, 12, 30, 15, tzinfo=UTC))
    assert (
        f"{new_year.ship_by:%Y-%m-%d}, {new_year.deliver_by:%Y-%m-%d}" == "2027-01-04, 2027-01-07"
    )
