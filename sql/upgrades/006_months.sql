-- The big tables lie in partitions, one per month of job_day, in a schema of their own: they are
-- read and written through their tables alone. Here, because upgrades need it first.
create schema if not exists partitions;
comment on schema partitions is
'Months of the big tables, which are read and written through their tables.';

-- Name of a part of a table, without its schema.
create or replace function ops.part_of(relation regclass, part text) returns text
language sql stable as $$
    select concat_ws('_', class.relnamespace::regnamespace, class.relname, part)
    from pg_catalog.pg_class as class
    where class.oid = part_of.relation
$$;

-- The partitions of a window's months, whether they are there or not; none of a plain table.
create or replace function ops.months_of(relation regclass, first_day date, end_day date)
returns table (month date, part text)
language sql stable as $$
    select
        months.month::date,
        format('partitions.%I', ops.part_of(months_of.relation, to_char(months.month, 'YYYY_MM')))
    from pg_catalog.pg_class as class
    cross join generate_series(
        date_trunc('month', first_day::timestamp), end_day - interval '1 day', '1 month'
    ) as months (month)
    where
        class.oid = months_of.relation
        and class.relkind = 'p'
        and first_day < end_day
$$;

-- Rows of a table that an earlier release did not partition wait in its default partition until
-- ops.move_month has brought them to their months; NULL when there is none.
create or replace function ops.waiting_rows(relation regclass) returns regclass
language sql stable as $$
    select parts.partdefid::regclass
    from pg_catalog.pg_partitioned_table as parts
    where
        parts.partrelid = waiting_rows.relation
        and parts.partdefid <> 0
$$;

-- Make the partitions that rows of some days go to; nothing for a plain table. Attaching keeps no
-- reader waiting, unlike "create table ... partition of".
create or replace function ops.ensure_months(relation regclass, days date[]) returns void
language plpgsql as $$
declare
    month date;
    part text;
    waiting regclass;
begin
    for month, part in
        select distinct
            months.month,
            months.part
        from unnest(days) as listed (day)
        cross join lateral ops.months_of(relation, listed.day, listed.day + 1) as months
    loop
        continue when to_regclass(part) is not null;
        -- As postgres.lock_table: of two at once the second finds what the first has made.
        perform pg_advisory_xact_lock(
            hashtextextended(class.relnamespace::regnamespace || '.' || class.relname, 0)
        )
        from pg_catalog.pg_class as class
        where class.oid = ensure_months.relation;
        -- By a query: what to_regclass did not find before, it would not look for again.
        continue when exists (
            select from pg_catalog.pg_class as class
            where
                class.relnamespace = 'partitions'::regnamespace
                and format('partitions.%I', class.relname) = part
        );
        execute format('create table %s (like %s including all)', part, relation);
        waiting := ops.waiting_rows(relation);
        if waiting is not null then
            execute format(
                'with moved as (delete from %s where job_day >= %L and job_day < %L returning *)'
                ' insert into %s select * from moved',
                waiting, month, (month + interval '1 month')::date, part
            );
        end if;
        execute format(
            'alter table %s attach partition %s for values from (%L) to (%L)',
            relation, part, month, (month + interval '1 month')::date
        );
    end loop;
end
$$;

-- Let a window of a table hold exactly the rows of another one, which has the same columns by name.
-- A row that is there already stays as it is: what is done again without a change leaves nothing
-- for a vacuum. Returns how many rows were deleted and inserted.
create or replace function ops.replace_rows(
    relation regclass, fresh regclass, keys text[], first_day date, end_day date
) returns bigint
language plpgsql
-- Of a temporary table nothing is known: rows compared one by one would take hours.
set enable_nestloop = 'off' as $$
declare
    days date[];
    names text;
    stored_values text;
    fresh_values text;
    same_key text;
    deleted bigint;
    inserted bigint;
begin
    execute format('select array_agg(distinct job_day) from %s', fresh) into days;
    perform ops.ensure_months(relation, days);
    select
        string_agg(quote_ident(columns.attname), ', ' order by columns.attnum),
        string_agg(format('stored.%I', columns.attname), ', ' order by columns.attnum),
        string_agg(
            format(
                'fresh.%I::%s',
                columns.attname,
                format_type(columns.atttypid, columns.atttypmod)
            ),
            ', ' order by columns.attnum
        ),
        string_agg(format('stored.%1$I = fresh.%1$I', columns.attname), ' and ')
        filter (where columns.attname = any(keys || array['job_day']))
    into names, stored_values, fresh_values, same_key
    from pg_catalog.pg_attribute as columns
    inner join pg_catalog.pg_attribute as others
        on
            columns.attname = others.attname
            and others.attrelid = fresh
            and not others.attisdropped
    where
        columns.attrelid = relation
        and columns.attnum > 0
        and not columns.attisdropped;
    execute format(
        'delete from %s as stored where job_day >= %L and job_day < %L and not exists ('
        'select from %s as fresh where %s and row(%s)::record *= row(%s)::record)',
        relation, first_day, end_day, fresh, same_key, stored_values, fresh_values
    );
    get diagnostics deleted = row_count;
    execute format(
        'insert into %s (%s) select %s from %s as fresh where not exists ('
        'select from %s as stored where job_day >= %L and job_day < %L and %s)',
        relation, names, fresh_values, fresh, relation, first_day, end_day, same_key
    );
    get diagnostics inserted = row_count;
    return deleted + inserted;
end
$$;

-- Tell the planner of rows that a window has written: of its months, and of the whole table when it
-- has doubled, for what joins expect of all months changes with their sum only.
create or replace function ops.analyze_window(relation regclass, first_day date, end_day date)
returns void
language plpgsql as $$
declare
    part regclass;
    is_partitioned boolean;
begin
    select class.relkind = 'p'
    into is_partitioned
    from pg_catalog.pg_class as class
    where class.oid = relation;
    if not is_partitioned then
        execute format('analyze %s', relation);
        return;
    end if;
    for part in
        select to_regclass(months.part)
        from ops.months_of(relation, first_day, end_day) as months
    loop
        execute format('analyze %s', part);
    end loop;
    if (
        select sum(greatest(parts.reltuples, 0)) > 2 * greatest(class.reltuples, 0)
        from pg_catalog.pg_class as class
        inner join pg_catalog.pg_inherits as tree on class.oid = tree.inhparent
        inner join pg_catalog.pg_class as parts on tree.inhrelid = parts.oid
        where class.oid = relation
        group by class.reltuples
    ) then
        execute format(
            -- Up to 17 there is no way to leave the partitions out.
            'analyze %s %s',
            case when current_setting('server_version_num')::integer >= 180000 then 'only' end,
            relation
        );
    end if;
end
$$;

-- Let a plain table of an earlier release be partitioned by month: all its rows are in the default
-- partition then, at once and without a copy. Its unique keys get job_day.
create or replace function ops.partition_by_month(table_name text) returns void
language plpgsql as $$
declare
    relation regclass := to_regclass(table_name);
    waiting text;
    keys text[];
    indexes text[];
    grants text[];
    statement text;
begin
    if not exists (
        select from pg_catalog.pg_class as class
        where
            class.oid = relation
            and class.relkind = 'r'
    ) then
        return;
    end if;
    waiting := ops.part_of(relation, 'waiting');
    with indexed as (
        select
            index.indexrelid,
            index.indisprimary,
            index.indisunique,
            class.relname as name,
            concat_ws(
                ', ',
                string_agg(
                    pg_get_indexdef(index.indexrelid, columns.number, true), ', '
                    order by columns.number
                ),
                case when index.indisunique then 'job_day' end
            ) as columns
        from pg_catalog.pg_index as index
        inner join pg_catalog.pg_class as class on index.indexrelid = class.oid
        cross join generate_series(1, index.indnkeyatts) as columns (number)
        where index.indrelid = relation
        group by index.indexrelid, index.indisprimary, index.indisunique, class.relname
    )

    select
        -- Built here, while others read: the change below takes a moment then.
        array_agg(
            format(
                'create unique index %I on %s (%s)',
                indexed.name || '_by_month', relation, indexed.columns
            )
        ) filter (where indexed.indisunique),
        array_agg(
            case
                when indexed.indisprimary
                    then format(
                        'alter table partitions.%1$I drop constraint %2$I, '
                        'add constraint %2$I primary key using index %3$I; '
                        'alter table %4$s add primary key (%5$s)',
                        waiting,
                        indexed.name,
                        indexed.name || '_by_month',
                        relation,
                        indexed.columns
                    )
                else format(
                    'create %s index %I on %s (%s)',
                    case when indexed.indisunique then 'unique' else '' end,
                    indexed.name,
                    relation,
                    indexed.columns
                )
            end
        )
    into keys, indexes
    from indexed;
    foreach statement in array coalesce(keys, '{}') loop
        execute statement;
    end loop;
    perform ops.rebuild(
        relation,
        concat_ws(
            '; ',
            format('alter table %s rename to %I', relation, waiting),
            (
                select
                    format(
                        'alter table %I.%I set schema partitions',
                        class.relnamespace::regnamespace,
                        waiting
                    )
                from pg_catalog.pg_class as class
                where class.oid = relation
            ),
            format(
                'create table %s (like partitions.%I including all excluding indexes)'
                ' partition by range (job_day)',
                relation, waiting
            ),
            array_to_string(indexes, '; '),
            format('comment on table %s is %L', relation, obj_description(relation, 'pg_class')),
            array_to_string(ops.grants_on(relation), '; '),
            format('alter table %s attach partition partitions.%I default', relation, waiting)
        ),
        '{}'
    );
end
$$;

-- Bring the oldest month that waits in a default partition to its own, or drop what is empty by
-- then; false when nothing waits. Between two calls every row is there once.
create or replace function ops.move_month() returns boolean
language plpgsql as $$
declare
    relation regclass;
    waiting regclass;
    first_day date;
begin
    select
        parts.partrelid::regclass,
        parts.partdefid::regclass
    into relation, waiting
    from pg_catalog.pg_partitioned_table as parts
    inner join pg_catalog.pg_class as class on parts.partdefid = class.oid
    where class.relnamespace = 'partitions'::regnamespace
    order by parts.partrelid
    limit 1;
    if waiting is null then
        return false;
    end if;
    execute format('select min(job_day) from %s', waiting) into first_day;
    if first_day is null then
        execute format('alter table %s detach partition %s', relation, waiting);
        execute format('drop table %s', waiting);
        execute format('analyze %s', relation);
    else
        perform ops.ensure_months(relation, array[first_day]);
    end if;
    return true;
end
$$;

-- Let wide columns be compressed by lz4 where the server was built with it: answers are read much
-- faster than by pglz. Rows that are there keep what they have.
create or replace function ops.compress_wide_columns() returns void
language plpgsql as $$
declare
    change text;
begin
    if not exists (
        select from pg_catalog.pg_settings
        where name = 'default_toast_compression' and 'lz4' = any(enumvals)
    ) then
        return;
    end if;
    for change in
        select
            format(
                'alter table %s %s',
                class.oid::regclass,
                string_agg(
                    format('alter column %I set compression lz4', columns.attname), ', '
                )
            )
        from pg_catalog.pg_class as class
        inner join pg_catalog.pg_attribute as columns on class.oid = columns.attrelid
        where
            class.relnamespace in ('raw'::regnamespace, 'scores'::regnamespace)
            and class.relkind in ('r', 'p')
            and columns.atttypid in ('jsonb'::regtype, 'text'::regtype)
            and columns.attnum > 0
            and not columns.attisdropped
            and columns.attcompression <> 'l'
        group by class.oid
    loop
        execute change;
    end loop;
end
$$;
