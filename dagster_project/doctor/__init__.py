"""What keeps the pipeline from working, found before it is run, each with its remedy."""
