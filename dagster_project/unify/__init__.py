"""The dbt project seen from Python: command lines, runs and their manifest, relations."""
