"""The only place that asks the time, so that tests may set it."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, aware, in UTC, to the millisecond (what AWS shows)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
