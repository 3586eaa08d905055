-- What a job's spec asks for (docs/source.md: JSON shapes).

create or replace function rules.model_names_in(spec jsonb) returns text[]
language sql immutable parallel safe as $$
    select coalesce(
        nullif(rules.names_in(spec #> '{metadata,models}'), '{}'),
        nullif(rules.names_in(spec -> 'models'), '{}'),
        rules.names_in(spec #> '{metadata,model}')
    )
$$;
comment on function rules.model_names_in(jsonb) is
'The models that a job asks for, as spelled there; empty when the spec names none.';

create or replace function rules.is_test_job(job_id text, job_name text) returns boolean
language sql immutable parallel safe as $$
    select
        job_id ~* '^(test|simple-|full-|final-)'
        or coalesce(job_name ~* '^(test|simple-|full-|final-|ad[ _-]?hoc)', false)
$$;
comment on function rules.is_test_job(text, text) is
'Whether a job is test traffic by its id or its benchmark''s name (I-31).';
