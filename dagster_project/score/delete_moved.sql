-- Rows of another day whose key comes back on this one.
delete from {table}
where {key} = any(%(keys)s)
