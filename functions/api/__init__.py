"""What every verb shares: the way in."""
