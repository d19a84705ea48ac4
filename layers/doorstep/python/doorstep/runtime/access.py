"""Who calls: an API key or a Cognito access token, in one header, becomes a name, a role and a
scope.
"""

from __future__ import annotations

import hashlib

from doorstep.domain.errors import Forbidden
from doorstep.runtime import wiring

ROLES = ("admin", "agent", "warehouse", "storefront", "customer")
"""The strongest first."""

_LOCATION_GROUP = "location:"


def identify(authorization: str) -> dict[str, str]:
    """The caller of a request, by its Authorization header (`Bearer <API key or access token>`).

    Raises Forbidden for whoever is not known. A signed-in user without a group is a customer, named
    by their subject; groups `location:<id>` are the locations that a warehouse user works for.
    """
    scheme, _, credential = authorization.partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential:
        raise Forbidden("Send `Authorization: Bearer <API key or access token>`.")
    if credential.count(".") == 2:
        return _user(credential)
    return _key(credential)


def _key(key: str) -> dict[str, str]:
    """A machine: keys are kept as their SHA-256, so the store of keys does not give them away."""
    known = wiring.api_keys().get(hashlib.sha256(key.encode()).hexdigest())
    if known is None:
        raise Forbidden("The API key is not known.")
    return {name: str(known.get(name, "")) for name in ("name", "role", "scope")}


def _user(token: str) -> dict[str, str]:
    claims = wiring.token_claims(token)
    groups = list(claims.get("cognito:groups") or [])
    role = next((role for role in ROLES if role in groups), "customer")
    scope = [g.removeprefix(_LOCATION_GROUP) for g in groups if g.startswith(_LOCATION_GROUP)]
    if role == "warehouse" and not scope:
        raise Forbidden("This user works for no location: add a group `location:<id>`.")
    return {"name": str(claims["sub"]), "role": role, "scope": " ".join(scope)}
