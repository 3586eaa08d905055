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
        job_id collate "C" ~* '^(test|simple-|full-|final-)'
        or coalesce(job_name collate "C" ~* '^(test|simple-|full-|final-|ad[ _-]?hoc)', false)
$$;
comment on function rules.is_test_job(text, text) is
'Whether a job is test traffic by its id or its benchmark''s name (I-31).';

create or replace function rules.model_regions_in(spec jsonb)
returns table (model_name text, region_name text)
language sql immutable parallel safe as $$
    select
        (rules.names_in(jsonb_build_array(model.item)))[1],
        region.name
    from jsonb_array_elements(
        case when jsonb_typeof(spec -> 'models') = 'array' then spec -> 'models' else '[]' end
    ) with ordinality as model (item, position)
    cross join unnest(rules.names_in(model.item -> 'regions')) as region (name)
    where jsonb_typeof(model.item) = 'object' and model.position <= 200
$$;
comment on function rules.model_regions_in(jsonb) is
'The regions to which a spec limits its models, as spelled there: one row per model and region.';

create or replace function rules.standard_region_key(region_key text) returns text
language sql immutable parallel safe as $$
    select case
        when region_key in ('us', 'us-east', 'eu', 'eu-west', 'asia', 'apac', 'asia-pacific')
            then region_key
        when region_key is not null then 'eu-west'
    end
$$;
comment on function rules.standard_region_key(text) is
'The region that the standard workflow really asks: eu-west for a name that it does not know.';

create or replace function rules.questions_in(items jsonb)
returns table (name text, question_text text)
language sql immutable parallel safe as $$
    select
        (rules.names_in(jsonb_build_array(element.item)))[1],
        coalesce(
            rules.text_at(element.item, 'question'),
            case when rules.text_at(element.item) ~ '\s' then rules.text_at(element.item) end
        )
    from jsonb_array_elements(
        case when jsonb_typeof(items) = 'array' then items else '[]' end
    ) with ordinality as element (item, position)
    where element.position <= 200
$$;
comment on function rules.questions_in(jsonb) is
'The questions of a spec as spelled there, each with its text where the entry has one: an entry is
an id, a text (it has spaces), or an object of both.';
