"""Frames come back from Postgres as they went in, whatever their texts hold."""

from collections.abc import Callable
from datetime import date

import polars as pl
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from dagster_project.frames import read_frame, read_frames, write_frame

SCHEMA = pl.Schema(
    {"n": pl.Int64(), "day": pl.Date(), "text": pl.String(), "x": pl.Float64(), "yes": pl.Boolean()}
)
LISTS = pl.Schema({"texts": pl.List(pl.String)})
TEXTS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    | st.sampled_from('",\\\r\n\t{}.NULL '),
    max_size=12,
)
ROWS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.none() | st.dates(date(1, 1, 1)),
        st.none() | TEXTS,
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
        st.none() | st.lists(TEXTS, max_size=3),
    ),
    max_size=20,
)


def test_frames_return_as_they_were_written(new_database: Callable[[], str]) -> None:
    with psycopg.connect(new_database()) as connection:
        connection.execute(
            "create temporary table kept (place serial, n bigint, day date, text text,"
            " x double precision, yes boolean, texts text[])"
        )

        @given(rows=ROWS)
        @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
        def returns(rows: list[tuple[object, ...]]) -> None:
            connection.execute("truncate kept")
            frame = pl.DataFrame(rows, schema={**SCHEMA, **LISTS}, orient="row")
            write_frame(connection, sql.Identifier("kept"), frame)
            query = sql.SQL("select n, day, text, x, yes::text from kept order by place")
            written = frame.select(SCHEMA.names())
            assert read_frame(connection, query, {}, SCHEMA).equals(written)
            some = list(read_frames(connection, query, {}, SCHEMA, 7))
            assert all(len(one) <= 7 for one in some)
            assert pl.concat([SCHEMA.to_frame(), *some]).equals(written)
            arrays = connection.execute("select texts from kept order by place").fetchall()
            assert [texts for (texts,) in arrays] == frame["texts"].to_list()

        returns()
