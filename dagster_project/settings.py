"""Every environment variable of the project, documented once.

Belongs here: names, types and defaults of settings. Does not belong here: opening connections.
"""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dagster_project.paths import PROJECT_DIR


class MissingSettingError(RuntimeError):
    """A variable that the command needs is not set."""

    def __init__(
        self,
        variable: str,
        meaning: str,
        remedy: str = "Export it, or run `beacon demo` to work on the embedded demo server.",
    ) -> None:
        """Name the variable, what it means and the remedy.

        Args:
            variable: Name of the environment variable, e.g. ``BEACON_RUNNER_URL``.
            meaning: What its value must be.
            remedy: What to do about it.
        """
        super().__init__(f"{variable} is not set. It must hold {meaning}. {remedy}")
        self.variable = variable


class Settings(BaseSettings):
    """Settings read from the environment, prefix ``BEACON_``."""

    model_config = SettingsConfigDict(env_prefix="BEACON_", extra="ignore")

    runner_url: SecretStr | None = Field(
        default=None, description="libpq URL of the runner's Postgres; a role that can only read."
    )
    warehouse_url: SecretStr | None = Field(
        default=None, description="libpq URL of the warehouse Postgres; the owner of its schemas."
    )
    publish_url: SecretStr | None = Field(
        default=None,
        description="libpq URL of the runner's Postgres for publishing: a role that may write the "
        "cross-region tables. Publishing is off without it.",
    )
    publish_rows: int = Field(
        default=1_000,
        ge=1,
        description="Most rows that publishing inserts in one transaction; jobs stay whole.",
    )
    home: Path = Field(
        default=PROJECT_DIR / ".beacon",
        description="Folder for local state: embedded server, Dagster instance, dbt artefacts.",
    )
    pg_bindir: Path | None = Field(
        default=None,
        description="Folder with initdb, pg_ctl and postgres for the embedded server.",
    )
    batch_rows: int = Field(
        default=10_000,
        ge=1,
        description="Rows held in memory at a time by extract and score.",
    )

    def require_runner_url(self) -> str:
        """Return the runner's libpq URL.

        Returns:
            The URL, secret included: never log it.

        Raises:
            MissingSettingError: BEACON_RUNNER_URL is not set.
        """
        if self.runner_url is None:
            raise MissingSettingError("BEACON_RUNNER_URL", "the libpq URL of the runner's Postgres")
        return self.runner_url.get_secret_value()

    def require_warehouse_url(self) -> str:
        """Return the warehouse's libpq URL.

        Returns:
            The URL, secret included: never log it.

        Raises:
            MissingSettingError: BEACON_WAREHOUSE_URL is not set.
        """
        if self.warehouse_url is None:
            raise MissingSettingError("BEACON_WAREHOUSE_URL", "the libpq URL of the warehouse")
        return self.warehouse_url.get_secret_value()

    def require_publish_url(self) -> str:
        """Return the libpq URL that publishing writes with.

        Returns:
            The URL, secret included: never log it.

        Raises:
            MissingSettingError: BEACON_PUBLISH_URL is not set.
        """
        if self.publish_url is None:
            raise MissingSettingError(
                "BEACON_PUBLISH_URL",
                "the libpq URL of the runner's Postgres with the role beacon_publisher",
                "Publishing is off without it: docs/rollout.md.",
            )
        return self.publish_url.get_secret_value()
