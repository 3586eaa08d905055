"""Removing a job everywhere: the warehouse, what was published of it, the files in BEACON_HOME."""
