"""Beacon Analytics: unifies the executions of two workflows and computes bias metrics for both."""
