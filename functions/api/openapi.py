"""HTTP: GET /openapi.json → the description of this API, as `make openapi` wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from doorstep.runtime.observability import logger

_DESCRIPTION = Path(__file__).with_name("openapi.json")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer with the file that lies beside this module."""
    logger.info("openapi")
    headers = {"content-type": "application/json", "cache-control": "public, max-age=300"}
    return {"statusCode": 200, "headers": headers, "body": _DESCRIPTION.read_text()}
