"""Run a function again and again."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from infra.function import Function


def every(function: Function, *, minutes: int) -> None:
    """Invoke the function at this rate; what a missed run would have done, the next one does."""
    role = iam.Role(
        function, "ScheduleRole", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com")
    )
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["lambda:InvokeFunction"], resources=[function.function.function_arn]
        )
    )
    scheduler.CfnSchedule(
        function,
        "Schedule",
        description=f"{function.module}, every {minutes} min",
        schedule_expression=f"rate({minutes} minute{'s' if minutes > 1 else ''})",
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=function.function.function_arn,
            role_arn=role.role_arn,
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_retry_attempts=0, maximum_event_age_in_seconds=60
            ),
        ),
    )
