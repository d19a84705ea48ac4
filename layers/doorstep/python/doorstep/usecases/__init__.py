"""One function per command: load, let the domain decide, commit.

Ports come in as keyword arguments.
"""
