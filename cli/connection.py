"""Which Doorstep is talked to, and as whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from local.access import access
from local.client import Doorstep
from local.embedded import HOME
from local.outputs import noted

Connect = Callable[[], Doorstep]


class Unknown(Exception):
    """It was not said where Doorstep is; the message says how to."""


def choose(
    context: typer.Context,
    url: Annotated[
        str, typer.Option(envvar="DOORSTEP_URL", help="Where its API is; else: this laptop's own.")
    ] = "",
    key: Annotated[str, typer.Option(envvar="DOORSTEP_KEY", help="An API key for it.")] = "",
) -> None:
    """Remember where Doorstep is for the command that follows; nothing is called yet."""
    context.obj = context.obj or (lambda: connect(url, key))


def connect(url: str, key: str) -> Doorstep:
    """A caller of the Doorstep at `url`, or of the one on this laptop; raises Unknown."""
    if url and not key:
        raise Unknown(f"A key for {url} is missing. Give --key, or set DOORSTEP_KEY.")
    if url:
        return Doorstep(url, key)
    here = noted(HOME)
    if here is None:
        raise Unknown(
            "No Doorstep is known. Say which: --url and --key (or DOORSTEP_URL, DOORSTEP_KEY); "
            "or start one on this laptop: make up"
        )
    return Doorstep(here.api_url, key or access(HOME).keys["admin"])
