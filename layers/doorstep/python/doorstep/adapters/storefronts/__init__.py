"""Storefronts: one module for each shop system, with `parse(headers, body)`, imported on demand."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from doorstep.domain.errors import NotFound

if TYPE_CHECKING:
    from doorstep.ports import Storefront

NAMES = tuple(sorted(module.stem for module in Path(__file__).parent.glob("[!_]*.py")))
"""The storefronts there are: the modules of this folder."""


def load(name: str) -> Storefront:
    """The storefront of this name; raises NotFound, which tells the names there are."""
    if name not in NAMES:
        raise NotFound(f"storefront (but {' and '.join(NAMES)})", name)
    return cast("Storefront", import_module(f"{__name__}.{name}"))
