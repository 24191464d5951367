"""The image ``debian-12``: Debian with systemd and cloud-init, as on EC2."""

from skerry.drivers.images.debian.build import APT_PACKAGES, DEBIAN_12, build_debian

__all__ = ["APT_PACKAGES", "DEBIAN_12", "build_debian"]
