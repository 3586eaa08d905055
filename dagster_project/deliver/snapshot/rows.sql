-- All rows of one relation, in an order that does not depend on the server.
select {columns}
from {relation}
order by {columns_in_order}
