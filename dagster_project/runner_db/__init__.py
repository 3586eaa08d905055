"""A labelled-synthetic runner database for the demo and tests, and a loader of real answers."""
