-- Values of one seed's names that it does not hold, the most frequent first.
select kind || ' ' || quote_literal(value) || ': ' || remedy as finding
from analytics.unknown_values
where seed = %(seed)s
order by attempts desc, kind asc, value asc
limit 20
