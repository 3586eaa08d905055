-- Beside the warehouse, for Dagster's history. Run once, when the server is made.
create database dagster;
