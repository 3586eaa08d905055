"""A second, slow reading of the unification rules, for testing the SQL only."""
