"""Work orders on paper: what the workshop reads is what the customer said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab import rl_config

from doorstep.adapters import work_orders
from doorstep.domain.catalog import WorkStep
from doorstep.ports import WorkSheet

SHEET = WorkSheet(
    work_order_id="O-ABCDEFGHIJKLMNOP-F1-M1",
    version=2,
    order_name="#1001",
    place="Workshop Florence",
    due="Tue 10 Mar 2026",
    promised="Fri 13 Mar 2026",
    name="Oak board",
    sku="BOARD",
    quantity=3,
    instructions={"engraving": "Für Zoë\n& Ada", "wood": "walnut"},
    steps=(WorkStep(name="Engrave", skill="engraving", minutes=25), WorkStep(name="Wrap")),
    country="IT",
)


def render(**changes: object) -> str:
    return work_orders.render(SHEET.model_copy(update=changes)).decode("latin-1")


@pytest.fixture(autouse=True)
def _readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rl_config, "pageCompression", 0)


def test_what_is_printed() -> None:
    page = render()
    for words in (
        "Workshop Florence",
        "Due Tue 10 Mar 2026",
        "Promised for Fri 13 Mar 2026",
        "Order #1001",
        "3 \\327 Oak board",
        "BOARD",
        "engraving",
        "F\\374r Zo\\353",
        "& Ada",
        "walnut",
        "1. Engrave \\(engraving, 25 min\\)",
        "2. Wrap",
        "Quality check",
        "O-ABCDEFGHIJKLMNOP-F1-M1",
        "Version 2, page 1",
    ):
        assert f"({words}) Tj" in page
    assert page.count(" re ") >= 3  # boxes to tick, and the bars
    assert "Not all of this" not in page


@pytest.mark.parametrize("said", ["שלום", "हिन्दी", "❤ 🎉", "مرحبا"])
def test_what_cannot_be_printed_is_said_so(said: str) -> None:
    page = render(instructions={"engraving": said})
    assert "Not all of this can be printed" in page
    assert f"U+{ord(said[0]):04X}" in page


@pytest.mark.parametrize("said", ["Łukasz", "Σοφία", "Жанна", "祝寿", "한글", "ñ"])
def test_what_can_be_printed_needs_no_warning(said: str) -> None:
    assert "Not all of this" not in render(instructions={"engraving": said})


def test_many_steps_go_on_on_the_next_page() -> None:
    page = render(steps=tuple(WorkStep(name=f"Step {n} " + "long " * 30) for n in range(30)))
    assert "Version 2, page 2" in page
    assert page.count("(O-ABCDEFGHIJKLMNOP-F1-M1) Tj") >= 2


def test_the_same_sheet_makes_the_same_bytes() -> None:
    assert render() == render()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
def test_no_text_crashes_it(said: str, name: str) -> None:
    render(instructions={name: said}, name=name, place=name, sku=said, order_name=name)
