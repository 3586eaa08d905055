-- Tables of the first edition have other columns; every day is stale with them and made anew.
do $$
declare
    old record;
begin
    for old in
        select distinct columns.table_name
        from information_schema.columns as columns
        inner join (
            values
            ('job_verdicts', 'refusal_gap_method'),
            ('question_outcomes', 'regenerated_scored'),
            ('question_distances', 'distance_total'),
            ('region_rates', 'estimate_without_regenerated'),
            ('region_pair_effects', 'design'),
            ('category_pair_effects', 'b'),
            ('model_verdicts', 'cochran_q')
        ) as first_edition (table_name, column_name)
            on
                columns.table_name = first_edition.table_name
                and columns.column_name = first_edition.column_name
        where columns.table_schema = 'analytics'
    loop
        execute format('drop table analytics.%I cascade', old.table_name);
        -- Their rows lack the new column days.
        drop table if exists analytics.metric_changes, analytics.text_divergence;
    end loop;
    -- Of words alone.
    if to_regclass('analytics.text_divergence') is not null and not exists (
        select from information_schema.columns
        where table_schema = 'analytics' and table_name = 'text_divergence' and column_name = 'measure'
    ) then
        drop table analytics.text_divergence;
    end if;
end $$;

-- Became answer_divergences.
drop view if exists analytics.answer_distances;
