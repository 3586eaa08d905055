"""Browse: every job and every question as a folder of pages that open from a disk."""
