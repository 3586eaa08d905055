"""What leaves the warehouse for people: documents made from it and from its definitions."""
