"""The settings of a stack: declared, documented and checked before any resource exists."""

from settings.load import load
from settings.models import Settings
from settings.problems import SettingsError

__all__ = ["Settings", "SettingsError", "load"]
