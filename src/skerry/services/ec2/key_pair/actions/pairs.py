"""Key pair actions. A private key leaves in the answer that makes it and is kept nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import select

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.services.ec2.key_pair.actions import public_keys
from skerry.services.ec2.key_pair.actions.putty import ppk
from skerry.services.ec2.key_pair.api import find_keys
from skerry.services.ec2.key_pair.errors import KeyIdMalformed, KeyPairExists, KeyPairNotFound
from skerry.services.ec2.key_pair.model import KeyPair
from skerry.services.ec2.key_pair.view import FILTERS, described_key_pair_view, key_pair_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import (
        CreateKeyPairRequestTypeDef,
        DeleteKeyPairRequestTypeDef,
        DescribeKeyPairsRequestTypeDef,
        ImportKeyPairRequestTypeDef,
    )

    from skerry.kernel.context import Context

_RSA_BITS = 2048
_NAME = re.compile(r"[ -~]{1,255}")


@action("CreateKeyPair")
def create_key_pair(ctx: Context, req: CreateKeyPairRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateKeyPair.html"""
    # Before the first query: it takes 50 ms, and the transaction would keep other writers waiting.
    private = _generate(req.get("KeyType", "rsa"))
    name = _free_name(ctx, req["KeyName"])
    fingerprint = public_keys.fingerprint_of_created(private)
    key = _keep(ctx, name, private.public_key(), fingerprint)
    tags = tags_on_create(req, "key-pair")
    put_tags(ctx, "key-pair", key.id, tags)
    in_putty_form = req.get("KeyFormat", "pem") == "ppk"
    material = ppk(private, name) if in_putty_form else _pem(private)
    return key_pair_view(key, tags) | {"KeyMaterial": material}


@action("ImportKeyPair")
def import_key_pair(ctx: Context, req: ImportKeyPairRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html"""
    name = _free_name(ctx, req["KeyName"])
    material: bytes = dict[str, Any](req)["PublicKeyMaterial"]
    public = public_keys.read_public_key(material)
    key = _keep(ctx, name, public, public_keys.fingerprint_of_imported(public))
    tags = tags_on_create(req, "key-pair")
    put_tags(ctx, "key-pair", key.id, tags)
    return key_pair_view(key, tags)


@action("DescribeKeyPairs")
def describe_key_pairs(ctx: Context, req: DescribeKeyPairsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeKeyPairs.html"""
    names, ids = req.get("KeyNames"), req.get("KeyPairIds")
    if names and ids:
        raise InvalidParameterCombination(
            why="The parameters KeyNames and KeyPairIds may not be used together."
        )
    keys = find_keys(ctx, names) if names else _of_ids(ctx, ids)
    tags = tags_of(ctx.db, [key.id for key in keys])
    matching = select_rows(keys, req.get("Filters"), FILTERS, lambda key: tags[key.id])
    public_key = bool(req.get("IncludePublicKey"))
    return {
        "KeyPairs": [
            described_key_pair_view(key, tags[key.id], public_key=public_key)
            for key in sorted(matching, key=lambda key: key.name)
        ]
    }


@action("DeleteKeyPair")
def delete_key_pair(ctx: Context, req: DeleteKeyPairRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteKeyPair.html

    Deleting what is not there succeeds. Instances keep the copy they were launched with.
    """
    name, key_id = req.get("KeyName"), req.get("KeyPairId")
    if not name and not key_id:
        raise MissingParameter(name="KeyName")
    if key_id:
        check_ids([key_id], "key", KeyIdMalformed)
    query = select(KeyPair).where(KeyPair.id == key_id if key_id else KeyPair.name == name)
    key = ctx.db.scalar(query)
    if key is None or (name and key.name != name):
        return {"Return": True}
    drop_tags(ctx.db, [key.id])
    ctx.db.delete(key)
    ctx.db.flush()
    return {"Return": True, "KeyPairId": key.id}


def _free_name(ctx: Context, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidParameterValue(
            value=name[:20], name="keyName", why="It has 1 to 255 ASCII characters."
        )
    if ctx.db.scalar(select(KeyPair.id).where(KeyPair.name == name)) is not None:
        raise KeyPairExists(name=name)
    return name


def _keep(ctx: Context, name: str, public: public_keys.PublicKey, fingerprint: str) -> KeyPair:
    key = KeyPair(
        id=new_id("key"),
        account_id=ctx.account_id,
        name=name,
        key_type=public_keys.key_type(public),
        fingerprint=fingerprint,
        public_key=public_keys.openssh(public, name),
        created_at=ctx.now,
    )
    ctx.db.add(key)
    ctx.db.flush()
    return key


def _of_ids(ctx: Context, ids: Sequence[str] | None) -> list[KeyPair]:
    check_ids(ids, "key", KeyIdMalformed)
    return known_rows(ctx.db, KeyPair, ids, KeyPairNotFound)


def _generate(key_type: str) -> public_keys.PrivateKey:
    if key_type == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)


def _pem(key: public_keys.PrivateKey) -> str:
    """PKCS #1 for RSA and OpenSSH's own form for Ed25519, as AWS hands them out."""
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    form = PrivateFormat.TraditionalOpenSSL if is_rsa else PrivateFormat.OpenSSH
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
