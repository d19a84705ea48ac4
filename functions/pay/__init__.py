"""The money: whatever happens to it after the checkout."""
