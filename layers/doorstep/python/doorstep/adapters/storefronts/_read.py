"""Reading what storefronts send: exactly, with every fault at its path, and without guessing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from doorstep.domain.address import Address
from doorstep.domain.catalog import Sku
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.money import Currency, Money


class Sent(BaseModel):
    """Part of a message. What we have no use for is ignored, and null is as good as absent.

    It is read with the currency of its amounts as context.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, sent: Any) -> Any:
        if not isinstance(sent, dict):
            return sent
        return {name: value for name, value in sent.items() if value is not None}


def _id(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"\S{1,255}", value) and value.isprintable():
        return value
    raise ValueError("an id is text without spaces, or a whole number written out")


def _legible(text: str) -> str:
    """Half of a surrogate pair, as careless senders cut it, can be neither stored nor printed."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.strip()[:255]


def _amount(value: Any, info: ValidationInfo[str]) -> Money:
    if isinstance(value, str | int | Decimal) and re.fullmatch(
        r"-?[0-9]{1,18}(\.[0-9]{1,12})?", text := str(value).strip()
    ):
        return Money.parse(text, info.context)
    raise ValueError('an amount is written like "404.95"')


def _not_negative(amount: Money) -> Money:
    if amount.minor < 0:
        raise ValueError("an amount here is not negative")
    return amount


def _country(value: Any) -> str | None:
    code = str(value).strip().upper()
    return code if re.fullmatch("[A-Z]{2}", code) else None


Id = Annotated[str, BeforeValidator(_id)]
"""Ids exceed 2^53: one that went through a floating-point number is not an id any more."""

Text = Annotated[str, AfterValidator(_legible)]
"""Names, addresses: cut and mended rather than refused."""

SignedAmount = Annotated[Money, BeforeValidator(_amount)]
Amount = Annotated[SignedAmount, AfterValidator(_not_negative)]
Zero: Any = Field(default="0", validate_default=True)
"""The default of an amount that may be absent."""

Country = Annotated[str | None, BeforeValidator(_country)]

When = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC)),
]

Count = Annotated[int, Field(ge=0, le=10**9)]

Units = Annotated[int, Field(ge=1, le=10**9)]


class Person(Sent):
    """A name in two parts, as most shop systems keep it."""

    first_name: Text = ""
    last_name: Text = ""

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()[:255]


_CURRENCY = TypeAdapter(Annotated[Currency, BeforeValidator(lambda code: str(code).upper())])
_SKU: TypeAdapter[str] = TypeAdapter(Sku)


def currency_of(order: Mapping[str, Any], *path: str) -> str:
    """The currency of all amounts of the order that is found at `path`. Raises InvalidCommand."""
    with faults_at(*path, "currency"):
        return _CURRENCY.validate_python(order.get("currency"))


def sku_of(text: str) -> str | None:
    """The SKU, or None where there is none that a product here could have."""
    try:
        return _SKU.validate_python(text.strip())
    except ValidationError:
        return None


def known(address: Address) -> Address | None:
    """The address, or None where nothing is known of it."""
    return address if address != Address() else None


def json_object(body: bytes) -> dict[str, Any]:
    """The object that is sent; numbers come as int and Decimal. Raises InvalidCommand."""
    try:
        sent = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):
        sent = None
    if not isinstance(sent, dict):
        raise InvalidCommand({"body": "not a JSON object"})
    return sent


@contextmanager
def faults_at(*path: str) -> Iterator[None]:
    """Turn what pydantic finds wrong into InvalidCommand, each fault at its path below this one."""
    try:
        yield
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        faults = {".".join(map(str, (*path, *fault["loc"]))): fault["msg"] for fault in found}
        raise InvalidCommand(faults) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")
