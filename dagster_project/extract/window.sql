-- Which rows of the runner belong to the job_days of a window, and to which: the one definition of
-- job_day. Common table expressions only; a query over window_<table> follows (window_rows.sql,
-- backfill/fingerprints.sql).
--
-- job_day (UTC) is the day of jobs.created_at when it is sane, that is, neither before the first
-- day nor more than one day ahead; else of the earliest execution, else of the earliest native
-- cross-region execution, else of jobs.updated_at. Rows of a job share its day, and so do several
-- rows of jobs with one jobspec_id: the first of their days. A row without a
-- job has its own. Without any sane time it is the first day, and has_time is false.
--
-- Sessions run in UTC, so the casts to date hold for both timestamp types. A row's own time starts
-- with created_at because the runner indexes it: a day is found without reading whole tables.
--
-- What is added to a row is named beacon_*: the runner may add any column to its tables.
with
-- What the pipeline itself published is no evidence and never read back.
native_executions as not materialized (
    select
        cre.*,
        {cross_region_executions_version} as beacon_version,
        coalesce(
            case
                when cre.created_at between %(first_day)s and now() + interval '1 day'
                    then cre.created_at
            end,
            case
                when cre.started_at between %(first_day)s and now() + interval '1 day'
                    then cre.started_at
            end,
            case
                when cre.completed_at between %(first_day)s and now() + interval '1 day'
                    then cre.completed_at
            end
        )::date as beacon_own_day
    from cross_region_executions as cre
    where {execution_is_native}
),

timed_executions as not materialized (
    select
        e.*,
        {executions_version} as beacon_version,
        coalesce(
            case
                when e.created_at between %(first_day)s and now() + interval '1 day'
                    then e.created_at
            end,
            case
                when e.started_at between %(first_day)s and now() + interval '1 day'
                    then e.started_at
            end,
            case
                when e.completed_at between %(first_day)s and now() + interval '1 day'
                    then e.completed_at
            end
        )::date as beacon_own_day
    from executions as e
    where {execution_row_is_native}
),

-- Jobs whose own clock cannot be trusted: few, and found by the index.
undated_jobs as materialized (
    select
        j.id,
        j.jobspec_id,
        coalesce(
            (
                select min(e.beacon_own_day)
                from timed_executions as e
                where e.job_id = j.id
            ),
            (
                select min(cre.beacon_own_day)
                from native_executions as cre
                where cre.jobspec_id = j.jobspec_id
            ),
            case
                when j.updated_at between %(first_day)s and now() + interval '1 day'
                    then j.updated_at::date
            end
        ) as own_day
    from jobs as j
    where
        j.created_at is null
        or j.created_at < %(first_day)s
        or j.created_at > now() + interval '1 day'
),

-- Public ids of several rows, which are one job: only looked for where no unique key rules them out
-- (the planner then never runs the search).
repeated_ids as materialized (
    select j.jobspec_id
    from jobs as j
    where
        not exists (
            select 1
            from pg_catalog.pg_index as keys
            inner join pg_catalog.pg_attribute as columns
                on
                    keys.indrelid = columns.attrelid
                    and columns.attnum = keys.indkey[0]
            where
                keys.indrelid = 'jobs'::regclass
                and keys.indisunique
                and keys.indisvalid
                and keys.indpred is null
                and keys.indnkeyatts = 1
                and columns.attname = 'jobspec_id'
        )
    group by j.jobspec_id
    having count(*) > 1
),

-- Their rows lie on the first of their days. The condition keeps jobs unread where there are none.
repeated_jobs as materialized (
    select
        j.id,
        j.jobspec_id,
        min(
            case
                when undated.id is null then j.created_at::date
                else undated.own_day
            end
        ) over same_id as own_day
    from jobs as j
    inner join repeated_ids as repeated on j.jobspec_id = repeated.jobspec_id
    left join undated_jobs as undated on j.id = undated.id
    where exists (select 1 from repeated_ids)
    window same_id as (partition by j.jobspec_id)
),

job_days as (
    select
        j.id,
        j.jobspec_id,
        j.created_at::date as job_day,
        true as has_time
    from jobs as j
    where
        j.created_at >= greatest(%(start)s, %(first_day)s)
        and j.created_at < %(end)s
        and j.created_at <= now() + interval '1 day'
        and not exists (
            select 1
            from repeated_ids as repeated
            where repeated.jobspec_id = j.jobspec_id
        )
    union all
    select
        undated.id,
        undated.jobspec_id,
        coalesce(undated.own_day, %(first_day)s) as job_day,
        undated.own_day is not null as has_time
    from undated_jobs as undated
    where
        coalesce(undated.own_day, %(first_day)s) >= %(start)s
        and coalesce(undated.own_day, %(first_day)s) < %(end)s
        and not exists (
            select 1
            from repeated_ids as repeated
            where repeated.jobspec_id = undated.jobspec_id
        )
    union all
    select
        repeated.id,
        repeated.jobspec_id,
        coalesce(repeated.own_day, %(first_day)s) as job_day,
        repeated.own_day is not null as has_time
    from repeated_jobs as repeated
    where
        coalesce(repeated.own_day, %(first_day)s) >= %(start)s
        and coalesce(repeated.own_day, %(first_day)s) < %(end)s
),

window_jobs as not materialized (
    select
        j.*,
        {jobs_version} as beacon_version,
        days.job_day as beacon_job_day,
        days.has_time as beacon_has_time
    from jobs as j
    inner join job_days as days on j.id = days.id
),

window_executions as not materialized (
    select
        e.*,
        days.job_day as beacon_job_day,
        days.has_time as beacon_has_time
    from timed_executions as e
    inner join job_days as days on e.job_id = days.id
    union all
    select
        e.*,
        coalesce(e.beacon_own_day, %(first_day)s) as beacon_job_day,
        e.beacon_own_day is not null as beacon_has_time
    from timed_executions as e
    where
        -- Implied by the two lines that follow it; said so that the index on created_at is used.
        (
            (e.created_at >= %(start)s and e.created_at < %(end)s)
            or e.created_at is null
            or e.created_at < %(first_day)s
            or e.created_at > now() + interval '1 day'
        )
        and coalesce(e.beacon_own_day, %(first_day)s) >= %(start)s
        and coalesce(e.beacon_own_day, %(first_day)s) < %(end)s
        and not exists (
            select 1
            from jobs as j
            where j.id = e.job_id
        )
),

window_cross_region_executions as not materialized (
    select
        cre.*,
        days.job_day as beacon_job_day,
        days.has_time as beacon_has_time
    from native_executions as cre
    inner join (
        select distinct
            jobspec_id,
            job_day,
            has_time
        from job_days
    ) as days on cre.jobspec_id = days.jobspec_id
    union all
    select
        cre.*,
        coalesce(cre.beacon_own_day, %(first_day)s) as beacon_job_day,
        cre.beacon_own_day is not null as beacon_has_time
    from native_executions as cre
    where
        (
            (cre.created_at >= %(start)s and cre.created_at < %(end)s)
            or cre.created_at is null
            or cre.created_at < %(first_day)s
            or cre.created_at > now() + interval '1 day'
        )
        and coalesce(cre.beacon_own_day, %(first_day)s) >= %(start)s
        and coalesce(cre.beacon_own_day, %(first_day)s) < %(end)s
        and not exists (
            select 1
            from jobs as j
            where j.jobspec_id = cre.jobspec_id
        )
),

-- Rows of a cross-region execution that does not exist: only looked for where no foreign key
-- rules them out (the planner then never runs the search).
orphan_results as not materialized (
    select
        r.*,
        {region_results_version} as beacon_version,
        case
            when r.created_at between %(first_day)s and now() + interval '1 day'
                then r.created_at::date
        end as beacon_own_day
    from region_results as r
    where
        not exists (
            select 1
            from pg_catalog.pg_constraint as fk
            where
                fk.conrelid = 'region_results'::regclass
                and fk.confrelid = 'cross_region_executions'::regclass
                and fk.contype = 'f'
                and fk.convalidated
        )
        and not exists (
            select 1
            from cross_region_executions as cre
            where cre.id = r.cross_region_execution_id
        )
        and {result_is_native}
),

window_region_results as not materialized (
    select
        r.*,
        {region_results_version} as beacon_version,
        null::date as beacon_own_day,
        cre.beacon_job_day,
        cre.beacon_has_time
    from region_results as r
    inner join window_cross_region_executions as cre on r.cross_region_execution_id = cre.id
    union all
    select
        orphan.*,
        coalesce(orphan.beacon_own_day, %(first_day)s) as beacon_job_day,
        orphan.beacon_own_day is not null as beacon_has_time
    from orphan_results as orphan
    where
        coalesce(orphan.beacon_own_day, %(first_day)s) >= %(start)s
        and coalesce(orphan.beacon_own_day, %(first_day)s) < %(end)s
),

orphan_analyses as not materialized (
    select
        a.*,
        {cross_region_analyses_version} as beacon_version,
        case
            when a.created_at between %(first_day)s and now() + interval '1 day'
                then a.created_at::date
        end as beacon_own_day
    from cross_region_analyses as a
    where
        not exists (
            select 1
            from pg_catalog.pg_constraint as fk
            where
                fk.conrelid = 'cross_region_analyses'::regclass
                and fk.confrelid = 'cross_region_executions'::regclass
                and fk.contype = 'f'
                and fk.convalidated
        )
        and not exists (
            select 1
            from cross_region_executions as cre
            where cre.id = a.cross_region_execution_id
        )
        and {analysis_is_native}
),

window_cross_region_analyses as not materialized (
    select
        a.*,
        {cross_region_analyses_version} as beacon_version,
        null::date as beacon_own_day,
        cre.beacon_job_day,
        cre.beacon_has_time
    from cross_region_analyses as a
    inner join window_cross_region_executions as cre on a.cross_region_execution_id = cre.id
    where {analysis_row_is_native}
    union all
    select
        orphan.*,
        coalesce(orphan.beacon_own_day, %(first_day)s) as beacon_job_day,
        orphan.beacon_own_day is not null as beacon_has_time
    from orphan_analyses as orphan
    where
        coalesce(orphan.beacon_own_day, %(first_day)s) >= %(start)s
        and coalesce(orphan.beacon_own_day, %(first_day)s) < %(end)s
),

timed_diffs as not materialized (
    select
        d.*,
        {diffs_version} as beacon_version,
        case
            when d.created_at between %(first_day)s and now() + interval '1 day'
                then d.created_at::date
        end as beacon_own_day
    from diffs as d
),

window_diffs as not materialized (
    select
        d.*,
        days.job_day as beacon_job_day,
        days.has_time as beacon_has_time
    from timed_diffs as d
    inner join job_days as days on d.job_id = days.id
    union all
    select
        d.*,
        coalesce(d.beacon_own_day, %(first_day)s) as beacon_job_day,
        d.beacon_own_day is not null as beacon_has_time
    from timed_diffs as d
    where
        coalesce(d.beacon_own_day, %(first_day)s) >= %(start)s
        and coalesce(d.beacon_own_day, %(first_day)s) < %(end)s
        and not exists (
            select 1
            from jobs as j
            where j.id = d.job_id
        )
)
