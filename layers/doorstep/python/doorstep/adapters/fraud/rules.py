"""Fraud rules a person can read: each adds to a score and says why. rules.json has the numbers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from doorstep.domain.money import Money
from doorstep.domain.order import Order
from doorstep.ports import FraudScreen, Screening

if TYPE_CHECKING:
    from doorstep.runtime.settings import Settings

Numbers = Mapping[str, Any]
"""One rule's part of rules.json."""


def amount(order: Order, numbers: Numbers) -> str:
    total = order.totals.total
    if total.currency not in numbers["above"]:
        return ""
    limit = Money.parse(numbers["above"][total.currency], total.currency)
    return f"the total of {total} is above {limit}" if total > limit else ""


def countries_differ(order: Order, numbers: Numbers) -> str:  # noqa: ARG001
    billing = order.billing_address and order.billing_address.country
    shipping = order.shipping_address and order.shipping_address.country
    if not billing or not shipping or billing == shipping:
        return ""
    return f"billed in {billing}, shipped to {shipping}"


def units(order: Order, numbers: Numbers) -> str:
    count = sum(line.open for line in order.lines)
    return f"{count} units in one order" if count > numbers["above"] else ""


def units_of_one_sku(order: Order, numbers: Numbers) -> str:
    counts = Counter[str]()
    for line in order.lines:
        counts[line.sku or line.name] += line.open
    sku, count = counts.most_common(1)[0]
    return f"{count} units of {sku}" if count > numbers["above"] else ""


def no_email(order: Order, numbers: Numbers) -> str:  # noqa: ARG001
    return "" if order.customer.email else "no e-mail address"


def disposable_email(order: Order, numbers: Numbers) -> str:
    domain = order.customer.email.rpartition("@")[2].strip().lower()
    known = any(domain == one or domain.endswith(f".{one}") for one in numbers["domains"])
    return f"a disposable e-mail address at {domain}" if known else ""


RULES: tuple[Callable[[Order, Numbers], str], ...] = (
    amount,
    countries_differ,
    units,
    units_of_one_sku,
    no_email,
    disposable_email,
)
"""Each answers why it applies, or nothing. Its numbers go by its name."""


class RuleScreen:
    """The FraudScreen port on these rules and their numbers."""

    def __init__(self, numbers: Mapping[str, Any]) -> None:
        self._numbers = numbers

    def screen(self, order: Order) -> Screening:
        score, reasons = 0, []
        for rule in RULES:
            numbers = self._numbers[rule.__name__]
            if why := rule(order, numbers):
                score += numbers["score"]
                reasons.append(why)
        review = score >= self._numbers["review_from"]
        return Screening(score=score, reasons=tuple(reasons), review=review)


def build(settings: Settings) -> FraudScreen:  # noqa: ARG001
    file = resources.files(__package__) / "rules.json"
    return RuleScreen(json.loads(file.read_bytes()))
