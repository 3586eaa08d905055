-- Same rows in any order, same hash: a sum does not depend on order, and counts duplicates.
select
    count(*) as row_count,
    coalesce(sum(hashtextextended(row({columns})::text, 0)::numeric), 0)::text as content_hash
from {relation}
