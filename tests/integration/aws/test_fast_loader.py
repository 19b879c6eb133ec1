"""The short cut through botocore's data leads to the same place."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import JSONFileLoader, Loader
from botocore.regions import EndpointResolver

from tests.integration.support.servers import Aws
from watcher.aws.client import build_client
from watcher.aws.fast_loader import FastLoader, brief_endpoints, is_plain, known_regions
from watcher.aws.session import open_session

FULL = Loader().load_data("endpoints")
PARTITIONS = Loader().load_data("partitions")
REGIONS = sorted({region for partition in FULL["partitions"] for region in partition["regions"]})


OPERATIONS = {
    "rekognition": "create_face_liveness_session",
    "sqs": "list_queues",
    "dynamodb": "list_tables",
    "sns": "list_topics",
    "events": "list_event_buses",
}
"""By service, one that needs no parameters."""

SERVICES = tuple(OPERATIONS)


def client(loader: Loader, service: str, region: str) -> Any:
    session = botocore.session.Session()
    session.set_credentials("A", "B")
    session.register_component("data_loader", loader)
    return session.create_client(service, region_name=region)


def swift() -> FastLoader:
    loader = FastLoader()
    loader.brief_endpoints = True
    return loader


def test_every_region_of_the_full_data_is_known() -> None:
    assert set(REGIONS) <= set(known_regions(PARTITIONS))


@pytest.mark.parametrize("region", ["aws-global", "aws-cn-global", "fips-us-east-1", "local", "", None])
def test_a_pseudo_region_needs_the_full_patterns(region: str | None) -> None:
    assert not is_plain(open_session(""), region)


@pytest.mark.parametrize("variant", ["use_fips_endpoint", "use_dualstack_endpoint"])
def test_a_variant_of_an_endpoint_needs_the_full_patterns(variant: str) -> None:
    session = open_session("")
    assert is_plain(session, "us-east-1")
    session.set_config_variable(variant, True)
    assert not is_plain(session, "us-east-1")


def test_the_brief_patterns_resolve_every_region_like_the_full_ones() -> None:
    full, brief = EndpointResolver(FULL), EndpointResolver(brief_endpoints(PARTITIONS))
    for region in REGIONS:
        expected, found = (one.construct_endpoint("rekognition", region) for one in (full, brief))
        for key in ("partition", "hostname", "protocols", "signatureVersions"):
            assert found[key] == expected[key], region


def signed_for(client: Any) -> list[tuple[str, str]]:
    """The service and region that a call is signed for."""
    found: list[tuple[str, str]] = []

    def note(signing_name: str, region_name: str, **_: object) -> None:
        found.append((signing_name, region_name))

    client.meta.events.register("before-sign", note)
    client.generate_presigned_url(OPERATIONS[client.meta.service_model.service_name])
    return found


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_client_has_the_same_endpoint_and_signing_region(service: str, region: str) -> None:
    usual, quick = client(_loader(), service, region), client(_swift(), service, region)
    assert quick.meta.endpoint_url == usual.meta.endpoint_url
    assert quick.meta.partition == usual.meta.partition
    assert signed_for(quick) == signed_for(usual)


def files_read(monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str], **settings: Any) -> set[str]:
    """The names of the data files that a client takes."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    read: set[str] = set()
    original = JSONFileLoader.load_file

    def spy(loader: JSONFileLoader, path: str) -> Any:
        read.add(os.path.basename(path))  # noqa: PTH119 - as botocore gives it
        return original(loader, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", spy)
    build_client("rekognition", Aws(**settings), "", concurrency=1).close()
    return read


def test_a_client_of_the_watcher_reads_the_full_patterns_only_if_it_needs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "endpoints" not in files_read(monkeypatch, {})
    assert "endpoints" in files_read(monkeypatch, {"AWS_USE_FIPS_ENDPOINT": "true"})


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
