"""The settings `[aws]` as the adapters need them, from the daemon's file or the CLI's options."""

from typing import Protocol


class ClientSettings(Protocol):
    """How Rekognition is reached. Empty strings are "not set"; time-outs are seconds, and 0 is "no limit"."""

    @property
    def region(self) -> str:
        """AWS's name of the region; empty: the profile's."""

    @property
    def profile(self) -> str:
        """Profile of AWS's configuration files."""

    @property
    def endpoint_url(self) -> str:
        """URL to call instead of AWS's."""

    @property
    def ca_bundle(self) -> str:
        """File of CA certificates, PEM."""

    @property
    def verify_ssl(self) -> bool:
        """Whether certificates are checked; false overrides `ca_bundle`."""

    @property
    def sign_request(self) -> bool:
        """Whether requests are signed, which needs credentials."""

    @property
    def connect_timeout(self) -> float:
        """Limit of one connect."""

    @property
    def read_timeout(self) -> float:
        """Limit of one read."""
