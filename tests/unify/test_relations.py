"""Tables are read from the statements that create, change and comment them."""

import pytest

from dagster_project.unify.relations import Column, Relation, tables_in

STATEMENTS = """
create schema if not exists raw;
create table if not exists raw.jobs (
    id integer primary key,
    names text[] not null,
    seen_at timestamptz,
    constraint some_ids check (id > 0)
);
create index if not exists jobs_seen_at on raw.jobs (seen_at);
alter table raw.jobs add column if not exists score double precision;
comment on schema raw is 'Not about a table.';
comment on table raw.jobs is 'Jobs. Grain: one row
per job.';
comment on column raw.jobs.score is 'The runner''s score.';
"""


def test_a_table_has_its_columns_with_type_meaning_and_whether_they_may_be_null() -> None:
    assert tables_in(STATEMENTS) == {
        "raw.jobs": Relation(
            "raw.jobs",
            "Jobs. Grain: one row per job.",
            (
                Column("id", "integer", "", is_required=True),
                Column("names", "text[]", "", is_required=True),
                Column("seen_at", "timestamp with time zone", ""),
                Column("score", "double precision", "The runner's score."),
            ),
        )
    }


def test_a_comment_on_a_table_that_nobody_creates_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"raw\.nothing"):
        tables_in("comment on table raw.nothing is 'Nothing.';")
