"""Permissions are named actions on named resources; what cannot be named is listed here."""

import re

from tests.template.template import Properties, Template, listed, text

NO_RESOURCE = {
    "dynamodb:ListStreams",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "states:SendTaskFailure",
    "states:SendTaskSuccess",
}
"""Actions of AWS that take no resource, so that `*` is the only thing to say."""

PREFIXES = re.compile(r"/(storefronts|stock-files|stock-results|labels|returns|work-orders)/\*$")
"""Objects are named at run time: their prefix is the narrowest name there is."""


def test_no_action_is_a_wildcard(template: Template) -> None:
    for policy, statement in template.statements():
        assert not [action for action in listed(statement["Action"]) if "*" in action], policy


def test_no_resource_on_aws_is_a_wildcard_that_could_be_named(prod: Template) -> None:
    for policy, statement in prod.statements():
        if set(listed(statement["Action"])) <= NO_RESOURCE:
            continue
        for resource in map(text, listed(statement["Resource"])):
            assert "*" not in resource or PREFIXES.search(resource), f"{policy}: {resource}"


def test_only_publish_and_republish_put_events(template: Template) -> None:
    allowed = [name for name, one in template.statements() if does(one, "events:PutEvents")]
    assert [n for n in allowed if not n.startswith(("EventsPublish", "EventsRepublish"))] == []


def test_nothing_deletes_rows(template: Template) -> None:
    assert [n for n, one in template.statements() if does(one, "dynamodb:DeleteItem")] == []


def test_webhook_fronts_reach_no_table(template: Template) -> None:
    for name, statement in template.statements():
        if "Webhook" in name:
            assert not any(a.startswith("dynamodb:") for a in listed(statement["Action"])), name


def does(statement: Properties, action: str) -> bool:
    return action in listed(statement["Action"])
