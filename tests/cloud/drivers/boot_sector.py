"""The smallest guest: 512 bytes that print READY, obey the power button and give back asked-for cards."""

from pathlib import Path

_PRINT = bytes.fromhex(
    "31c0 8ed8"  # ds = 0
    "be0000 fc"  # si = message
    "ac 84c0 7406"  # next character; 0 ends
    "baf803 ee ebf5"  # out to the serial port
)
_OBEY = bytes.fromhex(
    "ba0206 b80001 ef"  # PM1_EN: the power button is to be noticed
    "fb f4"  # sleep until a timer tick
    "31db"  # of each bus, from 0: (QEMU's docs/specs/acpi_pci_hotplug.rst, at 0xcc0 on q35)
    "bad00c 6689d8 66ef"  # select it
    "bac40c 66ed"  # which slots are asked back?
    "6685c0 7405 bac80c 66ef"  # eject those
    "43 83fb10 75e3"  # sixteen buses
    "ba0006 ed f6c401 74d6"  # PM1_STS: no power button, so sleep again
    "ba0406 b80020 ef"  # PM1_CNT: S5, power off
    "f4 ebfd"
)
_SPAM = bytes.fromhex("baf803 b078 ee ebfd")  # 'x' for ever


def write_obedient_disk(path: Path) -> Path:
    """A raw disk that prints READY, then waits for its power button."""
    message = 0x7C00 + len(_PRINT) + len(_OBEY)
    told = _PRINT.replace(b"\xbe\0\0", b"\xbe" + message.to_bytes(2, "little"))
    return _write(path, told + _OBEY + b"READY\r\n\0")


def write_spamming_disk(path: Path) -> Path:
    """A raw disk that prints for ever."""
    return _write(path, _SPAM)


def _write(path: Path, code: bytes) -> Path:
    path.write_bytes(code.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    return path
