-- A seed as texts, as its file has them.
select {columns}
from {seed}
