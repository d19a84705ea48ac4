"""Refusals and failures as RFC 9457 problem details: one table, and nothing of ours leaks."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from doorstep.domain import errors

CONTENT_TYPE = "application/problem+json"


class Problem(NamedTuple):
    """How one kind of error is answered."""

    status: int
    slug: str
    title: str
    retry_after: int | None = None


PROBLEMS: dict[type[errors.DoorstepError], Problem] = {
    errors.NotFound: Problem(404, "not-found", "Not found"),
    errors.InvalidCommand: Problem(422, "invalid", "The request has faults"),
    errors.OutOfStock: Problem(409, "out-of-stock", "Not enough stock"),
    errors.FullyBooked: Problem(409, "fully-booked", "No room left"),
    errors.PaymentDeclined: Problem(402, "payment-declined", "The payment was declined"),
    errors.CaptureDeclined: Problem(402, "capture-declined", "The capture was declined"),
    errors.IllegalTransition: Problem(409, "illegal-transition", "Not possible in this state"),
    errors.QuantityExceeded: Problem(422, "quantity-exceeded", "More units than there are"),
    errors.IdempotencyKeyReused: Problem(409, "idempotency-key-reused", "The key was used before"),
    errors.ReturnRefused: Problem(422, "return-refused", "This cannot be returned"),
    errors.Forbidden: Problem(403, "forbidden", "Not allowed"),
    errors.SignatureInvalid: Problem(401, "signature-invalid", "The signature is not valid"),
    errors.NotSupported: Problem(422, "not-supported", "The provider cannot do this"),
    errors.TooLarge: Problem(422, "too-large-a-change", "Too much at once"),
    errors.Duplicate: Problem(409, "duplicate", "Recorded before"),
    errors.Stale: Problem(409, "stale", "Something newer is known already"),
    errors.Conflict: Problem(409, "conflict", "Somebody else was faster; try again", 1),
    errors.PaymentOutcomeUnknown: Problem(
        503, "payment-outcome-unknown", "The payment provider did not answer", 5
    ),
    errors.ProviderUnavailable: Problem(503, "provider-unavailable", "A provider is down", 5),
}
"""Every error that may reach a caller. What is not here is a 500, and logged."""


def details(error: errors.DoorstepError) -> tuple[Problem, dict[str, Any]]:
    """The table's row for an error, and the members of its problem document."""
    problem = PROBLEMS[type(error)]
    members = document(problem, str(error) or problem.title)
    if isinstance(error, errors.InvalidCommand):
        members["faults"] = [{"path": path, "fault": fault} for path, fault in error.faults.items()]
    if isinstance(error, errors.OutOfStock):
        members["short"] = [
            {"sku": sku, "asked": asked, "left": left} for sku, (asked, left) in error.short.items()
        ]
    if isinstance(error, errors.FullyBooked):
        members["instead"] = list(error.instead)
    return problem, members


def document(problem: Problem, detail: str) -> dict[str, Any]:
    """A problem document; its type is a name, not an address: docs/api.md lists them."""
    return {
        "type": f"urn:doorstep:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
    }


def answer(error: errors.DoorstepError) -> dict[str, Any]:
    """The problem as an HTTP API response."""
    problem, members = details(error)
    return response(problem, members)


def too_large(limit: int) -> dict[str, Any]:
    """The answer to a body that is too large."""
    problem = Problem(413, "too-large", "The body is too large")
    return response(problem, document(problem, f"{limit:,} bytes at the most."))


def response(problem: Problem, members: dict[str, Any]) -> dict[str, Any]:
    """A problem document as an HTTP API response."""
    headers = {"content-type": CONTENT_TYPE}
    if problem.retry_after:
        headers["retry-after"] = str(problem.retry_after)
    return {"statusCode": problem.status, "headers": headers, "body": json.dumps(members)}
