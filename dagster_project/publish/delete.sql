delete from {table}
where id = any(%(ids)s)
