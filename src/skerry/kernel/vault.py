"""Seals secrets under one master key, which lives in a file beside the database and never in it."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12


class BadSeal(Exception):
    """What was to be opened was not sealed here, or not for this purpose, or was changed since."""


class Vault:
    """AES-256-GCM under the key in ``path`` (mode 0600), which is made when it is not there yet."""

    def __init__(self, path: Path) -> None:
        key = _master_key(path)
        self._cipher = AESGCM(key)
        self.secret = hmac.new(key, b"secret", hashlib.sha256).digest()
        """32 bytes for signing what is not stored; they tell nothing of the master key."""

    def seal(self, plain: bytes, purpose: bytes = b"") -> bytes:
        """``plain`` so that only this vault, asked for the same purpose, can open it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, purpose)

    def open(self, sealed: bytes, purpose: bytes = b"") -> bytes:
        """What was sealed. Raises BadSeal."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose)
        except (InvalidTag, ValueError) as bad:
            raise BadSeal("not sealed by this vault for this purpose") from bad


def _master_key(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        _make_key(path)
        return path.read_bytes()


def _make_key(path: Path) -> None:
    """A link appears whole or not at all, and never replaces a key that another process just made."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(draft, "xb", opener=_private) as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
