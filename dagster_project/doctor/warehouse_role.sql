-- What the role may do in this database, and which reading roles exist on its server.
select
    has_database_privilege(current_database(), 'create') as may_create,
    array(
        select rolname::text
        from pg_catalog.pg_roles
        where rolname = any(%(roles)s)
    ) as roles_there
