"""The short cut through botocore's data leads to the same place."""

from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

from watcher.cli.get.fast_loader import FastLoader, brief_endpoints, known_regions

FULL = Loader().load_data("endpoints")
PARTITIONS = Loader().load_data("partitions")
REGIONS = sorted({region for partition in FULL["partitions"] for region in partition["regions"]})


def client(loader: Loader, region: str, **environment: Any) -> Any:
    session = botocore.session.Session()
    session.set_credentials("A", "B")
    session.register_component("data_loader", loader)
    for name, value in environment.items():
        session.set_config_variable(name, value)
    return session.create_client("rekognition", region_name=region)


def swift() -> FastLoader:
    loader = FastLoader()
    loader.brief_endpoints = True
    return loader


def test_every_region_of_the_full_data_is_known() -> None:
    assert set(REGIONS) <= known_regions(PARTITIONS)


def test_the_brief_patterns_resolve_every_region_like_the_full_ones() -> None:
    full, brief = EndpointResolver(FULL), EndpointResolver(brief_endpoints(PARTITIONS))
    for region in REGIONS:
        expected, found = (one.construct_endpoint("rekognition", region) for one in (full, brief))
        for key in ("partition", "hostname", "protocols", "signatureVersions"):
            assert found[key] == expected[key], region


@pytest.mark.parametrize("region", REGIONS)
def test_a_client_has_the_same_endpoint_and_signing_region(region: str) -> None:
    usual, quick = client(_loader(), region), client(_swift(), region)
    assert quick.meta.endpoint_url == usual.meta.endpoint_url
    assert quick._request_signer.region_name == usual._request_signer.region_name
    assert quick._request_signer.signing_name == usual._request_signer.signing_name


_LOADERS: dict[type[Loader], Loader] = {}


def _loader() -> Loader:
    return _LOADERS.setdefault(Loader, Loader())


def _swift() -> Loader:
    return _LOADERS.setdefault(FastLoader, swift())


def test_a_users_own_endpoints_are_honoured(tmp_path: Path) -> None:
    (tmp_path / "endpoints.json").write_text('{"partitions": [], "version": 3, "mine": true}')
    loader = FastLoader(extra_search_paths=[str(tmp_path)])
    loader.brief_endpoints = True
    assert loader.load_data("endpoints")["mine"] is True


def test_the_full_patterns_are_there_unless_the_brief_ones_are_asked_for() -> None:
    assert FastLoader().load_data("endpoints") == Loader().load_data("endpoints")


def test_an_unknown_service_is_still_an_error() -> None:
    with pytest.raises((UnknownServiceError, Exception), match="no-such-service"):
        FastLoader().load_service_model("no-such-service", "service-2")
