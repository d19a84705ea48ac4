"""What every verb shares: the way out."""
