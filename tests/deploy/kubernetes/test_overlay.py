"""An overlay of one's own, made as the README says: a copy, with what is one's own put in."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.deploy.kubernetes.rendering import KUBERNETES, kustomize

QUEUE = "https://sqs.eu-west-1.amazonaws.com/210987654321/mine"
ROLE = "arn:aws:iam::123456789012:role/liveness-watcher"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes", ignore=shutil.ignore_patterns("chart", "__pycache__"))
    overlays = tmp_path / "kubernetes/overlays"
    return Path(shutil.copytree(overlays / "sqs", overlays / "mine"))


def rendered(overlay: Path) -> dict[str, dict[str, object]]:
    return {one["kind"]: one for one in yaml.safe_load_all(kustomize(overlay))}


def test_region_and_queue_are_said_once_and_reach_keda(mine: Path) -> None:
    file = mine / "aws.env"
    kept = [
        line for line in file.read_text().splitlines() if not line.startswith(("WATCHER_AWS", "WATCHER_QUEUE__URL"))
    ]
    file.write_text("\n".join([*kept, "WATCHER_AWS__REGION=eu-west-1", f"WATCHER_QUEUE__URL={QUEUE}"]))
    spec = rendered(mine)["ScaledObject"]["spec"]
    assert isinstance(spec, dict)
    metadata = spec["triggers"][0]["metadata"]
    assert (metadata["awsRegion"], metadata["queueURL"]) == ("eu-west-1", QUEUE)


def test_the_readmes_patch_gives_the_service_account_its_role(mine: Path) -> None:
    readme = (KUBERNETES / "README.md").read_text()
    (patch,) = (block.partition("```")[0] for block in readme.split("```yaml\n")[1:])
    file = mine / "kustomization.yaml"
    file.write_text(file.read_text() + patch)
    metadata = rendered(mine)["ServiceAccount"]["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}


def test_the_components_can_be_named_from_there(mine: Path) -> None:
    named = [f"../../components/{folder.name}" for folder in (KUBERNETES / "components").iterdir()]
    file = mine / "kustomization.yaml"
    file.write_text(file.read_text() + yaml.safe_dump({"components": named}))
    objects = rendered(mine)
    assert {"PodMonitor", "PrometheusRule"} <= set(objects)
    assert "ScaledObject" not in objects
    assert {str(one["metadata"]["namespace"]) for one in objects.values()} == {"liveness"}  # type: ignore[index]
