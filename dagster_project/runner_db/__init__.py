"""A labelled-synthetic runner database for demo and tests, and the Postgres it lives in."""
