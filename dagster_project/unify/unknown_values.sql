-- Names of some days that one seed does not hold, the most frequent first.
select kind || ' ' || quote_literal(value) || ': ' || remedy as finding
from intermediate.int_names__unknown
where
    seed = %(seed)s
    and job_day >= %(start)s
    and job_day < %(end)s
group by kind, value, remedy
order by count(*) desc, kind asc, value asc
limit 20
