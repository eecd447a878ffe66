"""Settings of the alarms."""

from typing import Annotated

from pydantic import AfterValidator, Field

from settings import forms
from settings.models.base import Group


class Alarms(Group):
    """CloudWatch alarms and where they go."""

    emails: tuple[Annotated[str, AfterValidator(forms.EMAIL)], ...] = Field(
        default=(), description="Addresses subscribed to the alarm topic."
    )
    errors_percent: int = Field(
        default=5, ge=1, le=100, description="Share of 5xx answers that alarms, %."
    )
    cpu_percent: int = Field(
        default=85, ge=1, le=100, description="CPU use of service or database that alarms, %."
    )
    memory_percent: int = Field(
        default=85, ge=1, le=100, description="Memory use of the service that alarms, %."
    )
    storage_free_gib: int = Field(
        default=5, ge=1, description="Free database storage below which it alarms, GiB."
    )
    connections: int = Field(
        default=150, ge=1, description="Database connections above which it alarms."
    )
    replica_lag_seconds: int = Field(
        default=60, ge=1, description="Replica lag above which it alarms, seconds."
    )
