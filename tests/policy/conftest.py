"""Keeps the garbage collector off the SDK's classes, which halves the time of each capture."""

import gc

from hypothesis import settings

from tests.policy import small

assert small.CLASSES
gc.collect()
gc.freeze()

# A busy machine is not a fault: examples are bounded by their number, not by the clock.
settings.register_profile("policy", deadline=None)
settings.load_profile("policy")
