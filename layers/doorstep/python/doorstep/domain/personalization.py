"""Personalization: what a customer may say of a piece that is made for them, and what they said.

A product has options; a line has instructions, name of option → text. What can be understood is
kept in one spelling (`personalize`), so that the workshop reads what the machine will do; what
cannot is a fault, which never repeats the text: it may be about a person.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from doorstep.domain.record import Record

MAX_TEXT = 500
"""Characters of one instruction, at the most."""

Name = Annotated[str, Field(min_length=1, max_length=120)]
Bound = Annotated[Decimal, Field(ge=-(10**9), le=10**9, max_digits=15, decimal_places=6)]

_YES = frozenset({"yes", "true", "on", "1"})
_NO = frozenset({"no", "false", "off", "0"})

_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
"""Invisible, but Persian, Hindi and many an emoji are misspelled without them."""

_MARKS_IN_A_ROW = 5
"""What no language needs, and no engraver can read."""


class Letters(StrEnum):
    """How a text is written, whatever was typed."""

    AS_WRITTEN = "as_written"
    UPPER = "upper"
    LOWER = "lower"


class Characters(StrEnum):
    """Kinds of characters, of whatever script, by their category in Unicode."""

    LETTERS = "letters"
    DIGITS = "digits"
    SPACES = "spaces"
    PUNCTUATION = "punctuation"
    SYMBOLS = "symbols"
    """Emoji among them."""


_CATEGORIES = {
    "L": Characters.LETTERS,
    "M": Characters.LETTERS,
    "N": Characters.DIGITS,
    "Z": Characters.SPACES,
    "P": Characters.PUNCTUATION,
    "S": Characters.SYMBOLS,
}


class Understood(NamedTuple):
    """What was said, as the workshop is told; or, in `fault`, why it cannot be."""

    text: str = ""
    fault: str = ""


class Option(Record):
    """The base of what can be asked of a piece. `label` is for people, `name` for machines."""

    name: Name
    label: str = Field(default="", max_length=200)
    required: bool = True


class TextOption(Option):
    """Words: an engraving, a monogram, a dedication."""

    kind: Literal["text"] = "text"
    max_length: int = Field(default=MAX_TEXT, ge=1, le=MAX_TEXT)
    lines: int = Field(default=1, ge=1, le=20)
    letters: Letters = Letters.AS_WRITTEN
    characters: tuple[Characters, ...] = Field(default=(), max_length=len(Characters))
    """Which kinds are possible; none named: everything that can be printed."""
    also: str = Field(default="", max_length=500)
    """Single characters that are possible besides; with no kinds, they are the only ones."""

    def read(self, said: str) -> Understood:
        """The text in its one spelling (NFC), within its limits."""
        text = _spelled(said)
        match self.letters:
            case Letters.UPPER:
                text = _spelled(text.upper())
            case Letters.LOWER:
                text = _spelled(text.lower())
        if text.count("\n") >= self.lines:
            return Understood(fault=f"{_count(self.lines, 'line')} at the most")
        if len(text) > self.max_length:
            return Understood(fault=f"{_count(self.max_length, 'character')} at the most")
        for char in text.replace("\n", ""):
            if not self._allows(char):
                return Understood(fault=f"{_named(char)} is not possible here{self._possible}")
        if _smeared(text):
            return Understood(fault="too many accents on one letter")
        return Understood(text)

    def _allows(self, char: str) -> bool:
        if _hidden(char):
            return False
        if not self.characters and not self.also:
            return True
        if char in _JOINERS:
            return not {Characters.LETTERS, Characters.SYMBOLS}.isdisjoint(self.characters)
        kind = _CATEGORIES.get(unicodedata.category(char)[0])
        return char in self.also or kind in self.characters

    @property
    def _possible(self) -> str:
        kinds = [kind.value for kind in self.characters] + ([self.also] if self.also else [])
        return f": only {', '.join(kinds)}" if kinds else ""


class ChoiceOption(Option):
    """One of some values, taken in the spelling of the list."""

    kind: Literal["choice"] = "choice"
    values: tuple[Annotated[str, Field(min_length=1, max_length=120)], ...] = Field(
        min_length=1, max_length=100
    )

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if len({value.casefold() for value in self.values}) < len(self.values):
            raise ValueError("two values are the same")
        return self

    def read(self, said: str) -> Understood:
        """The value of that name, whatever the case of its letters."""
        wanted = _spelled(said).casefold()
        for value in self.values:
            if _spelled(value).casefold() == wanted:
                return Understood(value)
        return Understood(fault=f"one of: {', '.join(self.values)}")


class NumberOption(Option):
    """A number within bounds, with so many `decimals`; `unit` says of what."""

    kind: Literal["number"] = "number"
    minimum: Bound
    maximum: Bound
    decimals: int = Field(default=0, ge=0, le=6)
    unit: str = Field(default="", max_length=20)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError("the minimum is above the maximum")
        return self

    def read(self, said: str) -> Understood:
        """The number without needless signs and zeros."""
        whole, point, fraction = said.strip().removeprefix("+").partition(".")
        digits = whole.removeprefix("-")
        numeric = digits.isascii() and digits.isdigit() and len(digits) <= 10
        if point:
            numeric = numeric and fraction.isascii() and fraction.isdigit() and len(fraction) <= 10
        if not numeric:
            return Understood(fault="a number, such as 12" + (".5" if self.decimals else ""))
        number = Decimal(f"{whole}.{fraction or 0}").normalize() + 0
        if -int(number.as_tuple().exponent) > self.decimals:
            most = _count(self.decimals, "digit") if self.decimals else "no digits"
            return Understood(fault=f"{most} after the point")
        if not self.minimum <= number <= self.maximum:
            unit = f" {self.unit}" if self.unit else ""
            return Understood(fault=f"from {self.minimum:f} to {self.maximum:f}{unit}")
        return Understood(f"{number:f}")


class YesNoOption(Option):
    """Yes or no; what else says so is understood: true and false, on and off, 1 and 0."""

    kind: Literal["yes_no"] = "yes_no"

    def read(self, said: str) -> Understood:
        word = said.strip().casefold()
        if word in _YES | _NO:
            return Understood("yes" if word in _YES else "no")
        return Understood(fault="yes or no")


AnyOption = Annotated[
    TextOption | ChoiceOption | NumberOption | YesNoOption, Field(discriminator="kind")
]


class Personalized(NamedTuple):
    """What was said of a piece: what is understood, what is wrong with the rest."""

    instructions: dict[str, str]
    """name of option → text; for `unknown` names as they were sent."""
    faults: dict[str, str]
    """name of option → what is wrong."""
    unknown: tuple[str, ...]
    """Names that are no option of the product."""


def personalize(options: Sequence[AnyOption], said: Mapping[str, str]) -> Personalized:
    """Hold what was said against the options of a product.

    An option is found by its name, else by its name or label in other letters. An optional one that
    was left empty is left out.
    """
    left, instructions, faults = dict(said), {}, {}
    for option in options:
        text = left.pop(_found(option, left) or "", "")
        if not text.strip():
            if option.required:
                faults[option.name] = "this piece is made to order: say how"
            continue
        understood = option.read(text)
        if understood.fault:
            faults[option.name] = understood.fault
            instructions[option.name] = text
        else:
            instructions[option.name] = understood.text
    return Personalized(instructions | left, faults, tuple(left))


def named_only(options: object) -> object:
    """Options of which only the names are given, as products had them once: free text."""
    if not isinstance(options, list | tuple):
        return options
    names = dict.fromkeys(option for option in options if isinstance(option, str))
    whole = [option for option in options if not isinstance(option, str)]
    return [TextOption(name=name, lines=20) for name in names] + whole


def _found(option: Option, said: Iterable[str]) -> str | None:
    """The name under which an option was answered."""
    names = {option.name.casefold(), option.label.casefold()} - {""}
    alike = [name for name in said if name.strip().casefold() in names]
    return option.name if option.name in said else next(iter(alike), None)


def _spelled(text: str) -> str:
    """One spelling of what looks the same: composed, one kind of line break, no blanks around."""
    return unicodedata.normalize("NFC", "\n".join(text.splitlines())).strip()


def _hidden(char: str) -> bool:
    """Whether nobody could see it: control characters, overrides of direction."""
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and (
        char not in _JOINERS
    )


def _smeared(text: str) -> bool:
    """Whether marks are heaped upon one letter."""
    row = 0
    for char in text:
        row = row + 1 if unicodedata.category(char) == "Mn" else 0
        if row >= _MARKS_IN_A_ROW:
            return True
    return False


def _named(char: str) -> str:
    code = f"U+{ord(char):04X}"
    return code if _hidden(char) else f"“{char}” ({code})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
