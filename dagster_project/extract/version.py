"""Which way of copying the stored rows come from."""

EXTRACT_VERSION = "1"
"""Raised when the same source rows must be copied in another way: makes every day stale."""
