"""Everything that imports Dagster: what it shows, launches and records. The work lies below."""
