"""The smallest guest: 512 bytes that print READY and shut down when the power button is pressed."""

from pathlib import Path

_PRINT = bytes.fromhex(
    "31c0 8ed8"  # ds = 0
    "be2f7c fc"  # si = message (47 bytes into the sector)
    "ac 84c0 7406"  # next character; 0 ends
    "baf803 ee ebf5"  # out to the serial port
)
_OBEY = bytes.fromhex(
    "ba0206 b80001 ef"  # PM1_EN: the power button is to be noticed
    "ba0006"  # PM1_STS
    "fb f4 ed f6c401 74f8"  # sleep until a timer tick, look, again
    "ba0406 b80020 ef"  # PM1_CNT: S5, power off
    "f4 ebfd"
)
_SPAM = bytes.fromhex("baf803 b078 ee ebfd")  # 'x' for ever


def write_obedient_disk(path: Path) -> Path:
    """A raw disk that prints READY, then waits for its power button."""
    return _write(path, _PRINT + _OBEY + b"READY\r\n\0")


def write_spamming_disk(path: Path) -> Path:
    """A raw disk that prints for ever."""
    return _write(path, _SPAM)


def _write(path: Path, code: bytes) -> Path:
    path.write_bytes(code.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    return path
