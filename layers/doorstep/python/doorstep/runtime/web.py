"""HTTP: one resolver per verb, callers and their roles, problem details for what goes wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from doorstep.domain.errors import DoorstepError, Forbidden, InvalidCommand, NotFound
from doorstep.domain.order import Order
from doorstep.runtime import problem
from doorstep.runtime.observability import logger

__all__ = [
    "CREATED",
    "After",
    "Body",
    "Caller",
    "Id",
    "IdempotencyKey",
    "Limit",
    "Name",
    "Path",
    "Query",
    "Response",
    "answer",
    "api",
    "caller",
    "entered",
    "keeper",
    "public",
]

CREATED: dict[int, OpenAPIResponse] = {201: {"description": "Done now, or before by the same name"}}
"""How a route is described that answers 201."""

MAX_BODY_BYTES = 256_000

Id = Annotated[str, Path(pattern=r"^[A-Z0-9][A-Za-z0-9._-]{0,119}$")]
"""The id of an order, or of anything under it, in a path."""

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""The name that a merchant gave to something, in a path."""

IdempotencyKey = Annotated[
    str, Header(alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[!-~]+$")
]
"""The caller's own name for a request: the same one again has no second effect."""

Limit = Annotated[int, Query(ge=1, le=100)]
After = Annotated[str | None, Query(max_length=2000)]


class Caller(NamedTuple):
    """Who calls, as the authorizer found."""

    name: str
    role: str
    scope: tuple[str, ...] = ()
    """The channels of a storefront, or the locations of a warehouse; empty: all."""

    def may(self, *roles: str) -> None:
        """Raise Forbidden unless the caller has one of these roles (an admin has all)."""
        if self.role not in (*roles, "admin"):
            raise Forbidden(f"The role {self.role!r} may not do this.")

    def shown(self, order: Order) -> Order:
        """The order, if the caller may know of it: customers their own, storefronts theirs.

        Raises Forbidden for other roles, NotFound for others' orders.
        """
        self.may("storefront", "agent", "customer")
        own = self.role != "customer" or order.customer.customer_id == self.name
        if not own or (self.role == "storefront" and not self.sees(order.channel)):
            raise NotFound("order", order.order_id)
        return order

    def sees(self, name: str) -> bool:
        """Whether a channel or a location is within the caller's scope."""
        return not self.scope or name in self.scope


def api() -> APIGatewayHttpResolver:
    """A resolver with validation, whose every error is a problem document."""
    resolver = APIGatewayHttpResolver(
        enable_validation=True,
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        serializer=json.dumps,
    )
    resolver.exception_handler(DoorstepError)(_refused)
    resolver.exception_handler(RequestValidationError)(_invalid)
    resolver.exception_handler(Exception)(_unforeseen)
    resolver.not_found(_no_such_route)
    return resolver


def caller(resolver: APIGatewayHttpResolver) -> Caller:
    """Who makes the current call."""
    context = resolver.current_event.request_context.authorizer.get_lambda or {}
    scope = str(context.get("scope", ""))
    return Caller(
        name=str(context.get("name", "")),
        role=str(context.get("role", "")),
        scope=tuple(filter(None, scope.split(" "))),
    )


def keeper(resolver: APIGatewayHttpResolver, *location_ids: str) -> str:
    """The name of a caller who keeps the stock of one of these locations.

    Raises Forbidden, and NotFound where none of them is theirs.
    """
    found = caller(resolver)
    found.may("warehouse")
    if not any(found.sees(location_id) for location_id in location_ids):
        raise NotFound("location", location_ids[0])
    return found.name


def entered(resolver: APIGatewayHttpResolver) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The Lambda handler of a resolver."""

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        answer = _unreadable(event) or resolver.resolve(event, context)
        logger.info("http", route=event.get("routeKey"), status=answer["statusCode"])
        return answer

    return handler


def answer(body: Any, status: HTTPStatus = HTTPStatus.OK) -> Response[Any]:
    """A response with another status than 200."""
    return Response(status_code=status, content_type="application/json", body=body)


def public(body: Any, *, seconds: int) -> Response[Any]:
    """A response that anybody may see and keep for so long, on a page of any origin."""
    headers = {"cache-control": f"public, max-age={seconds}", "access-control-allow-origin": "*"}
    return Response(HTTPStatus.OK, content_type="application/json", body=body, headers=headers)


def _unreadable(event: dict[str, Any]) -> dict[str, Any] | None:
    """The answer to a body that is absurdly large, does not say that it is JSON, or is none.

    Given before the resolver is asked, which reads a body by its content type before anything else.
    """
    text = event.get("body") or ""
    if len(text) > MAX_BODY_BYTES:
        return problem.too_large(MAX_BODY_BYTES)
    sent = next((v for k, v in event["headers"].items() if k.lower() == "content-type"), "")
    kind = str(sent).partition(";")[0].strip().lower()
    if text and kind != "application/json":
        row = problem.Problem(415, "unsupported-media-type", "Send application/json")
        return problem.response(row, problem.document(row, f"{kind or 'nothing'!r} was sent."))
    if text and not _legible(text, encoded=bool(event.get("isBase64Encoded"))):
        row = problem.Problem(400, "malformed-json", "The body is not JSON")
        return problem.response(row, problem.document(row, "The body could not be parsed."))
    return None


def _legible(text: str, *, encoded: bool) -> bool:
    """Whether it is JSON, and nothing in it can be read but not kept: half a surrogate pair, a
    number of thousands of digits.
    """
    try:
        sent = json.loads(base64.b64decode(text) if encoded else text)
        json.dumps(sent, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def _refused(error: DoorstepError) -> Response[Any]:
    if type(error) not in problem.PROBLEMS:
        return _unforeseen(error)
    row, members = problem.details(error)
    return _problem(row, members)


def _invalid(error: RequestValidationError) -> Response[Any]:
    """Every fault at its path, in words."""
    found = [fault for fault in error.errors() if not _hollow(fault, error.errors())]
    row = problem.PROBLEMS[InvalidCommand]
    members = problem.document(row, f"{len(found)} fault{'s' if len(found) > 1 else ''} found.")
    members["faults"] = [
        {
            "path": ".".join(str(part) for part in fault["loc"] if part != "body"),
            "fault": fault["msg"],
        }
        for fault in found
    ]
    return _problem(row, members)


def _hollow(fault: Mapping[str, Any], all_of_them: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a list is only called too short because its faulty items do not count."""
    return fault["type"] == "too_short" and any(
        other["loc"][:-1][: len(fault["loc"])] == fault["loc"] for other in all_of_them
    )


def _unforeseen(error: Exception) -> Response[Any]:
    logger.exception("unforeseen", exc_info=error)
    row = problem.Problem(500, "internal", "Something went wrong on our side")
    return _problem(
        row, problem.document(row, "It has been logged. A repeat with the same key is safe.")
    )


def _no_such_route(_: Exception) -> Response[Any]:
    row = problem.Problem(404, "not-found", "Not found")
    return _problem(row, problem.document(row, "There is nothing at this address."))


def _problem(row: problem.Problem, members: dict[str, Any]) -> Response[Any]:
    headers = {"retry-after": str(row.retry_after)} if row.retry_after else {}
    return Response(
        status_code=row.status,
        content_type=problem.CONTENT_TYPE,
        body=json.dumps(members),
        headers=headers,
    )
