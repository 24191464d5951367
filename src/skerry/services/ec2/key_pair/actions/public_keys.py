"""Public keys in the forms that EC2 takes, and the fingerprints that it shows of them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-keys.html
"""

import base64
import binascii
import hashlib
import re
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
    load_ssh_public_key,
)

from skerry.services.ec2.key_pair.errors import KeyFormatInvalid

PublicKey: TypeAlias = RSAPublicKey | Ed25519PublicKey
PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

RSA_SIZES_BITS = (1024, 2048, 4096)
_RFC4716 = re.compile(
    r"\A---- BEGIN SSH2 PUBLIC KEY ----\n(.*)\n---- END SSH2 PUBLIC KEY ----\s*\Z", re.DOTALL
)
_MAX_BYTES = 16384


def read_public_key(material: bytes) -> PublicKey:
    """A key in OpenSSH's form, RFC 4716's, or as a SubjectPublicKeyInfo in PEM, DER or base64 of DER.

    Raises KeyFormatInvalid, also for kinds and sizes of keys that EC2 does not take.
    """
    if len(material) > _MAX_BYTES:
        raise KeyFormatInvalid
    try:
        key = _load(material)
    except (ValueError, UnsupportedAlgorithm, binascii.Error) as bad:
        raise KeyFormatInvalid from bad
    if isinstance(key, RSAPublicKey) and key.key_size in RSA_SIZES_BITS:
        return key
    if isinstance(key, Ed25519PublicKey):
        return key
    raise KeyFormatInvalid


def key_type(key: PublicKey) -> str:
    """AWS's word for the kind of key."""
    return "rsa" if isinstance(key, RSAPublicKey) else "ed25519"


def openssh(key: PublicKey, comment: str) -> str:
    """One line for authorized_keys."""
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{line} {comment}"


def fingerprint_of_created(key: PrivateKey) -> str:
    """RSA: SHA-1 of the private key (PKCS #8, DER); Ed25519: as OpenSSH does."""
    if isinstance(key, Ed25519PrivateKey):
        return _openssh_fingerprint(key.public_key())
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return _colons(hashlib.sha1(der, usedforsecurity=False).digest())


def fingerprint_of_imported(key: PublicKey) -> str:
    """RSA: MD5 of the public key (SubjectPublicKeyInfo, DER); Ed25519: as OpenSSH does."""
    if isinstance(key, Ed25519PublicKey):
        return _openssh_fingerprint(key)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return _colons(hashlib.md5(der, usedforsecurity=False).digest())


def _load(material: bytes) -> object:
    text = material.strip()
    if text.startswith(b"-----BEGIN"):
        return load_pem_public_key(text)
    if text.startswith(b"----"):
        return load_ssh_public_key(_one_line(text.decode()))
    if text.startswith((b"ssh-", b"ecdsa-", b"sk-")):
        return load_ssh_public_key(text)
    if material.startswith(b"\x30"):
        return load_der_public_key(material)
    return load_der_public_key(base64.b64decode(b"".join(text.split()), validate=True))


def _one_line(rfc4716: str) -> bytes:
    """RFC 4716 (headers, which may be continued with a backslash, then base64) as OpenSSH's one line."""
    found = _RFC4716.match(rfc4716.replace("\r\n", "\n").replace("\r", "\n"))
    if found is None:
        raise ValueError("not an RFC 4716 public key")
    joined = found[1].replace("\\\n", "")
    encoded = "".join(line.strip() for line in joined.split("\n") if ":" not in line)
    blob = base64.b64decode(encoded, validate=True)
    length = int.from_bytes(blob[:4], "big")
    algorithm = blob[4 : 4 + length].decode("ascii")
    return f"{algorithm} {encoded}".encode()


def _openssh_fingerprint(key: Ed25519PublicKey) -> str:
    blob = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    return base64.b64encode(hashlib.sha256(base64.b64decode(blob)).digest()).decode()


def _colons(digest: bytes) -> str:
    return digest.hex(":")
