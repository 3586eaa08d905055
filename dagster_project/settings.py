"""Every environment variable of the project, documented once.

Belongs here: names, types and defaults of settings. Does not belong here: opening connections.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dagster_project.paths import PUBLISHER_ROLE_FILE, default_home

ENV_PREFIX = "BEACON_"

UrlName = Literal["runner_url", "warehouse_url", "publish_url"]

_REMEDIES: dict[str, str] = {"publish_url": f"{PUBLISHER_ROLE_FILE} creates that role."}
_REMEDY = (
    "Export it; or set neither BEACON_RUNNER_URL nor BEACON_WAREHOUSE_URL and run `beacon demo` to "
    "work on the embedded demo server."
)


def variable_of(place: Sequence[int | str]) -> str:
    """Return the variable of a setting, as pydantic names the place of its fault."""
    name = str(place[0])
    return name if name.isupper() else f"{ENV_PREFIX}{name.upper()}"


class MissingSettingError(RuntimeError):
    """A variable that the command needs is not set."""

    def __init__(self, name: str, meaning: str) -> None:
        """Name the setting's variable, what its value must be, and the remedy."""
        self.variable = f"{ENV_PREFIX}{name.upper()}"
        self.remedy = _REMEDIES.get(name, _REMEDY)
        super().__init__(f"{self.variable} is not set. It must hold: {meaning} {self.remedy}")


class Settings(BaseSettings):
    """Settings read from the environment, prefix ``BEACON_``."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="ignore")

    runner_url: SecretStr | None = Field(
        default=None,
        description="libpq URL of the runner's Postgres; a role that can only read. Without "
        "both URLs commands work on the demo's databases.",
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
        default=default_home(),
        description="Folder for local state: embedded server, Dagster instance, dbt artefacts, "
        "reports, snapshot. `.beacon` of a checkout, the user's data folder of an installed wheel.",
    )
    output_url: str | None = Field(
        default=None,
        description="Where reports, snapshots and archived receipts go that nobody names a place "
        "for: a folder, or `s3://bucket/prefix`, which several machines share; needs the extra "
        "`s3`, and AWS's own variables for credentials, region and endpoint (AWS_ENDPOINT_URL). "
        "BEACON_HOME when not set.",
    )
    dagster_home: Path | None = Field(
        default=None,
        validation_alias="DAGSTER_HOME",
        description="Folder of a Dagster instance of your own: begin with a copy of "
        "BEACON_HOME/dagster/dagster.yaml, which is the instance when not set. `beacon doctor` "
        "names the limits that yours lacks.",
    )
    dagster_url: SecretStr | None = Field(
        default=None,
        description="libpq URL of a Postgres database of its own for Dagster's instance, which "
        "several machines share; needs the extra `postgres`. A dagster.yaml in DAGSTER_HOME "
        "stands before it. The instance is SQLite in its folder when not set.",
    )
    pg_bindir: Path | None = Field(
        default=None,
        description="Folder with initdb, pg_ctl and postgres for the embedded server; those of the "
        "installed wheel when not set.",
    )
    first_day: date | None = Field(
        default=None,
        description="First job_day that Dagster lists, no later than the source's first one; "
        "2025-01-01 when not set, and `beacon ui` on the demo sets it.",
    )
    schedules: bool = Field(
        default=False,
        description="`on`: the schedules and `source_changes` tick unless stopped in Dagster; "
        "`off`: they tick once they are started there.",
    )
    alert_urls: SecretStr | None = Field(
        default=None,
        description="Who is told of failed, quarantined and late days and of broken checks: URLs "
        "that apprise reads (mail, Slack, webhook, …), with spaces between. A secret. Alerts are "
        "off without it.",
    )
    nightly_cron: str = Field(default="0 3 * * *", description="When `nightly` ticks, UTC.")
    history_cron: str = Field(default="*/30 * * * *", description="When `history` ticks, UTC.")
    checks_cron: str = Field(default="10 * * * *", description="When `hourly_checks` ticks, UTC.")
    sensor_seconds: int = Field(
        default=300, ge=1, description="Seconds between two looks of `source_changes`."
    )
    batch_rows: int = Field(
        default=10_000,
        ge=1,
        description="Most rows held in memory at a time; a batch also ends at 16 MB.",
    )

    def private_home(self) -> Path:
        """Return the folder for local state, made ready for its owner alone: answers lie there."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The umask cannot be relied on, nor can a folder that was there before.
        self.home.chmod(0o700)
        return self.home

    def require(self, url: UrlName) -> str:
        """Return a libpq URL, secret included: never log it.

        Raises:
            MissingSettingError: Its variable is not set.
        """
        value: SecretStr | None = getattr(self, url)
        if value is None:
            raise MissingSettingError(url, type(self).model_fields[url].description or "")
        return value.get_secret_value()

    @property
    def instance_folder(self) -> Path:
        """Folder of the Dagster instance: the caller's own, or ours, which says where it lies."""
        ours = "dagster" if self.dagster_url is None else "dagster-in-postgres"
        return self.dagster_home or self.home / ours

    def with_databases(self, runner: str, warehouse: str) -> "Settings":
        """Return the same settings with these two libpq URLs."""
        urls = {"runner_url": SecretStr(runner), "warehouse_url": SecretStr(warehouse)}
        return self.model_copy(update=urls)
