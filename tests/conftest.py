"""What holds for every test."""

from hypothesis import HealthCheck, settings

# No test measures time. In a clean checkout the first text that Hypothesis draws takes seconds: it makes its
# table of all characters then.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
