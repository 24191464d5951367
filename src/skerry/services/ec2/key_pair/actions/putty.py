"""Private keys as PuTTY keeps them: PPK version 3, without a passphrase.

Format: https://the.earth.li/~sgtatham/putty/0.81/htmldoc/AppendixC.html
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from skerry.services.ec2.key_pair.actions.public_keys import PrivateKey

_LINE = 64
_ENCRYPTION = "none"


def ppk(key: PrivateKey, comment: str) -> str:
    """The content of a .ppk file; ``comment`` must be one line."""
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    algorithm, encoded = line.decode().split()
    public, private = base64.b64decode(encoded), _private_blob(key)
    # Without a passphrase the MAC's key is empty: it then guards against accidents only.
    covered = (algorithm.encode(), _ENCRYPTION.encode(), comment.encode(), public, private)
    mac = hmac.new(b"", b"".join(map(_string, covered)), hashlib.sha256).hexdigest()
    return "\n".join(
        (
            f"PuTTY-User-Key-File-3: {algorithm}",
            f"Encryption: {_ENCRYPTION}",
            f"Comment: {comment}",
            *_block("Public-Lines", public),
            *_block("Private-Lines", private),
            f"Private-MAC: {mac}\n",
        )
    )


def _private_blob(key: PrivateKey) -> bytes:
    """What the public blob does not tell: RSA's d, p, q and q⁻¹ mod p, or Ed25519's seed."""
    if isinstance(key, Ed25519PrivateKey):
        return _string(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    numbers = key.private_numbers()
    return b"".join(map(_mpint, (numbers.d, numbers.p, numbers.q, numbers.iqmp)))


def _block(header: str, blob: bytes) -> Iterator[str]:
    encoded = base64.b64encode(blob).decode()
    lines = [encoded[start : start + _LINE] for start in range(0, len(encoded), _LINE)]
    yield f"{header}: {len(lines)}"
    yield from lines


def _string(data: bytes) -> bytes:
    """RFC 4251 "string"."""
    return len(data).to_bytes(4, "big") + data


def _mpint(number: int) -> bytes:
    """RFC 4251 "mpint": two's complement, so a positive number starts with a zero bit."""
    return _string(number.to_bytes(number.bit_length() // 8 + 1, "big"))
