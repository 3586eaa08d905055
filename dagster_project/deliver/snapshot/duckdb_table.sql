create table {table} as
select {columns}
from read_parquet({file})
