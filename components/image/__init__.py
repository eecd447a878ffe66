"""The release image: its repository, its build, and which one runs."""

from components.image.image import Image, ImageArgs

__all__ = ["Image", "ImageArgs"]
