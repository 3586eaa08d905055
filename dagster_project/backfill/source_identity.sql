-- Names the database that is read, so that no copy is taken for it: versions of rows (xmin) mean
-- something within one history of one cluster only. Restored once more, a copy in a fresh
-- cluster repeats them.
select
    left(
        md5(
            concat_ws(
                '/',
                {cluster},
                (
                    select databases.oid
                    from pg_catalog.pg_database as databases
                    where databases.datname = current_database()
                ),
                (
                    select string_agg(to_regclass(names.table_name)::oid::text, ',')
                    from unnest(%(tables)s::text[]) as names (table_name)
                )
            )
        ),
        12
    ) as identity
