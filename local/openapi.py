"""Write the description of the HTTP API anew from its routes: `make openapi`.

A test compares it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent.parent / "functions" / "api" / "openapi.json"

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:doorstep:problem:out-of-stock"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "fault": {"type": "string"}},
            },
        },
        "short": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "sku": {"type": "string"},
                    "asked": {"type": "integer"},
                    "left": {"type": "integer"},
                },
            },
        },
    },
}
"""RFC 9457, with what Doorstep adds."""

_REFUSALS = {
    "400": "The body is not JSON",
    "401": "No Authorization header",
    "402": "The payment was declined",
    "403": "This caller may not do this",
    "404": "There is no such record, or not for this caller",
    "409": "Not possible now: out of stock, in another state, or changed meanwhile",
    "413": "The body is too large",
    "415": "Not application/json",
    "422": "The request has faults; each is listed at its path",
    "429": "Too many requests",
    "503": "A provider did not answer; repeat with the same key",
}


def describe() -> dict[str, Any]:
    """The OpenAPI document of all routes, refusals included."""
    os.environ.setdefault("POWERTOOLS_LOG_LEVEL", "WARNING")
    from functions.allocate import stock_api
    from functions.checkout import api as orders_api
    from functions.returns import api as returns_api
    from functions.ship import warehouse_api

    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Doorstep",
            "version": "1",
            "description": "Order management: everything that happens after the buy button.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": {},
        "components": {
            "schemas": {"Problem": _PROBLEM},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or a Cognito access token.",
                }
            },
        },
    }
    for module in (orders_api, stock_api, warehouse_api, returns_api):
        part = json.loads(module.app.get_openapi_json_schema(title="Doorstep", version="1"))
        merged["paths"] |= part["paths"]
        merged["components"]["schemas"] |= part.get("components", {}).get("schemas", {})
    for operations in merged["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            for status, text in _REFUSALS.items():
                operation["responses"][status] = {
                    "description": text,
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                }
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        merged["components"]["schemas"].pop(name, None)
    return merged


def main() -> None:
    PATH.write_text(json.dumps(describe(), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
