"""Where a deployed Doorstep is: what its stacks say of themselves, read back after a deployment."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Outputs:
    """The outputs of both stacks. `api_url` answers from Python, browsers and curl alike."""

    endpoint: str
    """Of the embedded AWS, for boto3."""
    api_url: str
    table_name: str
    sandbox_table_name: str
    inbox_bucket: str
    documents_bucket: str
    api_keys_secret: str
    webhooks_secret: str
    user_pool_id: str
    user_pool_client_id: str
    event_bus_name: str
    state_machine_arn: str
    alarm_topic_arn: str

    @classmethod
    def read(cls, file: Path, endpoint: str) -> Self:
        """From the file that `cdk deploy --outputs-file` wrote for the embedded AWS."""
        said: dict[str, str] = {}
        for stack in json.loads(file.read_text()).values():
            said |= stack
        named = {field.name: said.get(_camel(field.name), "") for field in fields(cls)}
        # The API's own host name, <id>.execute-api.localhost, resolves in browsers only.
        api_id = said["ApiUrl"].partition("://")[2].partition(".")[0]
        named["api_url"] = f"{endpoint}/_aws/execute-api/{api_id}/$default"
        return cls(**named | {"endpoint": endpoint})


def noted(home: Path) -> Outputs | None:
    """What the last deployment of this laptop noted in its folder, or None."""
    file = home / "outputs.json"
    if not file.exists():
        return None
    said = json.loads(file.read_text())
    return Outputs(**{field.name: said.get(field.name, "") for field in fields(Outputs)})


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))
