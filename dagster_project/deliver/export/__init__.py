"""One relation as one file: any that analysts may read, with rows that fit a condition."""
