"""And back again."""
