"""Models' regular expressions, which are written for Java, in Python's dialect."""

import re
from functools import lru_cache

from skerry.wire.limits import MAX_PATTERN_CHARS

# Python's re has no Unicode classes. \w takes in a little more than letters and numbers, so a
# value that AWS accepts is never refused here.
_JAVA_TO_PYTHON = (
    (r"\p{L}", r"\w"),
    (r"\p{N}", r"\w"),
    (r"\p{Z}", r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"),
    (r"\p{Zs}", r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"),
    (r"\p{Alpha}", "a-zA-Z"),
    (r"\p{Alnum}", "a-zA-Z0-9"),
    (r"\p{Digit}", "0-9"),
    (r"\p{ASCII}", r"\x00-\x7f"),
    (r"\p{Graph}", r"\x21-\x7e"),
    (r"\p{Print}", r"\x20-\x7e"),
    (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"),
    (r"\w-", r"\w\-"),  # a class followed by a literal dash, which Python takes for a range
    (r"\h", r" \t"),
    (r"\z", r"\Z"),
)


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """``pattern`` compiled, or None where Python cannot express it: then it is not checked."""
    for java, python in _JAVA_TO_PYTHON:
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def matches(pattern: re.Pattern[str], text: str) -> bool:
    """AWS matches the whole value, except where a pattern is anchored at its start only."""
    if len(text) > MAX_PATTERN_CHARS:
        return True
    source = pattern.pattern
    if source.startswith("^") and not source.endswith("$"):
        return pattern.match(text) is not None
    return pattern.fullmatch(text) is not None
