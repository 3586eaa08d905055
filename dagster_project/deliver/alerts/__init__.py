"""Messages about what fails and what is well again."""
