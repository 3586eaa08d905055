"""The command ``beacon``: one module per command, what they share in shared.py."""
