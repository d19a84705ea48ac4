"""Every route is wired by name, closed unless it is meant to be open, and slowed down."""

import re
from importlib import import_module

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from tests.template.template import Template, module, target

PUBLIC = {
    "GET /openapi.json",
    "GET /availability",
    "GET /payment-links/{fulfillment_order_id}",
    "POST /payment-links/{fulfillment_order_id}",
    "GET /remedy-offers/{remedy_id}",
    "POST /remedy-offers/{remedy_id}",
    "POST /webhooks/storefronts/{storefront}",
    "POST /webhooks/carriers/{carrier}",
}
"""Signed by their senders, opened with a signed link, or nothing to protect."""


def test_only_these_routes_are_open(template: Template) -> None:
    routes = template.of("AWS::ApiGatewayV2::Route").values()
    assert {one["RouteKey"] for one in routes if one["AuthorizationType"] == "NONE"} == PUBLIC
    assert {one["AuthorizationType"] for one in routes} == {"NONE", "CUSTOM"}


def test_every_route_of_a_function_is_wired_to_it_and_no_other(template: Template) -> None:
    wired: dict[str, set[str]] = {}
    for route in template.of("AWS::ApiGatewayV2::Route").values():
        integration = template.of("AWS::ApiGatewayV2::Integration")[
            re.sub(r"^integrations/", "", target(route["Target"]["Fn::Join"][1][1]))
        ]
        one = template.of("AWS::Lambda::Function")[target(integration["IntegrationUri"])]
        wired.setdefault(module(one), set()).add(plain(route["RouteKey"]))

    for name, routes in wired.items():
        app = getattr(import_module(f"functions.{name}"), "app", None)
        if app is not None:
            assert routes == routes_of(app), name


def test_answers_of_the_authorizer_are_kept_by_what_identifies_the_caller(
    template: Template,
) -> None:
    (authorizer,) = template.of("AWS::ApiGatewayV2::Authorizer").values()
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["AuthorizerResultTtlInSeconds"] == 300


def test_open_routes_take_no_more_than_their_share_of_the_rate(template: Template) -> None:
    """The page of a product must not keep orders out, whoever asks for it how often."""
    (stage,) = template.of("AWS::ApiGatewayV2::Stage").values()
    everything = stage["DefaultRouteSettings"]
    limits = stage["RouteSettings"]
    assert set(limits) == PUBLIC
    for limit in limits.values():
        for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
            assert 0 < limit[name] < everything[name]


def test_the_api_is_slowed_down_and_logged_without_persons(template: Template) -> None:
    (stage,) = template.of("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] > 0
    line = stage["AccessLogSettings"]["Format"]
    assert "requestId" in line
    assert "sourceIp" not in line


def routes_of(app: APIGatewayHttpResolver) -> set[str]:
    return {
        plain(f"{method.upper()} {path}")
        for path, methods in app.get_openapi_schema().model_dump(by_alias=True)["paths"].items()
        for method in ("get", "put", "post", "delete", "patch")
        if methods.get(method)
    }


def plain(route: str) -> str:
    """A route with its parameters unnamed: AWS and the resolver may call them differently."""
    return re.sub(r"\{[^}]*\}|<[^>]*>", "{}", route)
