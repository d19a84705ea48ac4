"""Carriers, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doorstep.adapters.registry import Provider, modules, provider

if TYPE_CHECKING:
    from doorstep.ports import Carrier

NAMES = modules(__path__)


def load(name: str) -> Provider[Carrier]:
    """The module of a carrier; raises NotFound."""
    module: Provider[Carrier] = provider(__name__, "carrier", name, NAMES)
    return module
