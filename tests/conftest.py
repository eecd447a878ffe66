"""Settings of the whole suite."""

import gc

from hypothesis import settings

import components.access
import components.data
import components.ecs
import components.image
import components.network

# The SDK's classes are loaded once and stay: walking them at every collection would double the
# time of each capture.
LOADED = (components.access, components.data, components.ecs, components.image, components.network)
gc.collect()
gc.freeze()

# A busy machine is not a fault: examples are bounded by their number, not by the clock.
settings.register_profile("perpetual", deadline=None)
settings.load_profile("perpetual")
