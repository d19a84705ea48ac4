"""Notifiers, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doorstep.adapters.registry import Provider, modules, provider

if TYPE_CHECKING:
    from doorstep.ports import Notifier

NAMES = modules(__path__)


def load(name: str) -> Provider[Notifier]:
    """The module of a notifier; raises NotFound."""
    module: Provider[Notifier] = provider(__name__, "notifier", name, NAMES)
    return module
