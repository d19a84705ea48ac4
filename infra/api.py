"""The HTTP API: every route by name, one authorizer, an access log, a limit on the rate."""

import json
from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.data import Data
from infra.function import Function, Platform
from infra.stage import Stage

_ACCESS_LOG_FIELDS = (
    "requestId",
    "requestTime",
    "routeKey",
    "status",
    "responseLatency",
    "responseLength",
    "integrationErrorMessage",
    "authorizer.error",
)


class Api(Construct):
    """Verbs connect their functions with `route`; a route is closed unless it says `public`."""

    def __init__(self, scope: Construct, platform: Platform, data: Data) -> None:
        super().__init__(scope, "Api")
        stage = platform.stage
        authorize = Function(self, platform, "api.authorize", timeout=5, http=True)
        data.api_keys_for(authorize)
        authorize.set(
            {
                "USER_POOL_ID": data.users.user_pool_id,
                "USER_POOL_CLIENT_ID": data.client.user_pool_client_id,
            }
        )
        self.authorizer = authorizers.HttpLambdaAuthorizer(
            "Authorizer",
            authorize.function,
            authorizer_name=stage.named("authorizer"),
            response_types=[authorizers.HttpLambdaResponseType.SIMPLE],
            # One header for keys and tokens: an answer is cached only if every source is sent.
            identity_source=["$request.header.Authorization"],
            results_cache_ttl=cdk.Duration.minutes(5),
        )
        self.http = apigateway.HttpApi(
            self, "Http", api_name=stage.named(), create_default_stage=False
        )
        self.public_routes: list[apigateway.HttpRoute] = []
        self._limits: dict[str, object] = {}
        self._integrations: dict[str, integrations.HttpLambdaIntegration] = {}
        self.stage = apigateway.HttpStage(
            self,
            "Default",
            http_api=self.http,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=stage.requests_per_second, burst_limit=stage.burst
            ),
        )
        self._open_share = {
            "ThrottlingRateLimit": stage.requests_per_second // 2,
            "ThrottlingBurstLimit": stage.burst // 2,
        }
        _log_access(self.stage, stage)
        openapi = Function(self, platform, "api.openapi", http=True)
        self.route("GET", "/openapi.json", openapi, public=True)
        platform.alarm(
            self,
            "ServerErrors",
            self.http.metric_server_error(period=cdk.Duration.minutes(5)),
            "The API answered with a 5xx. The access log says which route and request.",
        )
        self.url = self.http.api_endpoint
        self.remedies = f"{self.url}/remedy-offers"
        self.payments = f"{self.url}/payment-links"

    def route(self, method: str, path: str, function: Function, *, public: bool = False) -> None:
        """Send requests to the function; `public` ones carry a signature or nothing to protect."""
        integration = self._integrations.setdefault(
            function.module,
            integrations.HttpLambdaIntegration(
                f"{function.node.id}Integration",
                function.function,
                scope_permission_to_route=False,  # one permission for all routes of a function
            ),
        )
        routes = self.http.add_routes(
            path=path,
            methods=[apigateway.HttpMethod(method)],
            integration=integration,
            authorizer=apigateway.HttpNoneAuthorizer() if public else self.authorizer,
        )
        if public:
            self.public_routes.extend(routes)
            self._slow_down(f"{method} {path}", routes)

    def _slow_down(self, key: str, routes: Sequence[apigateway.HttpRoute]) -> None:
        """Leave the rest of the rate to callers who say who they are."""
        stage = cast("apigateway.CfnStage", self.stage.node.default_child)
        self._limits[key] = self._open_share
        stage.route_settings = self._limits
        for route in routes:
            stage.node.add_dependency(route)


def _log_access(default: apigateway.HttpStage, stage: Stage) -> None:
    """Who called which route, when, and how it ended: no address, no query, no body."""
    log = logs.LogGroup(
        default,
        "AccessLog",
        log_group_name=f"/aws/apigateway/{stage.named()}",
        retention=stage.log_retention,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    resource = cast("apigateway.CfnStage", default.node.default_child)
    resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
        destination_arn=log.log_group_arn,
        format=json.dumps({name: f"$context.{name}" for name in _ACCESS_LOG_FIELDS}),
    )
