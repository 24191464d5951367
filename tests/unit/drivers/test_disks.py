"""Volumes: the twin in memory, and qcow2 files made by the real qemu-img."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from skerry.drivers.disks.header import (
    NotQcow2Error,
    backing_chain,
    backing_file,
    virtual_size_bytes,
)
from skerry.drivers.disks.memory import MemoryDisks
from skerry.drivers.disks.qcow2 import DiskError, Owner, Qcow2Disks
from tests.conformance.disks import DisksConformance

needs_qemu_img = pytest.mark.skipif(not shutil.which("qemu-img"), reason="qemu-img is missing")
GIB = 1 << 30


def me() -> Owner:
    return Owner(os.getuid(), os.getgid())


def make_image(path: Path, size: str) -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)
    return path


class TestMemoryDisks(DisksConformance):
    @pytest.fixture
    def disks(self) -> MemoryDisks:
        return MemoryDisks()

    @pytest.fixture
    def image(self) -> Path:
        return Path("/images/tiny.qcow2")

    def test_volumes_stay_on_the_shelf_for_the_next_control_plane(self, disks):
        disks.ensure("vol-0", 1, None)
        assert MemoryDisks(disks.shelf).volumes() == {"vol-0"}


@needs_qemu_img
class TestQcow2Disks(DisksConformance):
    @pytest.fixture
    def disks(self, tmp_path) -> Qcow2Disks:
        return Qcow2Disks(tmp_path / "volumes", me())

    @pytest.fixture
    def image(self, tmp_path) -> Path:
        return make_image(tmp_path / "tiny.qcow2", "3G")

    def test_an_overlay_lies_on_its_image_and_is_as_large_as_asked(self, disks, image):
        disk = disks.ensure("vol-0", 8, image)
        assert backing_chain(disk.path) == (image,)
        assert virtual_size_bytes(disk.path) == 8 * GIB

    def test_an_overlay_is_never_smaller_than_its_image(self, disks, image):
        assert virtual_size_bytes(disks.ensure("vol-0", 1, image).path) == 3 * GIB

    def test_an_empty_volume_lies_on_nothing(self, disks):
        disk = disks.ensure("vol-0", 2, None)
        assert backing_file(disk.path) is None
        assert virtual_size_bytes(disk.path) == 2 * GIB

    def test_a_removed_volume_frees_its_bytes(self, disks, tmp_path):
        disks.ensure("vol-0", 1, None)
        disks.remove("vol-0")
        assert list((tmp_path / "volumes").iterdir()) == []

    def test_what_a_crash_left_unfinished_is_swept_at_the_next_start(self, disks, tmp_path):
        kept = disks.ensure("vol-0", 1, None)
        (tmp_path / "volumes" / ".unfinished-abc").write_bytes(b"half a disk")
        Qcow2Disks(tmp_path / "volumes", me())
        assert list((tmp_path / "volumes").iterdir()) == [kept.path]

    def test_a_volume_that_cannot_be_made_leaves_nothing(self, disks, tmp_path):
        with pytest.raises(DiskError):
            disks.ensure("vol-0", 1 << 40, None)
        assert list((tmp_path / "volumes").iterdir()) == []

    def test_only_the_owner_may_read_a_volume(self, disks):
        assert disks.ensure("vol-0", 1, None).path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_qcow2_is_refused(tmp_path):
    (tmp_path / "disk").write_bytes(b"MZ")
    with pytest.raises(NotQcow2Error):
        virtual_size_bytes(tmp_path / "disk")


@needs_qemu_img
def test_a_chain_without_an_end_is_refused(tmp_path):
    path = make_image(tmp_path / "a.qcow2", "1G")
    subprocess.run(
        ["qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", "a.qcow2", path],
        check=True,
    )
    with pytest.raises(NotQcow2Error, match="more than"):
        backing_chain(path)
