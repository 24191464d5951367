"""Key pairs: forms, fingerprints, and that no private key is kept."""

import base64
import hashlib
import hmac
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from skerry.services.ec2.key_pair.actions.putty import ppk
from tests.unit.services.calling import Tenant, refused

RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()


def _openssh(key) -> bytes:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def _spki(key, encoding: Encoding) -> bytes:
    return key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def _der(key) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _rfc4716(key) -> bytes:
    blob = _openssh(key).split()[1].decode()
    lines = [blob[at : at + 70] for at in range(0, len(blob), 70)]
    header = 'Comment: "made \\\nelsewhere"'
    body = "\n".join([header, *lines])
    return f"---- BEGIN SSH2 PUBLIC KEY ----\n{body}\n---- END SSH2 PUBLIC KEY ----\n".encode()


def test_a_created_rsa_key_has_the_sha1_of_its_private_half(tenant: Tenant):
    made = tenant("CreateKeyPair", KeyName="k")
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    key = load_pem_private_key(made["KeyMaterial"].encode(), None)
    assert key.key_size == 2048
    assert made["KeyFingerprint"] == hashlib.sha1(_der(key)).digest().hex(":")
    (shown,) = tenant("DescribeKeyPairs", IncludePublicKey=True)["KeyPairs"]
    assert shown["PublicKey"] == f"{_openssh(key).decode()} k"
    assert shown["KeyType"] == "rsa"


def test_a_created_ed25519_key_has_openssh_s_fingerprint(tenant: Tenant):
    made = tenant("CreateKeyPair", KeyName="k", KeyType="ed25519")
    key = load_ssh_private_key(made["KeyMaterial"].encode(), None)
    blob = base64.b64decode(_openssh(key).split()[1])
    assert made["KeyFingerprint"] == base64.b64encode(hashlib.sha256(blob).digest()).decode()


def test_the_private_half_is_kept_nowhere(tenant: Tenant, tmp_path: Path):
    made = tenant("CreateKeyPair", KeyName="k")
    secret = made["KeyMaterial"].splitlines()[5].encode()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(secret in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    "material",
    [
        _openssh(RSA),
        _openssh(RSA) + b" me@home\n",
        _rfc4716(RSA),
        _rfc4716(RSA).replace(b"\n", b"\r\n"),
        _spki(RSA, Encoding.PEM),
        _spki(RSA, Encoding.DER),
        base64.encodebytes(_spki(RSA, Encoding.DER)),
    ],
)
def test_an_imported_rsa_key_has_the_md5_of_its_public_half(tenant: Tenant, material: bytes):
    made = tenant("ImportKeyPair", KeyName="k", PublicKeyMaterial=material)
    assert made["KeyFingerprint"] == hashlib.md5(_spki(RSA, Encoding.DER)).digest().hex(":")
    (shown,) = tenant("DescribeKeyPairs", KeyNames=["k"], IncludePublicKey=True)["KeyPairs"]
    assert shown["PublicKey"].split()[:2] == _openssh(RSA).decode().split()


def test_an_ed25519_key_can_be_imported(tenant: Tenant):
    tenant("ImportKeyPair", KeyName="k", PublicKeyMaterial=_openssh(ED25519))
    assert tenant("DescribeKeyPairs")["KeyPairs"][0]["KeyType"] == "ed25519"


@pytest.mark.parametrize(
    "material",
    [
        b"",
        b"ssh-rsa AAAA",
        b"hello",
        b"\x30\x03\x02\x01\x01",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        b"---- BEGIN SSH2 PUBLIC KEY ----\n\xff\n---- END SSH2 PUBLIC KEY ----",
        b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----",
        _openssh(ec.generate_private_key(ec.SECP256R1())),
        _openssh(rsa.generate_private_key(65537, 3072)),
        b"ssh-rsa " + b"A" * 20000,
    ],
)
def test_what_is_no_key_for_ec2_is_refused(tenant: Tenant, material: bytes):
    with refused("InvalidKey.Format"):
        tenant("ImportKeyPair", KeyName="k", PublicKeyMaterial=material)


def test_a_name_is_used_once_in_an_account(tenant: Tenant, other_tenant: Tenant):
    tenant("CreateKeyPair", KeyName="k", KeyType="ed25519")
    with refused("InvalidKeyPair.Duplicate"):
        tenant("CreateKeyPair", KeyName="k", KeyType="ed25519")
    other_tenant("CreateKeyPair", KeyName="k", KeyType="ed25519")
    assert len(tenant("DescribeKeyPairs")["KeyPairs"]) == 1


def test_deleting_a_key_twice_succeeds_both_times(tenant: Tenant):
    made = tenant("CreateKeyPair", KeyName="k", KeyType="ed25519")
    assert tenant("DeleteKeyPair", KeyName="k")["KeyPairId"] == made["KeyPairId"]
    assert tenant("DeleteKeyPair", KeyName="k")["Return"] is True
    assert tenant("DescribeKeyPairs")["KeyPairs"] == []
    again = tenant("CreateKeyPair", KeyName="k", KeyType="ed25519")
    tenant("DeleteKeyPair", KeyPairId=again["KeyPairId"])
    with refused("InvalidKeyPair.NotFound", "'k'"):
        tenant("DescribeKeyPairs", KeyNames=["k"])


def test_key_pairs_are_found_by_filter_and_tag(tenant: Tenant):
    tags = [{"ResourceType": "key-pair", "Tags": [{"Key": "team", "Value": "a"}]}]
    made = tenant("CreateKeyPair", KeyName="one", KeyType="ed25519", TagSpecifications=tags)
    tenant("CreateKeyPair", KeyName="two", KeyType="ed25519")
    for name, value in (
        ("key-name", "o*"),
        ("fingerprint", made["KeyFingerprint"]),
        ("tag:team", "a"),
        ("key-pair-id", made["KeyPairId"]),
    ):
        found = tenant("DescribeKeyPairs", Filters=[{"Name": name, "Values": [value]}])
        assert [key["KeyName"] for key in found["KeyPairs"]] == ["one"], name


def test_a_ppk_key_names_its_parts_and_guards_them(tenant: Tenant):
    material = tenant("CreateKeyPair", KeyName="k", KeyFormat="ppk", KeyType="ed25519")[
        "KeyMaterial"
    ]
    lines = material.splitlines()
    assert lines[0] == "PuTTY-User-Key-File-3: ssh-ed25519"
    assert lines[1:3] == ["Encryption: none", "Comment: k"]
    count = int(lines[3].removeprefix("Public-Lines: "))
    public = base64.b64decode("".join(lines[4 : 4 + count]))
    private = base64.b64decode("".join(lines[5 + count : -1]))
    seed = private[4:]
    assert private[:4] == (32).to_bytes(4, "big")
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    assert public == base64.b64decode(_openssh(key).split()[1])
    covered = b"".join(
        len(part).to_bytes(4, "big") + part
        for part in (b"ssh-ed25519", b"none", b"k", public, private)
    )
    assert lines[-1] == "Private-MAC: " + hmac.new(b"", covered, "sha256").hexdigest()


@pytest.mark.skipif(shutil.which("puttygen") is None, reason="puttygen (putty-tools) is not here")
@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_putty_s_own_tool_reads_the_same_key(tmp_path: Path, key):
    file, out, empty = tmp_path / "k.ppk", tmp_path / "k", tmp_path / "empty"
    file.write_text(ppk(key, "a comment"))
    empty.touch()
    command = ["puttygen", file, "-O", "private-openssh-new", "-o", out, "--new-passphrase", empty]
    subprocess.run(command, check=True, capture_output=True)
    assert _der(load_ssh_private_key(out.read_bytes(), None)) == _der(key)
