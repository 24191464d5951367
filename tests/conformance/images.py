"""What every image store must do; a subclass gives the store and how to put an image into it."""

from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.port import Images, StoredImage

FIRST = "ami-0abcdef1234567890"
SECOND = "ami-0123456789abcdef0"


def label(image_id: str = FIRST, cmdline: str | None = None) -> ImageLabel:
    return ImageLabel(image_id, "tiny", "A small one", "ec2-user", cmdline)


class ImagesConformance:
    """Mix into a test class that has the fixture ``images`` and the method ``put``."""

    def put(self, images: Images, what: ImageLabel) -> StoredImage:
        raise AssertionError("a subclass says how")

    def test_an_empty_store_finds_nothing(self, images: Images):
        assert images.find(FIRST) is None
        assert images.all() == []

    def test_what_was_put_in_is_found_again(self, images: Images):
        stored = self.put(images, label(cmdline="quiet"))
        assert images.find(FIRST) == stored
        assert stored.boot is not None
        assert stored.boot.cmdline == "quiet"
        assert (stored.name, stored.login_user, stored.size_gib) == ("tiny", "ec2-user", 1)

    def test_an_image_without_a_command_line_boots_by_firmware(self, images: Images):
        assert self.put(images, label()).boot is None

    def test_all_lists_by_id(self, images: Images):
        self.put(images, label(FIRST))
        self.put(images, label(SECOND))
        assert [image.image_id for image in images.all()] == [SECOND, FIRST]

    def test_removing_twice_is_like_removing_once(self, images: Images):
        self.put(images, label())
        images.remove(FIRST)
        images.remove(FIRST)
        assert images.find(FIRST) is None
        assert images.all() == []

    def test_a_name_that_is_no_image_id_is_not_looked_up(self, images: Images):
        self.put(images, label())
        for wrong in ("", "..", f"../{FIRST}", f"{FIRST}/", "ami-0ABCDEF1234567890", "i-12345678"):
            assert images.find(wrong) is None
            images.remove(wrong)
        assert images.find(FIRST) is not None
