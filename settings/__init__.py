"""The settings of a stack: declared, documented and checked before any resource exists."""

from settings.models import Settings
from settings.problems import SettingsError
from settings.reader import load

__all__ = ["Settings", "SettingsError", "load"]
