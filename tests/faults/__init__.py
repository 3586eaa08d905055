"""The pipeline under kills and outages."""
