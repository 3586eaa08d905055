-- A condition: this pipeline did not publish the cross-region execution. Both tables that hang on
-- one carry a mark of their own, so that it is recognised by what is left of it
-- (docs/decisions/0030). Metadata may be json or text: it is searched as text. Two conditions, not
-- one over a union: only so the planner looks each up by its index.
not exists (
    select 1
    from region_results as published
    where
        published.cross_region_execution_id = {execution_id}
        and published.metadata::text ~ {metadata_mark}
)
and not exists (
    select 1
    from cross_region_analyses as published
    where
        published.cross_region_execution_id = {execution_id}
        and strpos(published.summary, {summary_mark}) > 0
)
