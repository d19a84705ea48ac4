"""The only place that knows Lambda and Powertools."""
