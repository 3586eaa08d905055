"""The dbt project seen from Python: command lines, runs, manifest, relations."""
