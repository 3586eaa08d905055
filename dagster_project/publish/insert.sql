insert into {table} ({columns})
values ({placeholders})
