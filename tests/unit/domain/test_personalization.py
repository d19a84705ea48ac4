"""What may be said of a piece that is made to order, and in which spelling it is kept."""

import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from doorstep.domain.catalog import Product, WorkStep
from doorstep.domain.personalization import (
    Characters,
    ChoiceOption,
    Letters,
    NumberOption,
    Option,
    TextOption,
    YesNoOption,
    personalize,
)
from tests import builders as a

WOOD = ChoiceOption(name="wood", label="Which wood?", values=("Oak", "Walnut"))
LENGTH = NumberOption(name="length", minimum=Decimal("12.5"), maximum=Decimal(40), unit="cm")
GIFT = YesNoOption(name="gift", required=False)


def text(**more: Any) -> TextOption:
    return TextOption(name="engraving", **more)


def kept(option: Option, said: str) -> str:
    """What is kept of it, without a fault."""
    read = personalize([option], {option.name: said})  # type: ignore[list-item]
    assert not read.faults
    return read.instructions[option.name]


def fault(option: Option, said: str) -> str:
    read = personalize([option], {option.name: said})  # type: ignore[list-item]
    assert read.instructions.get(option.name, "") in (said, "")
    return read.faults[option.name]


@pytest.mark.parametrize(
    "said",
    [
        "For Ada",
        "Für Zoë & Łukasz",
        "Σοφία",
        "Жанна",
        "祝寿 ❤ 👩‍👩‍👧",
        "می‌خواهم",
        "हिन्दी",
        "O'Brien ½",
    ],
)
def test_a_name_is_kept_in_every_script(said: str) -> None:
    assert kept(text(), said) == unicodedata.normalize("NFC", said)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("a\x00b", "U+0000"),
        ("a\tb", "U+0009"),
        ("a\x1bb", "U+001B"),
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        ("a\ue000b", "U+E000"),
    ],
)
def test_what_nobody_can_see_is_refused(said: str, code: str) -> None:
    assert fault(text(), said) == f"{code} is not possible here"


def test_heaps_of_accents_are_refused() -> None:
    assert fault(text(), "Z" + "\u0335" * 9) == "too many accents on one letter"


def test_one_spelling_of_what_looks_the_same() -> None:
    assert kept(text(), "  Zoe\u0308 ") == "Zoë"
    assert len(kept(text(max_length=3), "Zoe\u0308")) == 3


def test_a_text_has_a_length_and_lines() -> None:
    assert fault(text(max_length=5), "Lovelace") == "5 characters at the most"
    assert fault(text(), "For\nAda") == "1 line at the most"
    assert kept(text(lines=2), "For\r\nAda") == "For\nAda"
    assert fault(text(lines=2), "For\nAda\nL.") == "2 lines at the most"


def test_only_some_characters_are_possible() -> None:
    plain = text(characters=(Characters.LETTERS, Characters.SPACES), also="&")
    assert kept(plain, "Ada & Zoë") == "Ada & Zoë"
    assert fault(plain, "Ada 2") == "“2” (U+0032) is not possible here: only letters, spaces, &"
    assert kept(text(also="ABC"), "ABBA") == "ABBA"
    assert fault(text(also="ABC"), "ABD").startswith("“D” (U+0044) is not possible")


def test_letters_are_written_as_the_machine_writes_them() -> None:
    upper = text(letters=Letters.UPPER, max_length=7)
    assert kept(upper, "straße") == "STRASSE"
    assert fault(upper, "straßen") == "7 characters at the most"
    assert kept(text(letters=Letters.LOWER), "ADA") == "ada"


def test_a_choice_is_kept_as_the_list_spells_it() -> None:
    assert kept(WOOD, " walnut ") == "Walnut"
    assert fault(WOOD, "pine") == "one of: Oak, Walnut"


@pytest.mark.parametrize(
    ("said", "number"), [("13", "13"), (" 040.00 ", "40"), ("+20", "20"), ("12.50", "12.5")]
)
def test_a_number_without_needless_signs(said: str, number: str) -> None:
    assert kept(LENGTH.model_copy(update={"decimals": 1}), said) == number


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("12", "from 12.5 to 40 cm"),
        ("41", "from 12.5 to 40 cm"),
        ("-20", "from 12.5 to 40 cm"),
        ("20.5", "no digits after the point"),
        ("20,5", "a number, such as 12"),
        ("1e1", "a number, such as 12"),
        ("NaN", "a number, such as 12"),
        ("٢٠", "a number, such as 12"),
        ("9" * 99, "a number, such as 12"),
    ],
)
def test_a_number_that_cannot_be(said: str, why: str) -> None:
    assert fault(LENGTH, said) == why


def test_yes_and_no_in_the_words_of_storefronts() -> None:
    assert [kept(GIFT, said) for said in ("Yes", "true", "on", "1")] == ["yes"] * 4
    assert [kept(GIFT, said) for said in ("no", "FALSE", "off", "0")] == ["no"] * 4
    assert fault(GIFT, "perhaps") == "yes or no"


def test_all_faults_at_once() -> None:
    read = personalize([text(), WOOD, LENGTH, GIFT], {"wood": "pine", "length": "9", "ribbon": "r"})
    assert set(read.faults) == {"engraving", "wood", "length"}
    assert read.unknown == ("ribbon",)


def test_what_is_optional_may_be_left_out() -> None:
    read = personalize([GIFT], {"gift": "  "})
    assert (read.instructions, read.faults) == ({}, {})


def test_an_option_is_found_by_its_label_in_other_letters() -> None:
    read = personalize([text(label="Your text"), WOOD], {"YOUR TEXT": "Ada", "which wood?": "oak"})
    assert read.instructions == {"engraving": "Ada", "wood": "Oak"}
    exact = personalize([text()], {"Engraving": "one", "engraving": "other"})
    assert exact.instructions == {"engraving": "other", "Engraving": "one"}


@given(st.text(max_size=40))
def test_what_was_understood_is_understood_the_same_again(said: str) -> None:
    options = (text(lines=3, letters=Letters.UPPER), WOOD, LENGTH, GIFT)
    once = personalize(options, dict.fromkeys(("engraving", "wood", "length", "gift"), said))
    again = personalize(options, once.instructions)
    assert (again.instructions, again.faults) == (once.instructions, once.faults)
    for name, kept_text in once.instructions.items():
        if name not in once.faults:
            hidden = {"Cc", "Cs"} & {unicodedata.category(c) for c in kept_text.replace("\n", "")}
            assert not hidden


def test_a_product_of_before_still_loads() -> None:
    row = '{"sku": "PEN", "name": "Pen", "prices": {"EUR": 1}, "options": ["engraving", "color"]}'
    product = Product.model_validate_json(row)
    assert [(one.name, one.kind) for one in product.options] == [
        ("engraving", "text"),
        ("color", "text"),
    ]
    assert Product.model_validate_json(product.model_dump_json()) == product


@pytest.mark.parametrize(
    "options",
    [
        [{"kind": "text", "name": "a"}, {"kind": "yes_no", "name": "A"}],
        [{"kind": "choice", "name": "wood", "values": ["oak", "Oak"]}],
        [{"kind": "choice", "name": "wood", "values": []}],
        [{"kind": "number", "name": "n", "minimum": 2, "maximum": 1}],
        [{"kind": "number", "name": "n", "minimum": "-1e99", "maximum": 1}],
        [{"kind": "text", "name": "a", "max_length": 501}],
        [{"kind": "spell", "name": "a"}],
        [{"name": "a"}],
        "engraving",
    ],
)
def test_options_that_nobody_could_meet(options: object) -> None:
    with pytest.raises(ValidationError):
        a.product("PEN", options=options)


def test_the_skills_that_a_piece_takes() -> None:
    steps = (WorkStep(name="Engrave", skill="engraving"), WorkStep(name="Wrap"))
    pen = a.product("PEN", kind="made_to_order", steps=steps, requires=("cold",))
    assert pen.skills == {"ship", "made_to_order", "engraving", "cold"}
    assert a.product("MUG").skills == {"ship"}
    assert a.location("ATELIER", kind="workshop").skills == {"ship", "made_to_order"}
