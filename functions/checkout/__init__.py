"""From the buy button to a placed order."""
