delete from ops.quarantine
where
    source_table = %(table)s
    and source_id = any(%(ids)s)
