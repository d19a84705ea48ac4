"""The contract of RuleBook and of Catalog's rules: versions are kept, the newest is in force."""

from typing import Any

import pytest

from doorstep.adapters.dynamo.catalog import DynamoCatalog
from doorstep.adapters.dynamo.rules import DynamoRuleBook
from doorstep.domain.errors import Conflict
from doorstep.domain.rules import Edition, Filter, PlaceMatch, SourcingRules
from tests import builders as a
from tests.contract.world import World


def edition(version: int, channel: str = "web", **rules: Any) -> Edition:
    given = SourcingRules(channel=channel, version=version, **rules)
    return Edition(rules=given, by="ann", at=a.NOW)


def test_the_newest_version_is_in_force_and_all_are_kept(world: World) -> None:
    never = Filter(name="no-stores", never=PlaceMatch(tags=("outlet",)))
    first, second = edition(1, filters=(never,)), edition(2, split=900)
    world.rule_book.write(first)
    world.rule_book.write(second)
    world.rule_book.write(edition(1, "shopify"))
    assert world.rule_book.editions("web", 5) == [second, first]
    assert world.rule_book.editions("web", 1) == [second]
    assert world.catalog.rules("web") == second.rules
    assert world.rule_book.editions("elsewhere", 5) == []


@pytest.mark.parametrize("version", [1, 3])
def test_only_the_next_version_is_taken(world: World, version: int) -> None:
    world.rule_book.write(edition(1))
    with pytest.raises(Conflict, match="the rules of web"):
        world.rule_book.write(edition(version, split=1))
    assert world.rule_book.editions("web", 5) == [edition(1)]
    assert world.catalog.rules("web") == edition(1).rules


def test_the_first_version_is_the_first(world: World) -> None:
    with pytest.raises(Conflict):
        world.rule_book.write(edition(2))


def test_a_channel_without_rules_goes_by_the_default_ones(world: World) -> None:
    world.rule_book.write(edition(1, "default", split=7))
    world.rule_book.write(edition(1, "web", split=8))
    assert world.catalog.rules("web").split == 8
    assert world.catalog.rules("shopify").split == 7


def test_without_any_rules_there_are_those_in_the_code(world: World) -> None:
    assert world.catalog.rules("web") == SourcingRules()
    assert world.catalog.rules("web").label == "default@0"


def test_rules_are_read_once_a_minute_whether_there_are_any_or_not(
    client: Any, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb = client("dynamodb")
    catalog = DynamoCatalog(dynamodb, table)
    assert catalog.rules("web").version == 0
    DynamoRuleBook(dynamodb, table).write(edition(1))
    assert catalog.rules("web").version == 0
    monkeypatch.setattr("time.monotonic", lambda: 10**9)
    assert catalog.rules("web").version == 1


def test_rules_that_newer_code_wrote_can_be_read(client: Any, table: str) -> None:
    dynamodb = client("dynamodb")
    DynamoRuleBook(dynamodb, table).write(edition(1, split=5))
    for row in dynamodb.scan(TableName=table)["Items"]:
        row["json"]["S"] = row["json"]["S"].replace('"split":5', '"split":5,"moon":{"phase":1}')
        dynamodb.put_item(TableName=table, Item=row)
    assert DynamoCatalog(dynamodb, table).rules("web").split == 5
    assert DynamoRuleBook(dynamodb, table).editions("web", 1)[0].rules.split == 5
