"""Kustomize and Helm make the same, and what is generated is up to date."""

import importlib.util
from types import ModuleType

import pytest
import yaml

from tests.deploy.kubernetes.rendering import CHART, HELM, KUBERNETES, KUSTOMIZE, comparable, container
from tests.support import ROOT
from watcher import __version__


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", KUBERNETES / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("way", list(KUSTOMIZE))
def test_kustomize_and_helm_render_the_same_objects(way: str) -> None:
    by_kustomize, by_helm = (comparable(render[way]()) for render in (KUSTOMIZE, HELM))
    assert set(by_kustomize) == set(by_helm)
    for name, expected in by_kustomize.items():
        assert by_helm[name] == expected, name


def test_what_is_generated_is_up_to_date(generator: ModuleType) -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in generator.outputs().items() if path.read_text() != text]
    assert not stale, f"run deploy/kubernetes/generate.py: it changes {stale}"


def test_the_rules_are_those_of_prometheus(generator: ModuleType) -> None:
    files = [ROOT / "deploy/prometheus" / name for name in generator.RULE_FILES]
    expected = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    for render in (KUSTOMIZE, HELM):
        assert render["sqs"]()["PrometheusRule/watcher"]["spec"]["groups"] == expected


def test_the_version_is_the_watchers() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
    for overlay in ("sqs", "embedded"):
        (image,) = yaml.safe_load((KUBERNETES / f"overlays/{overlay}/kustomization.yaml").read_text())["images"]
        assert image["newTag"] == __version__
    assert container(HELM["sqs"]())["image"].endswith(f":{__version__}")
