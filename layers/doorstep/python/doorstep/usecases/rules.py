"""Sourcing rules: written one version after the other, and looked up."""

from __future__ import annotations

from doorstep.domain.errors import Conflict, InvalidCommand
from doorstep.domain.rules import DEFAULT, Edition, SourcingRules
from doorstep.ports import Clock, RuleBook


def write_rules(
    channel: str, rules: SourcingRules, *, by: str, rule_book: RuleBook, clock: Clock
) -> Edition:
    """Put a channel's next version in force; the same version again is answered as it stands.

    Raises InvalidCommand, and Conflict where `version` is not the next one.
    """
    if rules.channel != channel:
        raise InvalidCommand(
            {"channel": f"the address says {channel!r}, the body {rules.channel!r}"}
        )
    newest = next(iter(rule_book.editions(channel, 1)), None)
    if newest and newest.rules == rules:
        return newest
    following = newest.rules.version + 1 if newest else 1
    if rules.version != following:
        raise Conflict([f"the rules of {channel}, whose next version is {following}"])
    edition = Edition(rules=rules, by=by, at=clock())
    rule_book.write(edition)
    return edition


def rules_in_force(channel: str, *, rule_book: RuleBook) -> SourcingRules:
    """What a channel's orders are routed by: its own rules, else the default's, else none."""
    for name in (channel, DEFAULT):
        for edition in rule_book.editions(name, 1):
            return edition.rules
    return SourcingRules()
