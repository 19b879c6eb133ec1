"""Sample input and sample output, made from the service model."""

import base64
import json
from typing import Any

from botocore.utils import ArgumentGenerator
from botocore.validate import ParamValidator

from watcher.cli.get.client import OPERATION, SERVICE

SAMPLE_SESSION_ID = "00000000-0000-4000-8000-000000000000"
SAMPLE_IMAGE = b"image bytes"
# Members whose pattern an invented text would not match.
SAMPLE_TEXTS = {
    "LivenessSessionId": SAMPLE_SESSION_ID,
    "Version": "1.0.0",
    "S3Bucket": "amzn-s3-demo-bucket",
}
SAMPLE_NUMBERS: dict[str, float] = {"Percent": 99.5, "Float": 0.5}


def _operation(session: Any) -> Any:
    return session.get_service_model(SERVICE).operation_model(OPERATION)


def input_skeleton(session: Any) -> str:
    """Parameters to fill in, for `--cli-input-json`."""
    sample = ArgumentGenerator().generate_skeleton(_operation(session).input_shape)
    return json.dumps(sample, indent=4) + "\n"


def output_skeleton(session: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """An answer with every member in the model, images as base64. Without parameters none are checked.

    Raises:
        botocore.exceptions.ParamValidationError: parameters that a real call would reject.
    """
    from botocore.exceptions import ParamValidationError

    operation = _operation(session)
    report = ParamValidator().validate(parameters, operation.input_shape)
    if parameters and report.has_errors():
        raise ParamValidationError(report=report.generate_report())
    printable: dict[str, Any] = _as_printed(sample_of(operation.output_shape))
    return printable


def sample_of(shape: Any) -> Any:
    """A value within the shape's constraints."""
    if shape.type_name == "structure":
        return {name: sample_of(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [sample_of(shape.member)]
    if shape.type_name == "blob":
        return SAMPLE_IMAGE
    if shape.type_name == "string":
        return _sample_text(shape)
    if shape.type_name in ("float", "double"):
        return SAMPLE_NUMBERS.get(shape.name, 0.5)
    return ArgumentGenerator().generate_skeleton(shape)


def _sample_text(shape: Any) -> str:
    if shape.enum:
        return str(shape.enum[0])
    text = SAMPLE_TEXTS.get(shape.name, shape.name)
    return str(text).ljust(shape.metadata.get("min", 0), "-")[: shape.metadata.get("max")]


def _as_printed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_printed(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_printed(member) for member in value]
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
