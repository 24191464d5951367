"""Key pairs as responses show them."""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.key_pair.model import KeyPair


def key_pair_view(key: KeyPair, tags: Mapping[str, str]) -> dict[str, Any]:
    """As CreateKeyPair and ImportKeyPair show it."""
    return {
        "KeyPairId": key.id,
        "KeyName": key.name,
        "KeyFingerprint": key.fingerprint,
        "Tags": tag_list(tags),
    }


def described_key_pair_view(
    key: KeyPair, tags: Mapping[str, str], *, public_key: bool
) -> dict[str, Any]:
    """As DescribeKeyPairs shows it; ``public_key``: that too."""
    return key_pair_view(key, tags) | {
        "KeyType": key.key_type,
        "CreateTime": key.created_at,
        "PublicKey": key.public_key if public_key else None,
    }


FILTERS: dict[str, Getter[KeyPair]] = {
    "fingerprint": lambda key: key.fingerprint,
    "key-name": lambda key: key.name,
    "key-pair-id": lambda key: key.id,
}
