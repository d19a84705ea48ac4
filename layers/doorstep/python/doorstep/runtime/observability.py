"""The logger of all functions: JSON lines with the ids of the business, never with persons or
bodies. And the few numbers that operators watch.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from doorstep.runtime.settings import settings

NAMESPACE = "Doorstep"

logger = Logger(service="doorstep", level="INFO", log_uncaught_exceptions=False)


def measure(name: str, value: int) -> None:
    """One number for CloudWatch, by stage: a line of the log in Embedded Metric Format."""
    with single_metric(name=name, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as one:
        one.add_dimension(name="stage", value=settings().stage or "none")
