"""What cdk-nag finds and we stand by, each with its reason; any other finding fails synth."""

import aws_cdk as cdk
from constructs import IConstruct

from doorstep.domain.stock_file import RESULTS, UPLOADS
from infra.data import LABELS, RETURN_LABELS, STOREFRONT_BODIES, WORK_ORDERS, Data
from infra.service import Service


def acknowledge(data: Data, service: Service) -> None:
    """Accept these findings of these resources, and only these."""
    for secret in filter(None, (data.api_keys, data.webhooks, data.providers, data.payments)):
        _accept(
            secret,
            "SMG4",
            "The other side of each secret is a storefront, a provider or a caller: it is renewed "
            "together with them, as docs/operate.md says, not by a clock.",
        )
    _accept(
        data.links,
        "SMG4",
        "Ours alone; it signs links that end by themselves. docs/operate.md says how to renew it.",
    )
    if not data.stage.encrypted_transport:
        for stack, rule in ((data, "S10"), (service, "SQS4"), (service, "SNS3")):
            _accept(stack, rule, "The embedded AWS listens on 127.0.0.1 only, and without TLS.")
    _accept(
        data.users,
        "COG2",
        "Customers sign in here too; a second factor is offered to everybody and forced on nobody.",
    )
    _accept(
        data.users,
        "COG8",
        "The plus tier costs per user and month; it is a business's own choice.",
    )
    for route in service.api.public_routes:
        _accept(
            route,
            "APIG4",
            "Open on purpose: it verifies a signature, or has nothing to protect.",
        )
    _accept(
        service.ship.workflow,
        "SF2",
        "Every log line carries the order; X-Ray would bill each step for what is there already.",
    )
    _accept(
        service.ship.workflow.role,
        "IAM5[Resource::*]",
        "AWS's actions to deliver a workflow's log take no resource.",
    )
    for waker in (service.ship.release, service.ship.resume):
        _accept(
            waker.role,
            "IAM5[Resource::*]",
            "states:SendTask… takes no resource: what it may end is said by the secret task token.",
        )
    if data.stage.embedded:
        _accept(
            service.events.notify.role,
            "IAM5[Resource::*]",
            "The embedded AWS does not look up which identity a mail is sent by.",
        )
    for reader in (service.events.publish, service.allocate.refill):
        _accept(
            reader.role,
            "IAM5[Resource::*]",
            "dynamodb:ListStreams takes no resource; the other actions name the table's stream.",
        )
    _accept(
        service.events.unpublished,
        "SQS3",
        "It is a dead-letter queue itself: what the table's stream could not publish.",
    )
    for bucket in (data.inbox, data.documents):
        arn = service.resolve(data.export_value(bucket.bucket_arn))["Fn::ImportValue"]
        for prefix in (STOREFRONT_BODIES, UPLOADS, RESULTS, LABELS, RETURN_LABELS, WORK_ORDERS):
            _accept(
                service,
                f"IAM5[Resource::{arn}/{prefix}*]",
                "Objects are named at run time; their prefix is the narrowest name there is.",
            )


def _accept(construct: IConstruct, rule: str, reason: str) -> None:
    cdk.Validations.of(construct).acknowledge(
        cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason)
    )
