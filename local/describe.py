"""Write the description of the HTTP API anew from its routes: `make openapi`.

A test compares it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from doorstep.domain.events import CATALOG, StockItem, TimelineItem
from doorstep.domain.shipment import ShipmentStatus
from doorstep.domain.transitions import TRANSITIONS
from local import holidays

_ROOT = Path(__file__).parent.parent

_EVENTS = """\
# Events

<!-- Written by `make docs` from doorstep/domain/events/ -->

Every change of an order, and every change of state of a SKU's stock, is one event: written in the
transaction that changed it, numbered without gaps within its order or its SKU, and published from
there to the EventBridge bus `doorstep-<stage>` with source `doorstep` and the event's name as
detail type.

Delivery is at least once, and in order within one order only as far as your queue keeps it: use
`order_id` and `sequence` to drop repeats and to see gaps. A field is only ever added; a change of
meaning is a new `version`. No event carries personal data: read the order for that.

The detail of each event is this envelope, with the event's own fields under `data` (JSON Schemas
of all: [events.json](events.json)):

```json
{
  "order_id": "O-LSD3FIOQ4TKX2FMP",
  "sequence": 3,
  "at": "2026-11-23T10:00:00Z",
  "actor": "web-shop",
  "name": "order.closed",
  "version": 1,
  "data": {}
}
```

Events of stock (`stock.*`, and work items about a SKU) have `sku` in the place of `order_id`. The
states are looked at every minute: a SKU that was out for seconds only may not be told of.

| Name | Version | What happened | Its fields |
|---|---|---|---|"""

_LIFECYCLE = """\
# Lifecycle

<!-- Written by `make docs` from doorstep/domain/transitions.py -->

Whatever is not drawn here is refused with `illegal-transition`."""

_SHIPMENT = """
## Shipment

A shipment follows its carrier, whose news comes late, twice and out of order. So it has no table
of moves: the newest news by the carrier's own clock counts, nothing takes `delivered` back except
`return_to_sender`, and a label that was only announced never takes back a scan.
"""

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

_PUBLIC = (
    "/availability",
    "/payment-links/{fulfillment_order_id}",
    "/remedy-offers/{remedy_id}",
)
"""Routes that need no login."""


def written() -> dict[Path, str]:
    """Every generated file, and what is to stand in it."""
    return {
        _ROOT / "functions" / "api" / "openapi.json": _json(openapi()),
        _ROOT / "docs" / "events.json": _json(event_schemas()),
        _ROOT / "docs" / "events.md": events(),
        _ROOT / "docs" / "lifecycle.md": lifecycle(),
        holidays.TABLE: _json(holidays.table()),
    }


def event_schemas() -> dict[str, Any]:
    """The JSON Schema of every event's `data`, by name, and that of the envelope."""
    return {
        "envelope": TimelineItem.model_json_schema(),
        "stock_envelope": StockItem.model_json_schema(),
        "events": {
            name: {"version": event.version, "data": event.model_json_schema()}
            for name, event in sorted(CATALOG.items())
        },
    }


def events() -> str:
    """The event catalog, for people."""
    lines = [_EVENTS]
    for name, event in sorted(CATALOG.items()):
        what = " ".join((event.__doc__ or "").split())
        fields = ", ".join(f"`{field}`" for field in event.model_fields) or "none"
        lines.append(f"| `{name}` | {event.version} | {what} | {fields} |")
    return "\n".join(lines) + "\n"


def lifecycle() -> str:
    """The states of every record, and the legal moves between them."""
    lines = [_LIFECYCLE]
    for record, states in TRANSITIONS.items():
        lines += ["", f"## {record.capitalize()}", "", "```mermaid", "stateDiagram-v2"]
        first = next(iter(states))
        lines.append(f"  [*] --> {first}")
        for state, moves in states.items():
            lines += [f"  {state} --> {to}" for to in sorted(moves)]
            if not moves:
                lines.append(f"  {state} --> [*]")
        lines.append("```")
    statuses = ", ".join(f"`{status.value}`" for status in ShipmentStatus)
    lines.append(_SHIPMENT + f"Its states: {statuses}.")
    return "\n".join(lines) + "\n"


def openapi() -> dict[str, Any]:
    """The OpenAPI document of all routes, refusals included."""
    os.environ.setdefault("POWERTOOLS_LOG_LEVEL", "WARNING")
    from functions.allocate import (
        papers_api,
        remedy_api,
        rules_api,
        stock_api,
        stockkeeping_api,
    )
    from functions.checkout import api as orders_api
    from functions.checkout import quote as quote_api
    from functions.events import republish as republish_api
    from functions.pay import api as pay_api
    from functions.returns import api as returns_api
    from functions.ship import handover_api, warehouse_api, workshop_api

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
    for module in (
        orders_api,
        quote_api,
        stock_api,
        rules_api,
        stockkeeping_api,
        papers_api,
        remedy_api,
        warehouse_api,
        handover_api,
        workshop_api,
        returns_api,
        pay_api,
        republish_api,
    ):
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
    for path in _PUBLIC:
        for operation in merged["paths"][path].values():
            operation["security"] = []
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        merged["components"]["schemas"].pop(name, None)
    return merged


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def main() -> None:
    for path, text in written().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
