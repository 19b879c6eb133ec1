"""Each way to deploy, rendered."""

import pytest

from tests.deploy.kubernetes.rendering import HELM, KUSTOMIZE, Objects

_WAYS = [*(("kustomize", name) for name in KUSTOMIZE), *(("helm", name) for name in HELM)]


@pytest.fixture(params=_WAYS, ids="-".join)
def objects(request: pytest.FixtureRequest) -> Objects:
    """What is applied, by `Kind/name`, once for each overlay and each example of values."""
    tool, name = request.param
    render = {"kustomize": KUSTOMIZE, "helm": HELM}[tool][name]
    return render()
