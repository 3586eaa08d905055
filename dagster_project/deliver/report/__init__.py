"""The report: what the warehouse knows, as one HTML file for people who query nothing."""
