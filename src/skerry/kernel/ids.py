"""Resource ids as AWS makes them: a prefix and 17 hexadecimal digits."""

import re
import secrets

_ID = re.compile(r"[a-z]+(?:-[a-z]+)*-[0-9a-f]{8}(?:[0-9a-f]{9})?")


def new_id(prefix: str) -> str:
    """A fresh id such as ``i-0f3a…`` for ``prefix`` "i"."""
    return f"{prefix}-0{secrets.token_hex(8)}"


def is_id(prefix: str, text: str) -> bool:
    """Whether ``text`` has the form of an id with this prefix (8 or 17 digits)."""
    return text.startswith(prefix + "-") and _ID.fullmatch(text) is not None


def new_account_id() -> str:
    """Twelve digits, the first never zero."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)
