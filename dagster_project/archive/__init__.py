"""The copied JSON of old months as Parquet files, and the warehouse without its receipts."""
