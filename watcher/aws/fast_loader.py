"""Reads botocore's service data with less searching: a process is ready sooner.

Botocore's own loader walks through the folders of all 400 services, once for each kind of file, and parses 1.2 MB of
endpoint patterns, of which a client only needs the partitions' names, because its endpoints come from a rule set.
Together that is a quarter of the time of `watcher get`. Files in a user's own data path (`~/.aws/models`,
`AWS_DATA_PATH`) are still used.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.loaders import Loader, create_loader

ENDPOINTS = "endpoints"
PARTITIONS = "partitions"


class _AnyName(list[str]):
    """Replaces the list of all services: reading a service's files shows whether it exists."""

    def __contains__(self, name: object) -> bool:
        return True


class FastLoader(Loader):  # type: ignore[misc]
    """A loader that does not search. `brief_endpoints`: derive the endpoint patterns instead of parsing them."""

    brief_endpoints = False

    def list_available_services(self, type_name: str) -> list[str]:
        """A list that claims to have every service.

        `determine_latest_version` then detects an unknown one, one step later.
        """
        return _AnyName()

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Data and the path of its file, see `Loader`."""
        if name == ENDPOINTS and self.brief_endpoints and not any(self._own_endpoints()):
            partitions, path = super().load_data_with_path(PARTITIONS)
            return brief_endpoints(partitions), path
        data, path = super().load_data_with_path(name)
        return data, path

    def _own_endpoints(self) -> Iterator[bool]:
        """Whether one of the user's folders has its own endpoint patterns."""
        for folder in self.search_paths:
            if folder != self.BUILTIN_DATA_PATH:
                yield any(Path(folder).glob(f"{ENDPOINTS}.json*"))


def use_fast_loader(session: Any) -> None:
    """Let a botocore session read its data with a `FastLoader`, from the session's own search path."""

    def make() -> FastLoader:
        usual = create_loader(session.get_config_variable("data_path"))
        return FastLoader(extra_search_paths=usual.search_paths, include_default_search_paths=False)

    session.lazy_register_component("data_loader", make)


def is_plain(session: Any, region: str | None) -> bool:
    """Whether this session's client for `region` needs only endpoint patterns that can be derived."""
    loader = session.get_component("data_loader")
    if region not in known_regions(loader.load_data(PARTITIONS)):
        return False
    return not any(session.get_config_variable(f"use_{variant}_endpoint") for variant in ("fips", "dualstack"))


def known_regions(partitions: Mapping[str, Any]) -> list[str]:
    """The regions that botocore's partition data names, without its pseudo-regions such as `aws-global`."""
    names = (region for partition in partitions["partitions"] for region in partition["regions"])
    return [name for name in names if not name.endswith("-global")]


def brief_endpoints(partitions: Mapping[str, Any]) -> dict[str, Any]:
    """Endpoint patterns that agree with the full file about plain regional endpoints (no FIPS, no dual stack).

    `tests/integration/aws/test_fast_loader.py` compares them with the full file, region by region.
    """
    return {"version": 3, "partitions": [_brief_partition(one) for one in partitions["partitions"]]}


def _brief_partition(partition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "partition": partition["id"],
        "dnsSuffix": partition["outputs"]["dnsSuffix"],
        "regionRegex": partition["regionRegex"],
        "regions": partition["regions"],
        "services": {},
        "defaults": {
            "hostname": "{service}.{region}.{dnsSuffix}",
            "protocols": ["https"],
            "signatureVersions": ["v4"],
        },
    }
