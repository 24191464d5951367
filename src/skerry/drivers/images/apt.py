"""Debian packages by the host's own apt: downloaded into a cache, never installed on the host."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skerry.drivers.images.run import ImageBuildError, run

_URI = re.compile(r"^'[^']+' (?P<name>\S+) (?P<size_bytes>\d+) ", re.MULTILINE)
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_MIRROR = "http://deb.debian.org"


@dataclass(frozen=True, slots=True)
class Apt:
    """Packages of one Debian release. A host of the same release lends its lists and mirrors."""

    cache_dir: Path
    release: str = "bookworm"

    def newest_dependency(self, package: str, prefix: str) -> str:
        """The package beginning with ``prefix`` that a meta package depends on."""
        listed = self._apt("apt-cache", "depends", package).decode()
        for line in listed.splitlines():
            kind, _, name = line.strip().partition(": ")
            if kind == "Depends" and name.startswith(prefix):
                return name
        raise ImageBuildError(f"{package} names no {prefix}… package")

    def download(self, packages: Iterable[str]) -> list[Path]:
        """The newest .deb of each package. What the cache holds is not fetched again.

        apt checks what it fetches against Debian's signed lists. Raises ImageBuildError.
        """
        folder = self.cache_dir / "debs"
        folder.mkdir(parents=True, exist_ok=True)
        wanted = tuple(packages)
        listed = self._apt("apt-get", "download", "--print-uris", *wanted).decode()
        files = {folder / m["name"]: int(m["size_bytes"]) for m in _URI.finditer(listed)}
        if any(not f.exists() or f.stat().st_size != size for f, size in files.items()):
            self._apt("apt-get", "download", *wanted, folder=folder)
        return list(files)

    def _apt(self, tool: str, *words: str, folder: Path | None = None) -> bytes:
        """Run apt; when it does not know a package, its lists may be old: update them once."""
        command = (tool, *self._options(), *words)
        try:
            return run(*command, folder=folder)
        except ImageBuildError:
            run("apt-get", *self._options(), "update")
            return run(*command, folder=folder)

    def _options(self) -> tuple[str, ...]:
        if _host_release() == self.release:
            return ()
        if not _KEYRING.exists():
            raise ImageBuildError(f"{_KEYRING} is missing: install debian-archive-keyring")
        own = self.cache_dir / "apt" / self.release
        (own / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        sources = own / "sources.list"
        sources.write_text("".join(f"{line}\n" for line in source_lines(self.release)))
        settings = {
            "Dir::Etc::SourceList": str(sources),
            "Dir::Etc::SourceParts": "-",
            "Dir::State::Lists": str(own / "lists"),
            "Dir::State::Status": "/dev/null",
            "Dir::Cache::PkgCache": "",
            "Dir::Cache::SrcPkgCache": "",
            "APT::Architecture": "amd64",
        }
        return tuple(f"-o{key}={value}" for key, value in settings.items())


def source_lines(release: str) -> list[str]:
    """Debian's three archives for a release, in the one-line form of sources.list(5)."""
    signed = f"deb [signed-by={_KEYRING}] {_MIRROR}"
    return [
        f"{signed}/debian {release} main",
        f"{signed}/debian {release}-updates main",
        f"{signed}/debian-security {release}-security main",
    ]


def _host_release() -> str:
    facts = dict(
        line.split("=", 1)
        for line in Path("/etc/os-release").read_text().splitlines()
        if "=" in line
    )
    if facts.get("ID") != "debian":
        return ""
    return facts.get("VERSION_CODENAME", "")
