"""Cognito access tokens: who signed in, and the groups they are in."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import jwt

from doorstep.domain.errors import Forbidden, ProviderUnavailable

_LEEWAY_SECONDS = 30


def claims(token: str, *, user_pool_id: str, client_id: str) -> dict[str, Any]:
    """The claims of a valid access token of this pool and client; raises Forbidden otherwise."""
    region = user_pool_id.partition("_")[0]
    try:
        key = _keys(user_pool_id).get_signing_key_from_jwt(token)
        found: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            issuer=f"https://cognito-idp.{region}.amazonaws.com/{user_pool_id}",
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "sub", "token_use"], "verify_aud": False},
        )
    except jwt.PyJWKClientConnectionError:
        # Not the caller's fault: an error is not cached by the API as a refusal would be.
        raise ProviderUnavailable("The keys of the user pool cannot be read.") from None
    except jwt.PyJWTError as error:
        raise Forbidden(f"The token is not valid: {type(error).__name__}.") from None
    if (found["token_use"], found.get("client_id")) != ("access", client_id):
        raise Forbidden("The token is not an access token of this client.")
    return found


@cache
def _keys(user_pool_id: str) -> jwt.PyJWKClient:
    """The pool's public keys, kept for an hour; from where the AWS SDK would ask."""
    region = user_pool_id.partition("_")[0]
    base = os.environ.get("AWS_ENDPOINT_URL") or f"https://cognito-idp.{region}.amazonaws.com"
    return jwt.PyJWKClient(
        f"{base}/{user_pool_id}/.well-known/jwks.json", cache_keys=True, lifespan=3600, timeout=3
    )
