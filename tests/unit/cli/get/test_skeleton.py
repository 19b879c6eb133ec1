"""The sample output against the service model."""

import botocore.session
from botocore.validate import ParamValidator

from watcher.cli.get.client import OPERATION, SERVICE
from watcher.cli.get.skeleton import SAMPLE_SESSION_ID, output_skeleton, sample_of

SESSION = botocore.session.Session()
SHAPE = SESSION.get_service_model(SERVICE).operation_model(OPERATION).output_shape


def test_the_service_model_validates_the_sample() -> None:
    report = ParamValidator().validate(sample_of(SHAPE), SHAPE)
    assert not report.has_errors(), report.generate_report()


def test_the_sample_has_every_member() -> None:
    sample = output_skeleton(SESSION, {"SessionId": SAMPLE_SESSION_ID})
    assert set(sample) == set(SHAPE.members)


def test_the_samples_texts_meet_the_models_patterns() -> None:
    import re

    def check(shape: object, value: object) -> None:
        if isinstance(value, dict):
            for name, member in value.items():
                check(shape.members[name], member)  # type: ignore[attr-defined]
        elif isinstance(value, list):
            check(shape.member, value[0])  # type: ignore[attr-defined]
        elif pattern := shape.metadata.get("pattern"):  # type: ignore[attr-defined]
            assert re.fullmatch(pattern, str(value)), (shape, value)

    check(SHAPE, sample_of(SHAPE))
