"""From a placed order to the place that ships it."""
