"""Keeps the garbage collector off the SDK's classes, which halves the time of each capture."""

import gc

from tests.policy import small

assert small.CLASSES
gc.collect()
gc.freeze()
