"""The image ``tiny``: a whole EC2 guest in under 20 MB, built in seconds from Debian packages."""

from skerry.drivers.images.tiny.build import APT_PACKAGES, TINY, build_tiny

__all__ = ["APT_PACKAGES", "TINY", "build_tiny"]
