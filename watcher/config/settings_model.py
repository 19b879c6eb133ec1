"""The base class of all settings, and bounds that several of them share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from watcher.util.urls import cleaned

NAME_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"

Name = Annotated[str, Field(pattern=NAME_PATTERN)]

Url = Annotated[str, AfterValidator(cleaned)]
"""A URL, which the rules check and the adapters call in the same form."""

LONGEST = 86_400
"""Seconds of the longest duration, a day: a session lives for three minutes. The system's own waits have a limit, too
(2^63 ns), and raise OverflowError above it."""

Seconds = Annotated[float, Field(le=LONGEST)]
"""A duration."""


class SettingsModel(BaseModel):
    """A group of settings: frozen, strictly typed, without unknown keys, NaN or infinity."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
