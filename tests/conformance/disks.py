"""What every disk backend does, real or in memory. Subclass and give the two fixtures."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skerry.drivers.disks.port import Disks


class DisksConformance:
    """The port's promises, one test each."""

    @pytest.fixture
    def disks(self) -> Disks:
        raise NotImplementedError

    @pytest.fixture
    def image(self) -> Path:
        raise NotImplementedError

    def test_a_volume_that_was_never_made_is_not_found(self, disks):
        assert disks.find("vol-0") is None
        assert disks.volumes() == set()

    def test_a_made_volume_is_found_and_listed(self, disks):
        made = disks.ensure("vol-0", 1, None)
        assert disks.find("vol-0") == made
        assert disks.volumes() == {"vol-0"}

    def test_making_a_volume_twice_gives_the_same_disk(self, disks, image):
        assert disks.ensure("vol-0", 1, image) == disks.ensure("vol-0", 1, image)

    def test_eight_threads_that_make_one_volume_make_one_volume(self, disks, image):
        with ThreadPoolExecutor(8) as pool:
            made = set(pool.map(lambda _: disks.ensure("vol-0", 1, image), range(8)))
        assert len(made) == 1
        assert disks.volumes() == {"vol-0"}

    def test_a_removed_volume_is_gone_and_removing_it_again_is_no_error(self, disks):
        disks.ensure("vol-0", 1, None)
        disks.remove("vol-0")
        disks.remove("vol-0")
        assert disks.find("vol-0") is None
        assert disks.volumes() == set()
