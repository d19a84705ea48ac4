"""Tax engines, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doorstep.adapters.registry import Provider, modules, provider

if TYPE_CHECKING:
    from doorstep.ports import TaxEngine

NAMES = modules(__path__)


def load(name: str) -> Provider[TaxEngine]:
    """The module of a tax engine; raises NotFound."""
    module: Provider[TaxEngine] = provider(__name__, "tax engine", name, NAMES)
    return module
