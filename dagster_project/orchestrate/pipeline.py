"""The one op that does all work: setup, the stages of job_days, what is delivered of them.

Why one op: a Dagster step that fails for one day fails for its whole range, and skips what follows.
Here each good day is materialized on its own, whatever is selected is done in the order of the
flow, and the run fails at the end naming what is not done
(docs/decisions/0003-one-op-per-chunk.md). What delivers is imported by the runs that deliver.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import dagster as dg
from pydantic import Field

from dagster_project.backfill.ledger import Cause
from dagster_project.backfill.runs import (
    BadDay,
    Measures,
    StageDone,
    StoppedError,
    Work,
    process_days,
)
from dagster_project.backfill.stages import STAGES, present_versions, stages_from
from dagster_project.backfill.stopping import stop_request, stop_requests
from dagster_project.orchestrate.checks import ROWS_OF_RUN, checked, evaluations
from dagster_project.orchestrate.dbt_assets import CHECKS, asset_key
from dagster_project.orchestrate.history import fast_history, stored_together
from dagster_project.orchestrate.instance import plan_partition
from dagster_project.orchestrate.partitions import (
    BACKFILL_POLICY,
    OWN_DAYS_TAG,
    range_tags,
    window_of_run,
)
from dagster_project.orchestrate.specs import (
    DELIVERY_SPECS,
    PUBLICATIONS,
    REPORT,
    SETUP_SPECS,
    SNAPSHOT,
    STAGE_SPECS,
)
from dagster_project.outputs import output_root
from dagster_project.partitions import Window
from dagster_project.settings import MissingSettingError, Settings
from dagster_project.stage import Databases, MachineError, machine_faults
from dagster_project.unify.setup import set_up_warehouse
from dagster_project.warehouse import SetupError

REASON_TAG = "beacon/reason"
BY_HAND = "launched in Dagster"
RESUME_TAG = "dagster/is_resume_retry"
"""Dagster's tag of a run that goes on with what another run has left."""
SHOWN_BAD_DAYS = 20
BAD_DAYS = "bad days"
"""Metadata of a failure by which its days can be told from one of the run as a whole."""
PUBLISH = "publish"
"""The word that confirms a publication, and the name of its job."""

MACHINE_FAULT = "machine fault"
"""Metadata of a failure that no day is to blame for."""

Event = dg.AssetMaterialization | dg.AssetCheckEvaluation


class PipelineConfig(dg.Config):
    """What a launch may choose, in the UI's launchpad too."""

    only_needed: bool = Field(
        default=False,
        description="Leave out days that are current when the run gets to them.",
    )
    accept_deletions: bool = Field(
        default=False,
        description="Empty days, too, whose rows the source has lost.",
    )
    confirm: str = Field(
        default="",
        description=f"Type {PUBLISH} to let the run write into the platform's own tables.",
    )


@dg.multi_asset(
    name="pipeline",
    specs=[*SETUP_SPECS, *STAGE_SPECS, *DELIVERY_SPECS],
    check_specs=[*CHECKS.values(), ROWS_OF_RUN],
    backfill_policy=BACKFILL_POLICY,
    can_subset=True,
)
def pipeline(
    context: dg.AssetExecutionContext,
    config: PipelineConfig,
    settings: dg.ResourceParam[Settings],
) -> Iterator[Event]:
    """Do what is selected, in the order of the flow; of partitioned assets the run's job_days.

    Raises:
        dagster.Failure: The range is not partition keys, or some days failed; names them. Or the
            machine lacks something: then nothing more is begun.
        dagster.DagsterExecutionInterruptedError: The run was asked to stop and work is left.
    """
    asked = stop_request()
    window = window_of_run(context.run.tags)
    if window is not None and OWN_DAYS_TAG in context.run.tags:
        context.instance.add_run_tags(context.run.run_id, range_tags(window))
    launched = Launched(context, config, settings, asked.is_set, window)
    work = _work(launched)
    while True:
        # Dagster puts its own handler of signals back whenever it takes an event.
        with stop_requests(asked):
            try:
                with machine_faults():
                    event = next(work, None)
            except StoppedError as stopped:
                # Only a run that is being canceled is shown as canceled, any other as failed.
                context.instance.report_run_canceling(context.run, str(stopped))
                raise dg.DagsterExecutionInterruptedError(str(stopped)) from stopped
            except (SetupError, MissingSettingError) as error:
                raise dg.Failure(str(error), allow_retries=False) from error
            except MachineError as error:
                raise dg.Failure(
                    f"Stopped: {error} Then: beacon backfill, or wait for the next schedule.",
                    metadata={MACHINE_FAULT: str(error)},
                    allow_retries=False,
                ) from error
        if event is None:
            return
        yield event


@dataclass(frozen=True)
class Launched:
    """What a run was launched with, and what it has found so far.

    Attributes:
        context: Of the op.
        config: Chosen at the launch.
        settings: Of this process.
        stop: Tells whether somebody asked to stop.
        window: The job_days; None without partitions.
        bad_days: Days that a stage could not process.
        last: Events of the work after which nothing is left to be stopped.
    """

    context: dg.AssetExecutionContext
    config: PipelineConfig
    settings: Settings
    stop: Callable[[], bool]
    window: Window | None
    bad_days: list[BadDay] = field(default_factory=list)
    last: list[Event] = field(default_factory=list)

    def require_days(self) -> Window:
        """Return the job_days of what is made day by day; refuses when none were chosen."""
        if self.window is None:
            raise dg.Failure(
                "Which job_days? Choose partitions: what is selected is made day by day.",
                allow_retries=False,
            )
        return self.window

    @property
    def good_days(self) -> Sequence[date]:
        """The job_days that no stage has failed on."""
        bad = {one.job_day for one in self.bad_days}
        return [day for day in self.require_days().days if day not in bad]

    def flush(self, events: Sequence[Event]) -> Iterator[Event]:
        """Let Dagster store events together: no signal can come between them."""
        self._store(events[:-1])
        yield from events[-1:]

    def end(self) -> Iterator[Event]:
        """Store the last events. Raises dagster.Failure when there are bad days, and names them."""
        if self.bad_days:
            yield from self.flush(self.last)
            raise _failure(self.bad_days)
        # A signal that comes while Dagster stores an event interrupts the run when the next one is
        # asked for. After these none is, so that a run whose work is done is a success.
        self._store(self.last)

    def _store(self, events: Sequence[Event]) -> None:
        with stored_together(self.context.instance):
            for event in events:
                self.context.log_event(event)


def _work(run: Launched) -> Iterator[Event]:
    selected = run.context.selected_asset_keys
    if PUBLICATIONS in selected and run.settings.publish_url and run.config.confirm != PUBLISH:
        raise dg.Failure(
            f"Nothing was done: set confirm to {PUBLISH} in the run's config to publish, too.",
            allow_retries=False,
        )
    if selected & DAILY_KEYS:
        run.require_days()
    yield from _setup(run)
    if selected & STAGE_KEYS:
        yield from _process(run)
    run.last.extend(_selected_checks(run))
    if selected & {spec.key for spec in DELIVERY_SPECS}:
        yield from run.flush(run.last)
        run.last.clear()
        yield from _deliver(run)
    yield from run.end()


def _setup(run: Launched) -> Iterator[Event]:
    selected = run.context.selected_asset_keys
    made_ready = sorted(spec.key for spec in SETUP_SPECS if spec.key in selected)
    if made_ready:
        url = run.settings.require("warehouse_url")
        for message in set_up_warehouse(url, present_versions()):
            run.context.log.warning(message)
        yield from run.flush([dg.AssetMaterialization(key) for key in made_ready])


def _deliver(run: Launched) -> Iterator[Event]:
    selected = run.context.selected_asset_keys
    if REPORT in selected:
        yield from _reports(run)
    if PUBLICATIONS in selected:
        run.last.extend(_publications(run.context, run.settings, run.require_days(), run.good_days))
    if SNAPSHOT in selected:
        run.last.append(_snapshot(run.context, run.settings))


STAGE_KEYS = frozenset(spec.key for spec in STAGE_SPECS)
DAILY_KEYS = STAGE_KEYS | {spec.key for spec in DELIVERY_SPECS if spec.partitions_def is not None}


def _process(run: Launched) -> Iterator[Event]:
    context, config, settings, window = (
        run.context,
        run.config,
        run.settings,
        run.require_days(),
    )
    databases = Databases.of(settings)
    stages = [
        stage
        for stage in STAGES
        if any(asset_key(name) in context.selected_asset_keys for name in stage.relations)
    ]
    cause = Cause(context.run.run_id, context.run.tags.get(REASON_TAG, BY_HAND))
    only_needed = config.only_needed or context.run.tags.get(RESUME_TAG) == "true"
    work = Work(window, stages, cause, settings.batch_rows, only_needed, config.accept_deletions)
    with fast_history():
        for done in process_days(databases, work, run.stop):
            run.bad_days.extend(done.bad_days)
            _log(context, done)
            _plan_bad_days(context, done)
            events: list[Event] = [
                *_materializations(done, window),
                *evaluations(done.tests, window, databases.warehouse),
            ]
            if done.is_last:
                run.last.extend(events)
            else:
                yield from run.flush(events)


def _plan_bad_days(context: dg.AssetExecutionContext, done: StageDone) -> None:
    """Let Dagster show what will be missing as failed, where it does not know what was planned."""
    if OWN_DAYS_TAG not in context.run.tags:
        return
    for bad in done.bad_days:
        for stage in stages_from(done.stage.name):
            for relation in stage.relations:
                plan_partition(context, asset_key(relation), bad.job_day.isoformat())


def _materializations(done: StageDone, window: Window) -> Iterator[dg.AssetMaterialization]:
    for day, rows in done.rows.items():
        for relation, count in rows.items():
            yield dg.AssetMaterialization(
                asset_key(relation),
                partition=day.isoformat(),
                metadata={
                    "dagster/partition_row_count": count,
                    **_known(done.measures[day][relation]),
                    "window of the run": f"[{window.start}, {window.end})",
                    "seconds for the window": round(done.seconds, 3),
                },
            )


def _known(measures: Measures) -> dict[str, float | int | str]:
    # Dagster plots numbers over the days; a day on which a rate is unknown leaves a gap.
    return {name: value for name, value in measures.items() if value is not None}


def _selected_checks(run: Launched) -> Iterator[dg.AssetCheckEvaluation]:
    """Evaluate checks that no stage of the run has evaluated: chosen alone, or of every day."""
    of_stages = run.context.selected_asset_keys
    alone = {
        key
        for key in run.context.selected_asset_check_keys
        if key == ROWS_OF_RUN.key or key.asset_key not in of_stages
    }
    yield from checked(run.settings, alone, run.window)


def _reports(run: Launched) -> Iterator[dg.AssetMaterialization]:
    from dagster_project.deliver.report.make import default_path, write_overview

    settings, days = run.settings, run.good_days
    root = output_root(settings)
    for number, day in enumerate(days):
        if run.stop():
            raise StoppedError(len(days) - number)
        window = Window.of_day(day)
        path = default_path(root, window)
        made = write_overview(settings.require("warehouse_url"), path, window)
        yield dg.AssetMaterialization(
            REPORT,
            partition=day.isoformat(),
            metadata={
                "report": dg.MetadataValue.path(str(made.path)),
                "link": dg.MetadataValue.url(made.path.as_uri()),
                "jobs": made.jobs,
                "size_bytes": made.size_bytes,
            },
        )


def _publications(
    context: dg.AssetExecutionContext, settings: Settings, window: Window, days: Sequence[date]
) -> Iterator[dg.AssetMaterialization]:
    """Bring the runner's tables in line; a day shows its jobs by what happened to them."""
    from dagster_project.publish.decide import Action
    from dagster_project.publish.operate import publish
    from dagster_project.publish.store import Scope

    if settings.publish_url is None:
        context.log.warning("Nothing was published: BEACON_PUBLISH_URL is not set.")
        # Nothing is left undone. Without a word of it a backfill of all assets counts as failed.
        off = {"publishing": "off: BEACON_PUBLISH_URL is not set"}
        for day in days:
            yield dg.AssetMaterialization(PUBLICATIONS, partition=day.isoformat(), metadata=off)
        return
    counts: Mapping[date | None, Counter[str]] = defaultdict(Counter)
    for outcome in publish(
        settings.require("warehouse_url"),
        settings.require("publish_url"),
        Scope(window),
        settings.publish_rows,
        dry_run=False,
    ):
        counts[outcome.job_day][outcome.action] += 1
        if outcome.action is Action.NOT_PUBLISHED:
            context.log.info("%s: %s", outcome.job_id, outcome.explanation)
    for day in days:
        yield dg.AssetMaterialization(
            PUBLICATIONS,
            partition=day.isoformat(),
            metadata={action.value: counts[day][action] for action in Action},
        )


def _snapshot(context: dg.AssetExecutionContext, settings: Settings) -> dg.AssetMaterialization:
    from dagster_project.deliver.snapshot.take import default_folder, take_snapshot

    taken = take_snapshot(
        settings.require("warehouse_url"),
        default_folder(output_root(settings)),
        settings.batch_rows,
        lambda done, total: context.log.info("%s of %s relations written", done, total),
    )
    return dg.AssetMaterialization(
        SNAPSHOT,
        metadata={
            "path": dg.MetadataValue.path(str(taken.folder)),
            "dagster/row_count": sum(taken.rows.values()),
            "rows": dict(taken.rows),
            "size_bytes": taken.size_bytes,
            "seconds": round(taken.seconds, 1),
        },
    )


def _log(context: dg.AssetExecutionContext, done: StageDone) -> None:
    total = sum(rows[done.stage.relations[0]] for rows in done.rows.values())
    seconds = round(done.seconds, 1)
    context.log.info("%s: %s days, %s rows, %s s", done.stage.name, len(done.rows), total, seconds)
    for bad in done.bad_days:
        context.log.error("%s %s: %s", done.stage.name, bad.job_day, bad.error)


def _failure(bad_days: Sequence[BadDay]) -> dg.Failure:
    shown = [f"{bad.job_day}: {bad.error}" for bad in bad_days[:SHOWN_BAD_DAYS]]
    return dg.Failure(
        f"{len(bad_days)} of the run's days failed and keep their old rows; "
        f"the others are done. After the repair: beacon backfill --only failed\n"
        + "\n".join(shown),
        metadata={BAD_DAYS: len(bad_days)},
        allow_retries=False,
    )
