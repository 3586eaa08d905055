-- Wide columns are compressed by lz4 where the server was built with it: answers are read several
-- times faster than by pglz. Rows that are there keep what they have.
do $$
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
end $$;
