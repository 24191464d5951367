"""Client tokens: the same token with the same parameters gives the same answer, once made.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html. The answer is stored in the
transaction that did the work, so that a crash keeps both or neither; concurrent repeats queue up behind
the write lock.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from skerry.kernel.db import Base, Owned
from skerry.kernel.errors import AwsError

REMEMBERED = timedelta(hours=24)


class IdempotentParameterMismatch(AwsError):
    code = "IdempotentParameterMismatch"
    text = "The client token '{token}' was used before with different parameters. Use a new token."


class StoredAnswer(Owned, Base):
    """What a token was answered."""

    __tablename__ = "stored_answer"

    account_id: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)  # "ec2:RunInstances"
    token: Mapped[str] = mapped_column(primary_key=True)
    parameters_sha256: Mapped[str]
    answer: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)


def digest_of(parameters: Mapping[str, Any], token_member: str) -> str:
    """What must be equal for two requests to be the same one."""
    same = {k: v for k, v in parameters.items() if k not in (token_member, "DryRun")}
    return hashlib.sha256(_encode(same).encode()).hexdigest()


def recall(
    session: Session, account_id: str, operation: str, token: str, digest: str
) -> Any | None:
    """The answer given before, or None. Raises IdempotentParameterMismatch."""
    stored = session.get(StoredAnswer, (account_id, operation, token))
    if stored is None:
        return None
    if stored.parameters_sha256 != digest:
        raise IdempotentParameterMismatch(token=token)
    return json.loads(stored.answer, object_hook=_decode)


def remember(session: Session, stored_as: StoredAnswer, answer: Any) -> None:
    """Keep ``answer`` for repeats, and forget what is too old to be repeated."""
    session.execute(
        delete(StoredAnswer)
        .where(StoredAnswer.created_at < stored_as.created_at - REMEMBERED)
        .execution_options(synchronize_session=False)
    )
    stored_as.answer = _encode(answer)
    session.add(stored_as)


def _encode(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_tagged)


def _tagged(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    raise TypeError(f"a response holds a {type(value).__name__}")


def _decode(found: dict[str, Any]) -> Any:
    if found.keys() == {"$time"}:
        return datetime.fromisoformat(found["$time"])
    if found.keys() == {"$bytes"}:
        return base64.b64decode(found["$bytes"])
    return found
