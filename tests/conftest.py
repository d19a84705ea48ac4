"""What holds for every test: hypothesis takes its time, since machines are noisy."""

from hypothesis import settings

settings.register_profile("doorstep", deadline=None)
settings.load_profile("doorstep")
