"""Opt-in: writes analyses and lost executions into the runner's tables; takes them back."""
