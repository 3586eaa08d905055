-- What stands on our views and tables belongs to others: it survives every change of ours. Here,
-- because upgrades need it first.
create schema if not exists ops;

-- Statements that give a relation's grants again, those on columns included.
create or replace function ops.grants_on(relation regclass) returns text[]
language sql stable as $$
    select coalesce(array_agg(granted.statement order by granted.statement), '{}')
    from (
        select
            format(
                'grant %s on %s to %s%s',
                acl.privilege_type,
                grants_on.relation,
                case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end,
                case when acl.is_grantable then ' with grant option' else '' end
            ) as statement
        from pg_catalog.pg_class as class
        cross join lateral aclexplode(class.relacl) as acl
        where
            class.oid = grants_on.relation
            and acl.grantee <> class.relowner
        union all
        select
            format(
                'grant %s (%I) on %s to %s%s',
                acl.privilege_type,
                columns.attname,
                grants_on.relation,
                case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end,
                case when acl.is_grantable then ' with grant option' else '' end
            ) as statement
        from pg_catalog.pg_attribute as columns
        cross join lateral aclexplode(columns.attacl) as acl
        where
            columns.attrelid = grants_on.relation
            and not columns.attisdropped
    ) as granted
$$;

-- Statements that make a view, or a materialized one, again as it is: owner, options, indexes,
-- comments, grants.
create or replace function ops.statements_of(relation regclass) returns text[]
language sql stable as $$
    select
        array[
            format(
                'create %s %s%s as %s',
                case class.relkind when 'm' then 'materialized view' else 'view' end,
                statements_of.relation,
                coalesce(' with (' || array_to_string(class.reloptions, ', ') || ')', ''),
                pg_get_viewdef(statements_of.relation)
            ),
            format('alter table %s owner to %s', statements_of.relation, class.relowner::regrole)
        ]
        || array(
            select pg_get_indexdef(indexes.indexrelid)
            from pg_catalog.pg_index as indexes
            where indexes.indrelid = statements_of.relation
        )
        || array(
            select
                case
                    when comments.objsubid > 0
                        then format(
                            'comment on column %s.%I is %L',
                            statements_of.relation,
                            columns.attname,
                            comments.description
                        )
                    else format(
                        'comment on %s %s is %L',
                        case class.relkind when 'm' then 'materialized view' else 'view' end,
                        statements_of.relation,
                        comments.description
                    )
                end
            from pg_catalog.pg_description as comments
            left join pg_catalog.pg_attribute as columns
                on
                    comments.objoid = columns.attrelid
                    and comments.objsubid = columns.attnum
            where
                comments.classoid = 'pg_class'::regclass
                and comments.objoid = statements_of.relation
        )
        || ops.grants_on(statements_of.relation)
    from pg_catalog.pg_class as class
    where class.oid = statements_of.relation
$$;

-- Change a relation in a way that Postgres refuses while views stand on it: they are taken away and
-- made again, all in the caller's transaction. One that cannot be made again, or is not ours to
-- touch, stops everything and is named; of own ones nothing is said: dbt makes them anew.
create or replace function ops.rebuild(relation regclass, change text, own text[])
returns void
language plpgsql as $$
declare
    -- Its name now: it may be another relation by the end.
    changed text := relation::text;
    names text[];
    kinds text[];
    makings jsonb;
    statement text;
begin
    perform pg_advisory_xact_lock(hashtextextended('ops.rebuild', 0));
    with recursive standing as (
        select
            rebuild.relation::oid as oid,
            0 as depth
        union
        select
            rewrites.ev_class as oid,
            standing.depth + 1 as depth
        from standing
        inner join pg_catalog.pg_depend as depends
            on
                standing.oid = depends.refobjid
                and depends.refclassid = 'pg_class'::regclass
                and depends.classid = 'pg_rewrite'::regclass
        inner join pg_catalog.pg_rewrite as rewrites on depends.objid = rewrites.oid
        where rewrites.ev_class <> standing.oid
    ),

    views as (
        select
            standing.oid::regclass as view,
            max(standing.depth) as depth
        from standing
        where standing.depth > 0
        group by standing.oid
    )

    select
        array_agg(views.view::text order by views.depth),
        array_agg(
            case class.relkind when 'm' then 'materialized view' else 'view' end
            order by views.depth
        ),
        jsonb_agg(to_jsonb(ops.statements_of(views.view)) order by views.depth)
    into names, kinds, makings
    from views
    inner join pg_catalog.pg_class as class on views.view = class.oid;
    for number in reverse coalesce(cardinality(names), 0)..1 loop
        begin
            execute format('drop %s %s', kinds[number], names[number]);
        exception when insufficient_privilege or dependent_objects_still_exist then
            raise exception using
                errcode = 'object_in_use',
                message = format(
                    '%s stands on %s, which changes, and cannot be taken away (%s): let its owner '
                    'drop it, then beacon setup', names[number], changed, sqlerrm
                );
        end;
    end loop;
    execute change;
    for number in 1..coalesce(cardinality(names), 0) loop
        begin
            for statement in select jsonb_array_elements_text(makings -> (number - 1)) loop
                execute statement;
            end loop;
        exception when others then
            if not names[number] = any(own) then
                raise exception using
                    errcode = 'object_in_use',
                    message = format(
                        '%s stands on %s, which changes, and does not fit any more (%s): change or '
                        'drop it, then beacon setup', names[number], changed, sqlerrm
                    );
            end if;
        end;
    end loop;
end
$$;

-- Create a view or replace it in place: grants stay, and so does what stands on it. Who reads it is
-- waited for, and readers wait behind, for a few seconds only.
create or replace function ops.replace_view(view_name text, definition text, own text[])
returns void
language plpgsql
set lock_timeout = '5s'
as $$
declare
    grants text[];
    statement text;
begin
    execute format('create or replace view %s as %s', view_name, definition);
exception
    -- Columns that are gone, renamed or of another type need a new view.
    when invalid_table_definition then
        grants := ops.grants_on(view_name::regclass);
        perform ops.rebuild(
            view_name::regclass,
            format('drop view %1$s; create view %1$s as %2$s', view_name, definition),
            own
        );
        foreach statement in array grants loop
            execute statement;
        end loop;
end
$$;

-- Empty a seed's table and let it have the columns of the file, in place.
create or replace function ops.reset_seed(table_name text, names text[], types text[], own text[])
returns void
language plpgsql
set lock_timeout = '5s'
as $$
declare
    known regtype;
begin
    execute format('delete from %s', table_name);
    for number in 1..cardinality(names) loop
        select columns.atttypid::regtype
        into known
        from pg_catalog.pg_attribute as columns
        where
            columns.attrelid = table_name::regclass
            and columns.attname = names[number]
            and not columns.attisdropped;
        if known is null then
            execute format(
                'alter table %s add column %I %s', table_name, names[number], types[number]
            );
        elsif known <> types[number]::regtype then
            perform ops.rebuild(
                table_name::regclass,
                format(
                    'alter table %1$s alter column %2$I type %3$s using %2$I::text::%3$s',
                    table_name, names[number], types[number]
                ),
                own
            );
        end if;
    end loop;
end
$$;

-- Let integer columns hold any bigint; nothing is done to those that do.
create or replace function ops.widen(table_name text, variadic names text[]) returns void
language plpgsql as $$
declare
    changes text;
begin
    select string_agg(format('alter column %I type bigint', columns.attname), ', ')
    into changes
    from pg_catalog.pg_attribute as columns
    where
        columns.attrelid = to_regclass(table_name)
        and columns.attname = any(names)
        and columns.atttypid = 'integer'::regtype
        and not columns.attisdropped;
    if changes is not null then
        perform ops.rebuild(
            table_name::regclass, format('alter table %s %s', table_name, changes), '{}'
        );
    end if;
end
$$;
