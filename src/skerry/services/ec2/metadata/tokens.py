"""IMDSv2's session tokens: bound to an instance, valid until a moment, stored nowhere.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""

import base64
import binascii
import hmac
import struct

MAX_TTL_S = 21600


def make_token(secret: bytes, instance_id: str, now_s: float, ttl_s: int) -> str:
    """A token that ``ttl_left_s`` accepts for ``ttl_s`` seconds."""
    until = struct.pack("!d", now_s + ttl_s)
    return base64.urlsafe_b64encode(until + _seal(secret, instance_id, until)).decode()


def ttl_left_s(secret: bytes, instance_id: str, now_s: float, token: str) -> int:
    """Whole seconds that the token is still good for; 0 when it is not good."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return 0
    until, seal = raw[:8], raw[8:]
    if len(until) != 8 or not hmac.compare_digest(seal, _seal(secret, instance_id, until)):
        return 0
    return max(0, int(struct.unpack("!d", until)[0] - now_s))


def _seal(secret: bytes, instance_id: str, until: bytes) -> bytes:
    return hmac.digest(secret, b"imds" + until + instance_id.encode(), "sha256")
