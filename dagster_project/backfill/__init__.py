"""Which job_days need work, and doing it: fingerprints, ledger, plan, runs."""
