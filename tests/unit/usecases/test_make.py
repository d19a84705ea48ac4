"""Made to order: what the customer said is understood, corrected, and made."""

from datetime import timedelta

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain import making
from doorstep.domain.canceling import too_late
from doorstep.domain.catalog import Terms, WorkStep
from doorstep.domain.errors import (
    IllegalTransition,
    InvalidCommand,
    NotFound,
    OutOfStock,
    QuantityExceeded,
)
from doorstep.domain.fulfillment import FulfillmentOrder, FulfillmentStatus
from doorstep.domain.order import FulfillmentState, Order, OrderStatus
from doorstep.domain.personalization import ChoiceOption, TextOption
from doorstep.domain.production import ProductionState, WorkOrder
from doorstep.domain.promise_ledger import promise_ledger
from doorstep.domain.work import WorkItemStatus
from doorstep.ports import WorkSheet
from doorstep.usecases.cart import WantedLine
from tests import builders as a
from tests.shop import Shop

PEN = a.product(
    "PEN",
    kind="made_to_order",
    production_days=5,
    options=(
        TextOption(name="engraving", max_length=20),
        ChoiceOption(name="ink", values=("blue", "black")),
    ),
    steps=(WorkStep(name="Engrave the cap", skill="engraving", minutes=12), WorkStep(name="Wrap")),
    returnable=False,
)
SAID = {"engraving": "For Ada", "ink": "blue"}
SKILLED = ("ship", "engraving")


@pytest.fixture
def shop() -> Shop:
    """A shop with a workshop that engraves pens."""
    shop = Shop()
    shop.catalog.save(PEN, a.location("ATELIER", kind="workshop", capabilities=SKILLED))
    shop.gets("PEN", ATELIER=5)
    return shop


def wants(shop: Shop, *said: dict[str, str], units: int = 1) -> Order:
    """Somebody orders a line of pens for each of these instructions."""
    lines = tuple(WantedLine(sku="PEN", quantity=units, instructions=one) for one in said)
    return shop.check_out(a.cart(lines=lines)).order


# --- what is understood ---------------------------------------------------------------------------


def test_every_fault_of_a_personalization_is_named_at_its_path(shop: Shop) -> None:
    with pytest.raises(InvalidCommand) as refusal:
        wants(shop, {"engraving": "x" * 21, "ink": "red"}, {"ink": "blue", "nib": "M"})
    assert set(refusal.value.faults) == {
        "lines.0.instructions.engraving",
        "lines.0.instructions.ink",
        "lines.1.instructions.engraving",
        "lines.1.instructions.nib",
    }


def test_what_is_kept_is_in_the_spelling_of_the_catalog(shop: Shop) -> None:
    order = wants(shop, {"engraving": " Zoe\u0308 ", "ink": "BLUE"})
    assert order.lines[0].instructions == {"engraving": "Zoë", "ink": "blue"}


def test_a_paid_order_that_says_nothing_waits_and_is_never_refused(shop: Shop) -> None:
    order = shop.hears(a.storefront_order(a.sold("7", "PEN", instructions={"ink": "red"})))
    assert order
    shop.settle()
    order = shop.order(order.order_id)
    assert order.fulfillment_state is FulfillmentState.UNALLOCATED
    assert order.holds[0].reasons == (
        "lines.7.engraving: this piece is made to order: say how",
        "lines.7.ink: one of: blue, black",
    )
    (item,) = order.work_items
    assert (item.cause, item.status) == ("personalization", WorkItemStatus.OPEN)
    assert "red" not in item.text
    assert order.lines[0].instructions == {"ink": "red"}
    assert shop.left("PEN") == (4, 1)
    shop.check()


def test_it_goes_on_once_somebody_has_asked(shop: Shop) -> None:
    order = shop.hears(a.storefront_order(a.sold("7", "PEN", instructions={"gift": "for Bob"})))
    assert order
    shop.settle()
    for _ in range(2):
        shop.instructs(order.order_id, L7=SAID)
    shop.settle()
    order = shop.order(order.order_id)
    assert not order.on_hold
    assert order.work_items[0].status is WorkItemStatus.CLOSED
    (one,) = order.fulfillment_orders
    assert one.lines[0].instructions == {**SAID, "gift": "for Bob"}
    assert shop.heard(order.order_id).count("order.instructions_changed") == 1
    shop.check()


def test_it_waits_until_every_line_is_understood(shop: Shop) -> None:
    pens = (a.sold("1", "PEN"), a.sold("2", "PEN"))
    order = shop.hears(a.storefront_order(*pens))
    assert order
    assert shop.instructs(order.order_id, L1=SAID).on_hold
    assert not shop.instructs(order.order_id, L2=SAID).on_hold


def test_a_canceled_order_is_not_asked_about(shop: Shop) -> None:
    order = shop.hears(a.storefront_order(a.sold("1", "PEN")))
    assert order
    shop.hears_cancellation("820982911946154508")
    canceled = shop.order(order.order_id)
    assert canceled.work_items[0].status is WorkItemStatus.CLOSED
    with pytest.raises(IllegalTransition):
        shop.instructs(order.order_id, L1=SAID)


# --- what is corrected ----------------------------------------------------------------------------


def test_instructions_are_corrected_where_the_piece_is_to_be_made(shop: Shop) -> None:
    order = wants(shop, SAID)
    shop.settle()
    shop.instructs(order.order_id, L1={**SAID, "engraving": "For Bob"})
    (one,) = shop.order(order.order_id).fulfillment_orders
    assert one.lines[0].instructions["engraving"] == "For Bob"


def test_a_correction_with_faults_changes_nothing(shop: Shop) -> None:
    order = wants(shop, SAID)
    with pytest.raises(InvalidCommand) as refusal:
        shop.instructs(order.order_id, L1={"ink": "red", "nib": "M"}, L9=SAID)
    assert set(refusal.value.faults) == {
        "lines.1.engraving",
        "lines.1.ink",
        "lines.1.nib",
        "lines.9",
    }
    assert shop.order(order.order_id).version == order.version


# --- who makes it ---------------------------------------------------------------------------------


def test_a_workshop_without_the_skill_is_not_asked(shop: Shop) -> None:
    shop.catalog.save(a.location("CARPENTER", kind="workshop", priority=1))
    shop.gets("PEN", CARPENTER=5)
    order = wants(shop, SAID)
    assert order.promise
    assert order.promise.places == ("ATELIER",)
    shop.settle()
    (one,) = shop.order(order.order_id).fulfillment_orders
    assert one.location_id == "ATELIER"


# --- in the workshop ------------------------------------------------------------------------------


def ordered(shop: Shop, *said: dict[str, str], units: int = 1) -> tuple[Order, str]:
    """An order that the workshop has on its list, and its first work order."""
    order = wants(shop, *(said or (SAID,)), units=units)
    shop.settle()
    return shop.order(order.order_id), f"{order.order_id}-F1-M1"


def work(shop: Shop, key: str) -> WorkOrder:
    return making.work_on(shop.order_of(key), key).order


def test_a_work_order_has_the_steps_of_the_product(shop: Shop) -> None:
    order, key = ordered(shop, SAID, {**SAID, "ink": "black"})
    first, second = order.fulfillment_orders[0].lines
    assert first.work_order
    assert second.work_order
    assert (first.work_order.work_order_id, first.work_order.steps) == (key, PEN.steps)
    assert second.work_order.work_order_id == f"{order.order_id}-F1-M2"
    assert first.work_order.state is ProductionState.QUEUED


def test_what_is_only_picked_has_none(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1)
    order = shop.sold(("MUG", 1))
    assert order.fulfillment_orders[0].lines[0].work_order is None


def test_from_queued_to_done_each_step_has_its_time_and_its_event(shop: Shop) -> None:
    order, key = ordered(shop)
    for step in (shop.begins, shop.finishes, shop.fails, shop.finishes, shop.passes):
        shop.advance(hours=1)
        step(key)
    done = work(shop, key)
    assert [(str(p.state), (p.at - a.NOW).seconds // 3600) for p in done.passages] == [
        ("queued", 0),
        ("in_production", 1),
        ("quality_check", 2),
        ("in_production", 3),
        ("quality_check", 4),
        ("done", 5),
    ]
    assert [name for name in shop.heard(order.order_id) if name.startswith("work_order")] == [
        "work_order.started",
        "work_order.finished",
        "work_order.failed",
        "work_order.finished",
        "work_order.passed",
    ]
    steps = promise_ledger(shop.order(order.order_id), at=shop.clock())
    assert steps
    assert steps.steps.begun_at == a.NOW + timedelta(hours=3)
    assert steps.steps.made_at == a.NOW + timedelta(hours=5)
    shop.check()


def test_who_starts_has_accepted(shop: Shop) -> None:
    order, key = ordered(shop)
    shop.begins(key)
    assert shop.fulfillment_order(f"{order.order_id}-F1").status is FulfillmentStatus.ACCEPTED
    assert shop.heard(order.order_id).count("fulfillment_order.accepted") == 1


def test_no_step_is_left_out_or_taken_twice(shop: Shop) -> None:
    _, key = ordered(shop)
    for too_soon in (shop.finishes, shop.passes, shop.fails):
        with pytest.raises(IllegalTransition):
            too_soon(key)
    shop.begins(key)
    for again in (shop.begins, shop.passes, shop.fails):
        with pytest.raises(IllegalTransition):
            again(key)
    shop.finishes(key)
    shop.fails(key)
    assert work(shop, key).reason == "crooked"
    with pytest.raises(IllegalTransition):
        shop.begins(key)


def test_what_is_not_made_yet_is_not_packed(shop: Shop) -> None:
    order, key = ordered(shop, SAID, SAID)
    shop.makes(key)
    with pytest.raises(IllegalTransition, match=rf"{order.order_id}-F1-M2 is queued"):
        shop.packs(f"{order.order_id}-F1")
    shop.makes(f"{order.order_id}-F1-M2")
    shop.packs(f"{order.order_id}-F1")
    shop.settle()
    shop.check()
    assert shop.order(order.order_id).fulfillment_state is FulfillmentState.SHIPPED


def test_an_order_of_before_has_no_work_order_and_is_packed(shop: Shop) -> None:
    order, _ = ordered(shop)
    row = order.fulfillment_orders[0].model_dump(exclude={"lines": {"__all__": {"work_order"}}})
    old = FulfillmentOrder.model_validate(row)
    shop.orders.commit(order.with_fulfillment_order(old))
    shop.packs(f"{order.order_id}-F1")


def test_a_piece_that_is_spoiled_is_made_again_of_what_is_left(shop: Shop) -> None:
    order, key = ordered(shop, units=2)
    shop.begins(key)
    shop.finishes(key)
    for _ in range(2):
        shop.scraps(key, 1)
    made_again = work(shop, key)
    assert (made_again.state, made_again.scrapped) == (ProductionState.IN_PRODUCTION, 1)
    assert shop.at("ATELIER", "PEN") == (4, 2, 2)
    assert shop.left("PEN") == (2, 0)
    shop.check()
    shop.finishes(key)
    shop.passes(key)
    shop.scraps(key, 2)
    assert work(shop, key).state is ProductionState.IN_PRODUCTION
    shop.check()
    assert shop.heard(order.order_id).count("work_order.scrapped") == 2


def test_with_nothing_left_to_make_it_of_it_is_not_made_again(shop: Shop) -> None:
    order, key = ordered(shop, units=5)
    shop.begins(key)
    before = shop.order(order.order_id).version
    with pytest.raises(OutOfStock):
        shop.scraps(key, 1)
    assert shop.order(order.order_id).version == before
    shop.check()


def test_a_piece_that_is_spoiled_and_not_made_again_is_made_elsewhere(shop: Shop) -> None:
    order, key = ordered(shop, units=3)
    other = a.location("OTHER", kind="workshop", capabilities=SKILLED, priority=900)
    shop.catalog.save(other)
    shop.gets("PEN", OTHER=2)
    shop.begins(key)
    for _ in range(2):
        shop.scraps(key, 1, again=False)
    shop.settle()
    here, there = shop.order(order.order_id).fulfillment_orders
    assert (here.quantity, there.location_id, there.quantity) == (2, "OTHER", 1)
    assert shop.at("ATELIER", "PEN") == (4, 2, 2)
    shop.check()


def test_when_every_piece_is_spoiled_the_fulfillment_order_ends(shop: Shop) -> None:
    order, key = ordered(shop, units=2)
    shop.begins(key)
    shop.scraps(key, 2, again=False)
    shop.settle()
    ended, *_ = shop.order(order.order_id).fulfillment_orders
    assert ended.status is FulfillmentStatus.SHORT
    shop.check()


@pytest.mark.parametrize("pieces", [3, 9])
def test_no_more_is_spoiled_than_there_is(shop: Shop, pieces: int) -> None:
    _, key = ordered(shop, units=2)
    with pytest.raises(IllegalTransition, match="queued"):
        shop.scraps(key, 1)
    shop.begins(key)
    with pytest.raises(QuantityExceeded):
        shop.scraps(key, pieces, again=False)
    shop.scraps(key, 2)
    with pytest.raises(QuantityExceeded):
        shop.scraps(key, 1)
    shop.check()


# --- what cannot be taken back --------------------------------------------------------------------


def test_a_workshop_may_say_no_until_it_begins(shop: Shop) -> None:
    order, key = ordered(shop)
    one = f"{order.order_id}-F1"
    shop.begins(key)
    for refused in (shop.rejects, lambda key: shop.misses(key, L1=1)):
        with pytest.raises(IllegalTransition, match="in_production"):
            refused(one)
    with pytest.raises(IllegalTransition, match="in_production"):
        shop.instructs(order.order_id, L1={**SAID, "engraving": "For Bob"})
    shop.check()


def test_a_rejected_piece_is_made_elsewhere_from_the_beginning(shop: Shop) -> None:
    shop.catalog.save(a.location("OTHER", kind="workshop", capabilities=SKILLED, priority=900))
    shop.gets("PEN", OTHER=2)
    order, _ = ordered(shop)
    shop.rejects(f"{order.order_id}-F1")
    shop.settle()
    _, there = shop.order(order.order_id).fulfillment_orders
    shop.makes(f"{there.fulfillment_order_id}-M1")
    shop.packs(there.fulfillment_order_id)
    shop.settle()
    shop.check()


def test_until_work_begins_it_is_canceled(shop: Shop) -> None:
    order, _ = ordered(shop)
    assert shop.cancels(order.order_id).status is OrderStatus.CANCELED
    assert shop.left("PEN") == (5, 0)
    shop.check()


def test_once_work_has_begun_it_is_not_canceled_and_the_answer_says_why(shop: Shop) -> None:
    order, key = ordered(shop)
    shop.begins(key)
    with pytest.raises(IllegalTransition, match="in production already"):
        shop.cancels(order.order_id)
    (kept,) = too_late(shop.order(order.order_id))
    assert (kept.line_id, kept.quantity, kept.reason) == ("1", 1, "in_production")
    shop.check()


def test_the_rest_of_the_order_is_canceled(shop: Shop) -> None:
    """One line is begun, one only queued in the same workshop, one is at a warehouse."""
    shop.sells("MUG", BERLIN=2)
    pens = [WantedLine(sku="PEN", quantity=2, instructions=SAID) for _ in range(2)]
    lines = (*pens, WantedLine(sku="MUG", quantity=1))
    order = shop.check_out(a.cart(lines=lines)).order
    shop.settle()
    shop.begins(f"{order.order_id}-F1-M1")
    canceled = shop.cancels(order.order_id)
    shop.settle()
    assert [(line.line_id, line.canceled) for line in canceled.lines] == [
        ("1", 0),
        ("2", 2),
        ("3", 1),
    ]
    assert [settled.line_id for settled in too_late(canceled)] == ["1"]
    (here,) = [one for one in canceled.fulfillment_orders if one.location_id == "ATELIER"]
    assert [part.line_id for part in here.lines] == ["1"]
    assert shop.left("PEN") == (3, 0)
    assert shop.left("MUG") == (2, 0)
    shop.check()
    shop.finishes(f"{order.order_id}-F1-M1")
    shop.passes(f"{order.order_id}-F1-M1")
    shop.packs(here.fulfillment_order_id)
    shop.settle()
    shop.check()
    assert shop.order(order.order_id).fulfillment_state is FulfillmentState.SHIPPED


def test_an_agent_may_force_it_and_what_was_begun_is_scrapped(shop: Shop) -> None:
    order, key = ordered(shop, SAID, SAID, units=2)
    shop.begins(key)
    canceled = shop.cancels(order.order_id, "the customer died", force=True)
    shop.settle()
    assert canceled.status is OrderStatus.CANCELED
    assert shop.at("ATELIER", "PEN") == (3, 3, 0)
    assert shop.left("PEN") == (3, 0)
    (charge,) = shop.gateway.charges.values()
    assert charge.voided == charge.amount
    shop.check()


def test_a_storefront_that_cancels_too_late_makes_work_for_a_person(shop: Shop) -> None:
    order = shop.hears(a.storefront_order(a.sold("1", "PEN", instructions=SAID)))
    assert order
    shop.settle()
    shop.begins(f"{order.order_id}-F1-M1")
    for _ in range(2):
        shop.hears_cancellation("820982911946154508")
    kept = shop.order(order.order_id)
    assert kept.status is OrderStatus.PLACED
    assert [item.cause for item in kept.work_items] == ["canceled_in_production"]
    shop.check()


def test_a_piece_that_nobody_pays_for_is_scrapped_in_the_end(shop: Shop) -> None:
    line = WantedLine(sku="PEN", quantity=1, instructions=SAID)
    order = shop.check_out(a.cart(lines=(line,), token=Token.CAPTURE_DECLINE)).order
    shop.settle()
    shop.makes(f"{order.order_id}-F1-M1")
    shop.packs(f"{order.order_id}-F1")
    for _ in range(9):
        shop.settle()
        shop.advance(days=1)
        shop.alerts()
        shop.expires()
    shop.settle()
    assert shop.order(order.order_id).status is OrderStatus.CANCELED
    assert shop.at("ATELIER", "PEN") == (4, 4, 0)
    shop.check()


def test_a_location_that_makes_it_is_not_timed_out(shop: Shop) -> None:
    shop.catalog.save(
        a.location("ATELIER", kind="workshop", capabilities=SKILLED, terms=Terms(pack_hours=1))
    )
    order, key = ordered(shop)
    assert shop.fulfillment_order(f"{order.order_id}-F1").answer_by
    shop.begins(key)
    assert shop.fulfillment_order(f"{order.order_id}-F1").answer_by is None


# --- on paper -------------------------------------------------------------------------------------


def test_a_work_order_is_drawn_once_and_anew_for_other_instructions(shop: Shop) -> None:
    order, key = ordered(shop)
    assert shop.prints(key) == shop.prints(key) == f"work-orders/{key}-v1.pdf"
    shop.instructs(order.order_id, L1={**SAID, "engraving": "For Bob"})
    assert shop.prints(key) == f"work-orders/{key}-v2.pdf"
    assert b"For Ada" in shop.documents.get(f"work-orders/{key}-v1.pdf")
    assert b"For Bob" in shop.documents.get(f"work-orders/{key}-v2.pdf")
    assert shop.heard(order.order_id).count("work_order.printed") == 2
    shop.check()


def test_what_is_on_paper(shop: Shop) -> None:
    _, key = ordered(shop, units=2)
    sheet = WorkSheet.model_validate_json(shop.documents.get(shop.prints(key)))
    assert (sheet.place, sheet.name, sheet.sku, sheet.quantity) == ("ATELIER", "Pen", "PEN", 2)
    assert (sheet.due, sheet.promised) == ("Tue 10 Mar 2026", "Fri 13 Mar 2026")
    assert sheet.instructions == SAID
    assert sheet.steps == PEN.steps


def test_a_work_order_that_nobody_knows(shop: Shop) -> None:
    order, _ = ordered(shop)
    with pytest.raises(NotFound):
        shop.begins(f"{order.order_id}-F1-M9")
