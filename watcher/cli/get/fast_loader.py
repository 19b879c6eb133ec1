"""Reads botocore's service data with less searching, for one command of a short life.

Botocore's own loader walks through the folders of all 400 services to learn which exist, once for each kind of file,
and parses 1.2 MB of endpoint patterns of which Rekognition, whose endpoints come from a rule set, needs the
partition's names alone. Together that is a quarter of this command's time. Files that a user put into a data path of
their own (`~/.aws/models`, `AWS_DATA_PATH`) are honoured as ever.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

ENDPOINTS = "endpoints"
PARTITIONS = "partitions"


class _AnyName(list[str]):
    """Stands for the list of all services: whether one exists shows when its files are read."""

    def __contains__(self, name: object) -> bool:
        return True


class FastLoader(Loader):  # type: ignore[misc]
    """A loader that looks where it is told to. `brief_endpoints`: derive the endpoint patterns, don't parse them."""

    brief_endpoints = False

    def list_available_services(self, type_name: str) -> list[str]:
        """A list that claims to have every service.

        An unknown one is then found out by `determine_latest_version`, one step later.
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
        """Whether a folder of the user's has endpoint patterns of its own."""
        for folder in self.search_paths:
            if folder != self.BUILTIN_DATA_PATH:
                yield any(Path(folder).glob(f"{ENDPOINTS}.json*"))


def known_regions(partitions: Mapping[str, Any]) -> set[str]:
    """The regions that botocore's partition data names."""
    return {region for partition in partitions["partitions"] for region in partition["regions"]}


def brief_endpoints(partitions: Mapping[str, Any]) -> dict[str, Any]:
    """Endpoint patterns that say of a plain regional endpoint (no FIPS, no dual stack) what the full file says.

    `tests/integration/cli/get/test_loader.py` holds them against the full file, region by region.
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
