"""Doorstep: everything that happens after the buy button."""
