"""Opt-in: writes analyses of standard jobs into the runner's own tables; takes them back."""
