"""Bounds on what a request may make us do, each well above anything that AWS accepts."""

MAX_PARAMETERS = 20_000  # form fields; the longest EC2 lists are 1,000 entries of a few fields
MAX_DEPTH = 64  # nesting of any document; the deepest AWS model is below 20
MAX_NODES = 500_000  # elements of an XML or CBOR document
MAX_INDEX_DIGITS = 9  # Filter.<index>.Name: sorted, never allocated
MAX_PATTERN_CHARS = 20_000  # longer values skip their regular expression; lengths still hold
MAX_VIOLATIONS = 10  # collected for one answer
MAX_ECHO_CHARS = 256  # of a bad value, repeated in the error
MAX_INFLATED_BYTES = 16 * 2**20  # of a compressed body; PutMetricData takes 1 MB
