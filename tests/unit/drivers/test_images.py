"""The image store: the twin in memory, and the directory, with files made by the real qemu-img."""

import fcntl
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from skerry.drivers.images.importing import ImportRefusedError, checked_format, import_image
from skerry.drivers.images.kernel import copy_modules, initrd
from skerry.drivers.images.label import ImageLabel, InvalidImageIdError
from skerry.drivers.images.memory import MemoryImages
from skerry.drivers.images.port import StoredImage
from skerry.drivers.images.store import ImageExistsError, ImageStore
from tests.conformance.images import FIRST, ImagesConformance, label

CRYPT_METHOD_AT = 32  # in a qcow2 header: QEMU's docs/interop/qcow2.txt

needs_qemu_img = pytest.mark.skipif(not shutil.which("qemu-img"), reason="qemu-img is missing")


def fake_qcow2(size_bytes: int) -> bytes:
    return struct.pack(">4sIQIIQ", b"QFI\xfb", 3, 0, 0, 16, size_bytes).ljust(512, b"\0")


def fill(folder: Path) -> None:
    (folder / "disk.qcow2").write_bytes(fake_qcow2(1 << 30))
    (folder / "kernel").write_bytes(b"kernel")


def qemu_img(*words: object) -> None:
    subprocess.run(["qemu-img", *map(str, words)], check=True, capture_output=True)


class TestMemoryImages(ImagesConformance):
    @pytest.fixture
    def images(self) -> MemoryImages:
        return MemoryImages()

    def put(self, images: MemoryImages, what: ImageLabel) -> StoredImage:
        return images.add(what)


class TestImageStore(ImagesConformance):
    @pytest.fixture
    def images(self, tmp_path: Path) -> ImageStore:
        return ImageStore(tmp_path / "images")

    def put(self, images: ImageStore, what: ImageLabel) -> StoredImage:
        return images.publish(what, fill)


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


@pytest.mark.parametrize(
    "wrong", ["", "ami-", "ami-123", "ami-0ABCDEF1234567890", "../ami-12345678"]
)
def test_a_label_refuses_what_is_no_image_id(wrong: str):
    with pytest.raises(InvalidImageIdError):
        label(wrong)


def test_the_size_is_rounded_up_to_whole_gibibytes(store: ImageStore):
    stored = store.publish(
        label(),
        lambda folder: (folder / "disk.qcow2").write_bytes(fake_qcow2((2 << 30) + 1)) and None,
    )
    assert stored.size_gib == 3


def test_any_user_of_the_host_can_read_an_image(store: ImageStore):
    before = os.umask(0o077)
    try:
        stored = store.publish(label(cmdline="quiet"), fill)
    finally:
        os.umask(before)
    assert stored.boot
    assert stored.disk.stat().st_mode & 0o777 == 0o644
    assert stored.boot.kernel.stat().st_mode & 0o777 == 0o644
    assert stored.disk.parent.stat().st_mode & 0o777 == 0o755


def test_a_failed_build_leaves_nothing(store: ImageStore, tmp_path: Path):
    def fail(folder: Path) -> None:
        fill(folder)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        store.publish(label(), fail)
    assert list((tmp_path / "images").iterdir()) == []


def test_an_image_is_never_replaced(store: ImageStore):
    first = store.publish(label(), fill)
    with pytest.raises(ImageExistsError):
        store.publish(label(), fill)
    assert store.all() == [first]


def test_of_two_builds_at_once_one_wins_and_the_other_says_so(store: ImageStore, tmp_path: Path):
    def meanwhile(folder: Path) -> None:
        fill(folder)
        ImageStore(tmp_path / "images").publish(label(), fill)

    with pytest.raises(ImageExistsError):
        store.publish(label(), meanwhile)
    assert [entry.name for entry in (tmp_path / "images").iterdir()] == [FIRST]


def test_nothing_is_seen_of_an_image_before_it_is_whole(store: ImageStore):
    def look(folder: Path) -> None:
        fill(folder)
        assert store.find(FIRST) is None
        assert store.all() == []

    store.publish(label(), look)


def test_opening_the_store_removes_what_a_crash_left(tmp_path: Path):
    leftover = tmp_path / f".unfinished-{FIRST}-abc"
    leftover.mkdir()
    fill(leftover)
    store = ImageStore(tmp_path)
    assert not leftover.exists()
    assert store.all() == []


def test_opening_the_store_spares_a_build_that_goes_on(tmp_path: Path):
    under_way = tmp_path / f".unfinished-{FIRST}-abc"
    under_way.mkdir()
    handle = os.open(under_way, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    ImageStore(tmp_path)
    assert under_way.exists()
    os.close(handle)
    ImageStore(tmp_path)
    assert not under_way.exists()


@needs_qemu_img
@pytest.mark.parametrize("kind", ["qcow2", "vmdk", "vpc", "vhdx"])
def test_an_imported_disk_keeps_its_bytes(store: ImageStore, tmp_path: Path, kind: str):
    raw = tmp_path / "disk.raw"
    raw.write_bytes((b"\x01" * 510 + b"\x55\xaa") * 4096)
    given = tmp_path / f"disk.{kind}"
    qemu_img("convert", "-f", "raw", "-O", kind, raw, given)
    steps: list[float] = []
    stored = import_image(store, given, FIRST, "given", lambda _, done: steps.append(done))
    qemu_img("compare", raw, stored.disk)
    assert stored.boot is None
    assert steps[0] == 0.0
    assert steps[-1] == 1.0
    assert steps == sorted(steps)


@needs_qemu_img
def test_a_raw_disk_is_imported_only_with_a_boot_sector(store: ImageStore, tmp_path: Path):
    raw = tmp_path / "disk.raw"
    raw.write_bytes(bytes(1 << 20))
    with pytest.raises(ImportRefusedError, match="no boot sector"):
        checked_format(raw)
    raw.write_bytes(bytes(510) + b"\x55\xaa" + bytes(1 << 20))
    assert import_image(store, raw, FIRST, "given", lambda *_: None).size_gib == 1


@needs_qemu_img
def test_a_disk_with_a_backing_file_is_refused(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("secret" * 1000)
    given = tmp_path / "disk.qcow2"
    qemu_img("create", "-f", "qcow2", "-F", "raw", "-b", secret, given, "1M")
    with pytest.raises(ImportRefusedError, match="another file"):
        checked_format(given)


@needs_qemu_img
def test_a_disk_with_an_external_data_file_is_refused(tmp_path: Path):
    given = tmp_path / "disk.qcow2"
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={tmp_path}/secret", given, "1M")
    with pytest.raises(ImportRefusedError, match="another file"):
        checked_format(given)


@needs_qemu_img
def test_a_vmdk_with_extents_in_other_files_is_refused(tmp_path: Path):
    given = tmp_path / "disk.vmdk"
    qemu_img("create", "-f", "vmdk", "-o", "subformat=monolithicFlat", given, "1M")
    with pytest.raises(ImportRefusedError, match="no boot sector"):
        checked_format(given)
    given.write_bytes(b"KDMV" + bytes(8) + bytes(500) + given.read_bytes())
    with pytest.raises(ImportRefusedError, match="other files"):
        checked_format(given)


@needs_qemu_img
def test_an_encrypted_disk_is_refused(tmp_path: Path):
    given = tmp_path / "disk.qcow2"
    qemu_img("create", "-f", "qcow2", given, "1M")
    with given.open(
        "r+b"
    ) as file:  # making a real LUKS disk takes seconds, and fails on a busy machine
        file.seek(CRYPT_METHOD_AT)
        file.write((1).to_bytes(4))
    with pytest.raises(ImportRefusedError, match="encrypted"):
        checked_format(given)


@pytest.mark.parametrize("magic", [b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd"])
def test_a_packed_file_is_refused_with_advice(tmp_path: Path, magic: bytes):
    given = tmp_path / "disk.img.xz"
    given.write_bytes(magic + bytes(600))
    with pytest.raises(ImportRefusedError, match="unpack it first"):
        checked_format(given)


def test_what_is_no_file_is_refused(tmp_path: Path):
    for wrong in (tmp_path, tmp_path / "absent", Path("/dev/null")):
        with pytest.raises(ImportRefusedError):
            checked_format(wrong)


@needs_qemu_img
def test_a_broken_disk_is_refused_and_leaves_nothing(store: ImageStore, tmp_path: Path):
    given = tmp_path / "disk.qcow2"
    given.write_bytes(b"QFI\xfb" + b"\xff" * 8)
    with pytest.raises(ImportRefusedError):
        import_image(store, given, FIRST, "given", lambda *_: None)
    assert store.all() == []


def test_modules_bring_what_they_depend_on(tmp_path: Path):
    tree = tmp_path / "modules"
    (tree / "kernel").mkdir(parents=True)
    for name, depends in {"virtio-net": "failover,virtio", "failover": "", "virtio": ""}.items():
        info = f"\0alias=pci:{name}*\0depends={depends}\0name={name}\0"
        (tree / "kernel" / f"{name}.ko").write_bytes(b"ELF" + info.encode())
    target = tmp_path / "target"
    copy_modules(tree, target, ["virtio_net"])
    assert sorted(p.name for p in target.glob("*.ko")) == [
        "failover.ko",
        "virtio.ko",
        "virtio_net.ko",
    ]
    assert "virtio_net.ko: failover.ko virtio.ko" in (target / "modules.dep").read_text()
    assert "alias pci:virtio-net* virtio_net" in (target / "modules.alias").read_text()


@pytest.mark.skipif(not shutil.which("cpio"), reason="cpio is missing")
def test_an_initrd_is_an_archive_that_cpio_reads(tmp_path: Path):
    tree, out = tmp_path / "tree", tmp_path / "out"
    (tree / "bin").mkdir(parents=True)
    out.mkdir()
    (tree / "bin/sh").write_bytes(b"odd")
    (tree / "bin/sh").chmod(0o755)
    subprocess.run(["cpio", "-i", "--quiet"], input=initrd(tree), cwd=out, check=True)
    assert (out / "bin/sh").read_bytes() == b"odd"
    assert (out / "bin/sh").stat().st_mode & 0o777 == 0o755
