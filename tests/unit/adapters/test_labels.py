"""Labels: every script that can be printed is printed, and nothing crashes them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab import rl_config

from doorstep.adapters import labels, lettering
from doorstep.domain.address import Address
from doorstep.ports import Consignment

SENDER = Address(name="Workshop", line1="Hauptstraße 1", city="Leipzig", country="DE")
RECIPIENT = Address(name="Zoë Müller", line1="Am Markt 2", city="Halle", country="DE")


def consignment(**changes: object) -> Consignment:
    given = Consignment(
        reference="O-ABC-F1-P1",
        sender=SENDER,
        recipient=RECIPIENT,
        weight_grams=1_250,
        service="next_day",
    )
    return given.model_copy(update=changes)


def render(**changes: object) -> bytes:
    return labels.render("Carrier", "DSX4245073826124525", consignment(**changes), "Notice.")


def test_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rl_config, "pageCompression", 0)
    page = render().decode("latin-1")
    for words in (
        "NEXT DAY",
        "Carrier",
        "Workshop",
        "Zo\\353 M\\374ller",
        "Am Markt 2",
        "Halle",
        "1.250 kg",
        "Ref O-ABC-F1-P1",
        "DSX4245073826124525",
        "Notice.",
    ):
        assert f"({words}) Tj" in page


def test_the_page_is_four_by_six_inches() -> None:
    assert b"/MediaBox [ 0 0 288 432 ]" in render()


def test_a_weight_nobody_knows_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rl_config, "pageCompression", 0)
    assert b" kg" not in render(weight_grams=0)


def test_the_same_parcel_makes_the_same_bytes() -> None:
    assert render() == render()


@pytest.mark.parametrize(
    ("name", "country", "fonts"),
    [
        ("Zoë Müller", "DE", {"Helvetica"}),
        ("Łukasz Żółć", "PL", {"NotoSans"}),
        ("Ελένη Παπαδοπούλου", "GR", {"NotoSans"}),
        ("Жанна Дмитриевна", "BG", {"NotoSans"}),
        ("Nguyễn Thị Ánh", "VN", {"NotoSans"}),
        ("山田太郎", "JP", {"HeiseiKakuGo-W5"}),
        ("ヤマダ", "JP", {"HeiseiKakuGo-W5"}),
        ("김민수", "KR", {"HYGothic-Medium"}),
        ("王小明", "CN", {"STSong-Light"}),
        ("王 Wang", "TW", {"STSong-Light", "NotoSans"}),
    ],
)
def test_every_script_has_its_font(name: str, country: str, fonts: set[str]) -> None:
    text = labels._text(name, country)
    assert "".join(glyph.char for glyph in text) == name
    assert {glyph.font for glyph in text} == fonts


def test_what_no_font_knows_is_a_question_mark() -> None:
    assert "".join(glyph.char for glyph in labels._text("😀 \U00020000 Ж\x00")) == "? ? Ж"


def test_full_width_digits_are_digits() -> None:
    assert "".join(glyph.char for glyph in labels._text("丸の内１−９", "JP")) == "丸の内1−9"


def test_a_long_address_is_wrapped_and_never_wider_than_the_label() -> None:
    lines = list(lettering.wrapped(labels._text("Straße der langen Namen " * 10), 20.0))
    assert len(lines) > 1
    assert all(lettering.width(line[:-1]) <= 20.0 for line in lines)
    assert (
        "".join(glyph.char for line in lines for glyph in line)
        == ("Straße der langen Namen " * 10).strip()
    )


TEXT = st.text(max_size=60)


@settings(max_examples=60, deadline=None)
@given(name=TEXT, line=TEXT, city=TEXT, country=st.sampled_from(["DE", "JP", "KR", "CN", None]))
def test_no_text_crashes_a_label(name: str, line: str, city: str, country: str | None) -> None:
    anywhere = Address(name=name, line1=line, city=city, country=country)
    assert render(recipient=anywhere, service=name, reference=line).startswith(b"%PDF-")
