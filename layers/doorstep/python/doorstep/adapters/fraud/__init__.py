"""Fraud screens, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doorstep.adapters.registry import Provider, modules, provider

if TYPE_CHECKING:
    from doorstep.ports import FraudScreen

NAMES = modules(__path__)


def load(name: str) -> Provider[FraudScreen]:
    """The module of a fraud screen; raises NotFound."""
    module: Provider[FraudScreen] = provider(__name__, "fraud screen", name, NAMES)
    return module
