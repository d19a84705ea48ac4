"""The logger of all functions: JSON lines with the ids of the business, never with persons or
bodies.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger(service="doorstep", level="INFO", log_uncaught_exceptions=False)
