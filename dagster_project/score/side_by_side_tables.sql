-- What `side_by_side.sql` reads, after the answers were stored (SQLite).
create table jobs (first_sequence integer primary key, job_id text not null);

insert into jobs
select
    min(sequence) as first_sequence,
    job_id
from answers
group by job_id;
