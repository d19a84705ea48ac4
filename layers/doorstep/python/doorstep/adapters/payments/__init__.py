"""Payment providers, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doorstep.adapters.registry import Provider, modules, provider

if TYPE_CHECKING:
    from doorstep.ports import PaymentGateway

NAMES = modules(__path__)


def load(name: str) -> Provider[PaymentGateway]:
    """The module of a payment provider; raises NotFound."""
    module: Provider[PaymentGateway] = provider(__name__, "payment provider", name, NAMES)
    return module
