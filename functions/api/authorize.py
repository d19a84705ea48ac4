"""HTTP API authorizer: the Authorization header → who calls, in which role, for which scope.

Nothing is changed.
"""

from __future__ import annotations

from typing import Any

from doorstep.domain.errors import Forbidden
from doorstep.runtime.access import identify
from doorstep.runtime.observability import logger


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer in the simple format; whoever is not known is not authorized."""
    try:
        caller = identify((event.get("headers") or {}).get("authorization", ""))
    except Forbidden as refusal:
        logger.warning("refused", reason=str(refusal))
        return {"isAuthorized": False}
    logger.info("authorized", caller=caller["name"], role=caller["role"])
    return {"isAuthorized": True, "context": caller}
