"""The stateful stack: the table, the buckets, the secrets, the users and the event bus.

It outlives every deployment of the code. Each `…_for` method hands a function one of these things:
the setting that says where it is, and the actions it may do there.
"""

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from doorstep.adapters.dynamo import schema
from doorstep.domain.stock_file import RESULTS, UPLOADS
from infra.function import Function
from infra.stage import Stage

ROLES = {
    "admin": "May do everything.",
    "agent": "Customer service: reads and changes every order, decides on holds and returns.",
    "warehouse": "Works the fulfillment orders of a location.",
    "storefront": "Places orders and reads its own.",
    "customer": "Reads, cancels and returns the orders they placed when signed in.",
}

STOREFRONT_BODIES = "storefronts/"
LABELS = "labels/"
RETURN_LABELS = "returns/"
WORK_ORDERS = "work-orders/"
"""Prefixes of the objects in the buckets."""

_READ = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
_WRITE = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem")


class Data(cdk.Stack):
    """Everything that must not be lost."""

    def __init__(self, scope: Construct, stage: Stage, **props: object) -> None:
        super().__init__(scope, stage.named("data"), **props)  # type: ignore[arg-type]
        self.stage = stage
        self.removal = cdk.RemovalPolicy.RETAIN if stage.keep_data else cdk.RemovalPolicy.DESTROY
        self.table = self._table()
        self.sandbox_table = self._sandbox_table() if stage.sandbox_payments else None
        self.access_log = self._bucket("AccessLog", keep_days=90)
        self.inbox = self._bucket("Inbox", keep_days=90, log=self.access_log)
        # Said on the resource itself: the construct would bring a Lambda along for it.
        self.inbox.node.default_child.notification_configuration = (  # type: ignore[union-attr]
            s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                    event_bridge_enabled=True
                )
            )
        )
        self.documents = self._bucket("Documents", log=self.access_log, versioned=True)
        self.api_keys_name = stage.named("api-keys")
        self.webhooks_name = stage.named("webhooks")
        self.api_keys = self._secret("ApiKeys", self.api_keys_name, "Who may call, by API key.")
        self.webhooks = self._secret("Webhooks", self.webhooks_name, "Who signs with what.")
        self.providers_name = stage.named("providers")
        self.providers = self._providers() if stage.carrier_account else None
        self.payments_name = stage.named("payments")
        self.payments = self._payments() if stage.payment_account else None
        self.links_name = stage.named("links")
        self.links = self._links()
        self.users = self._users()
        self.client = self.users.add_client(
            "Client",
            auth_flows=cognito.AuthFlow(user_srp=True, admin_user_password=True),
            prevent_user_existence_errors=True,
        )
        self.bus = events.EventBus(self, "Bus", event_bus_name=stage.named())
        for name, value in {
            "TableName": self.table.table_name,
            "SandboxTableName": self.sandbox_table.table_name if self.sandbox_table else "",
            "InboxBucket": self.inbox.bucket_name,
            "DocumentsBucket": self.documents.bucket_name,
            "ApiKeysSecret": self.api_keys_name,
            "WebhooksSecret": self.webhooks_name,
            "ProvidersSecret": self.providers_name if self.providers else "",
            "PaymentsSecret": self.payments_name if self.payments else "",
            "UserPoolId": self.users.user_pool_id,
            "UserPoolClientId": self.client.user_pool_client_id,
            "EventBusName": self.bus.event_bus_name,
        }.items():
            if value:
                cdk.CfnOutput(self, f"{name}Output", key=name, value=value)

    def orders_for(self, function: Function, *, read_only: bool = False) -> None:
        """The table: orders, stock, catalog, returns."""
        function.set({"TABLE_NAME": self.table.table_name})
        function.allow(self.table.table_arn, *_READ, *(() if read_only else _WRITE))

    def index_for(self, function: Function, index: str) -> None:
        """One of the table's indexes, to look through."""
        function.allow(f"{self.table.table_arn}/index/{index}", "dynamodb:Query")

    def payments_for(self, function: Function) -> None:
        """The secret with our key, or the sandbox payment provider's own memory."""
        if self.payments:
            self._secret_for(function, "PAYMENTS_SECRET", self.payments_name)
        if self.sandbox_table:
            function.set({"SANDBOX_TABLE_NAME": self.sandbox_table.table_name})
            function.allow(self.sandbox_table.table_arn, "dynamodb:GetItem", *_WRITE)

    def payment_report_for(self, function: Function) -> None:
        """The secret with our key, or what the sandbox payment provider has moved."""
        if self.payments:
            self._secret_for(function, "PAYMENTS_SECRET", self.payments_name)
        if self.sandbox_table:
            function.set({"SANDBOX_TABLE_NAME": self.sandbox_table.table_name})
            function.allow(self.sandbox_table.table_arn, "dynamodb:Scan")

    def inbox_for(self, function: Function, action: str) -> None:
        """The bucket of storefronts' raw messages, to put or to get them."""
        function.set({"INBOX_BUCKET": self.inbox.bucket_name})
        function.allow(self.inbox.arn_for_objects(f"{STOREFRONT_BODIES}*"), action)

    def stock_files_for(self, function: Function, *, reader: bool = False) -> None:
        """The part of the inbox where files of stock news come, and where their results lie."""
        function.set({"INBOX_BUCKET": self.inbox.bucket_name})
        came, result = (self.inbox.arn_for_objects(f"{x}*") for x in (UPLOADS, RESULTS))
        function.allow(came, "s3:GetObject" if reader else "s3:PutObject")
        function.allow(result, "s3:GetObject", *(("s3:PutObject",) if reader else ()))

    def documents_for(self, function: Function, prefix: str, *actions: str) -> None:
        """One kind of documents: `LABELS`, `RETURN_LABELS` or `WORK_ORDERS`."""
        function.set({"DOCUMENTS_BUCKET": self.documents.bucket_name})
        function.allow(self.documents.arn_for_objects(f"{prefix}*"), *actions)

    def api_keys_for(self, function: Function) -> None:
        """The secret that says who may call."""
        self._secret_for(function, "API_KEYS_SECRET", self.api_keys_name)

    def webhooks_for(self, function: Function) -> None:
        """The secret that says who signs with what."""
        self._secret_for(function, "WEBHOOKS_SECRET", self.webhooks_name)

    def payment_links_for(self, function: Function, page: str) -> None:
        """The secret that signs links without a login, and the page where one pays again."""
        function.set({"PAYMENT_PAGE": self.stage.payment_page or page})
        self._secret_for(function, "LINKS_SECRET", self.links_name)

    def links_for(self, function: Function, page: str) -> None:
        """The secret that signs links without a login, and the page that they lead to."""
        function.set({"REMEDY_PAGE": self.stage.remedy_page or page})
        self._secret_for(function, "LINKS_SECRET", self.links_name)

    def carrier_for(self, function: Function) -> None:
        """The secret with our key; nothing where the sandbox makes the labels."""
        if self.providers:
            self._secret_for(function, "PROVIDERS_SECRET", self.providers_name)

    def _secret_for(self, function: Function, setting: str, name: str) -> None:
        function.set({setting: name})
        # A secret's ARN ends in six random characters; the name before them is ours alone.
        arn = self.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{name}-??????",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        function.allow(arn, "secretsmanager:GetSecretValue")

    def _table(self) -> dynamodb.Table:
        string = dynamodb.AttributeType.STRING
        table = dynamodb.Table(
            self,
            "Table",
            table_name=self.stage.named(),
            partition_key=dynamodb.Attribute(name=schema.PK, type=string),
            sort_key=dynamodb.Attribute(name=schema.SK, type=string),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self.stage.keep_data,
            removal_policy=self.removal,
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            time_to_live_attribute=schema.TTL,
        )
        for index, pk, sk in (
            (schema.DUE_INDEX, schema.DUE_PK, schema.DUE_SK),
            (schema.QUEUE_INDEX, schema.QUEUE_PK, schema.QUEUE_SK),
        ):
            table.add_global_secondary_index(
                index_name=index,
                partition_key=dynamodb.Attribute(name=pk, type=string),
                sort_key=dynamodb.Attribute(name=sk, type=string),
                projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            )
        return table

    def _sandbox_table(self) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            "Sandbox",
            table_name=self.stage.named("sandbox"),
            partition_key=dynamodb.Attribute(name=schema.PK, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=self.stage.keep_data,
            removal_policy=self.removal,
        )

    def _bucket(
        self,
        name: str,
        *,
        keep_days: int | None = None,
        log: s3.IBucket | None = None,
        versioned: bool = False,
    ) -> s3.Bucket:
        return s3.Bucket(
            self,
            name,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=self.stage.encrypted_transport,
            minimum_tls_version=1.2 if self.stage.encrypted_transport else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=versioned,
            removal_policy=self.removal,
            server_access_logs_bucket=log,
            server_access_logs_prefix=f"{name.lower()}/" if log else None,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    expiration=cdk.Duration.days(keep_days) if keep_days else None,
                )
            ],
        )

    def _secret(self, logical: str, name: str, text: str) -> secretsmanager.Secret:
        """A JSON object whose entries are put in by hand; born with one that fits nothing."""
        return secretsmanager.Secret(
            self,
            logical,
            secret_name=name,
            description=text,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106  (the shape of it)
                generate_string_key="unused",
            ),
            removal_policy=self.removal,
        )

    def _links(self) -> secretsmanager.Secret:
        """Born with a secret of its own: `current` signs, and `previous` is still good."""
        return secretsmanager.Secret(
            self,
            "Links",
            secret_name=self.links_name,
            description="Signs links that work without a login.",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106  (the shape of it)
                generate_string_key="current",
                password_length=48,
                exclude_punctuation=True,
            ),
            removal_policy=self.removal,
        )

    def _providers(self) -> secretsmanager.Secret:
        return self._secret("Providers", self.providers_name, "Our keys with carriers.")

    def _payments(self) -> secretsmanager.Secret:
        return self._secret("Payments", self.payments_name, "Our keys with payment providers.")

    def _users(self) -> cognito.UserPool:
        users = cognito.UserPool(
            self,
            "Users",
            user_pool_name=self.stage.named(),
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
            ),
            deletion_protection=self.stage.keep_data,
            removal_policy=self.removal,
        )
        for role, text in ROLES.items():
            users.add_group(role.title(), group_name=role, description=text)
        return users
