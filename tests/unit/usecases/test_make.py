"""Made to order: what the customer said is understood, corrected, and made."""

import pytest

from doorstep.domain.catalog import WorkStep
from doorstep.domain.errors import IllegalTransition, InvalidCommand
from doorstep.domain.order import FulfillmentState, Order
from doorstep.domain.personalization import ChoiceOption, TextOption
from doorstep.domain.work import WorkItemStatus
from doorstep.usecases.checkout import WantedLine
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
