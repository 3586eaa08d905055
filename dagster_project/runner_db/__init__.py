"""A labelled-synthetic runner database for demo and tests, and the embedded Postgres it lives in."""
