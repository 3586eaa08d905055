"""The analytics relations as files that need no server."""
