"""What all settings have in common, and the bounds that several of them share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from watcher.util.urls import cleaned

NAME_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"

Name = Annotated[str, Field(pattern=NAME_PATTERN)]

Url = Annotated[str, AfterValidator(cleaned)]
"""A URL, which the rules judge and the adapters call in one and the same form."""


class SettingsModel(BaseModel):
    """A group of settings: frozen, exactly typed, without unknown keys, NaN or infinity."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
