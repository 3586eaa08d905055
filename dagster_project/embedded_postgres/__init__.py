"""The project's own Postgres server, for the demo and the tests."""
