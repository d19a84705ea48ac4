"""The laptop room: the embedded AWS, the app deployed into it, and what is shown on it."""
