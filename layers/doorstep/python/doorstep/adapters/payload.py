"""Bodies that others sent, read into a model; whatever is wrong with them is said at its path."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from doorstep.domain.errors import InvalidCommand

Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], body: bytes) -> Model:
    """A JSON body as a model; raises InvalidCommand."""
    try:
        return model.model_validate_json(body)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False, include_context=False, include_input=False)
        faults = {".".join(map(str, error["loc"])) or "body": error["msg"] for error in errors}
        raise InvalidCommand(faults) from None
