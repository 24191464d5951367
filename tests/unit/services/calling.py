"""Calls handlers as the gateway does, without a wire: same sessions, same models, no HTTP."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from sqlalchemy import event

from skerry.kernel.action import only_reads
from skerry.kernel.clock import now
from skerry.kernel.compiled import Compiled
from skerry.kernel.context import Context
from skerry.kernel.db import Database
from skerry.kernel.engines import Engines
from skerry.kernel.errors import AwsError
from skerry.kernel.region import Region
from skerry.services.ec2.service import ACTIONS


@dataclass(frozen=True)
class Tenant:
    """One account's view of the cloud: ``tenant("DescribeVpcs", VpcIds=[…])``.

    Requests and answers are checked against AWS's model, so that a misspelt member fails the test.
    """

    database: Database
    region: Region
    engines: Engines
    account_id: str

    def __call__(self, action: str, **parameters: Any) -> dict[str, Any]:
        model = ec2_model().operation_model(action)
        if model.input_shape is not None:
            _must_match(parameters, model.input_shape, f"request of {action}")
        session_of = self.database.read if only_reads(action) else self.database.write
        with session_of(self.account_id) as session:
            answer = without_none(ACTIONS[action](self.context(session), parameters) or {})
        if answer:
            _must_match(answer, model.output_shape, f"answer of {action}")
        return answer

    def context(self, session) -> Context:
        """For calling a slice's api directly."""
        return Context(session, self.account_id, self.region, "request", now(), self.engines)

    @contextmanager
    def writing(self) -> Generator[Context]:
        with self.database.write(self.account_id) as session:
            yield self.context(session)


@contextmanager
def refused(code: str, saying: str = "") -> Generator[None]:
    """The block must end in this AWS error, with this in its message."""
    with pytest.raises(AwsError) as caught:
        yield
    assert caught.value.code == code, str(caught.value)
    assert saying in caught.value.message


@contextmanager
def counted_queries(database: Database) -> Generator[list[str]]:
    """Collects every SQL statement that runs inside the block."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    def noted(run):
        def running(self, driver, parameters):
            seen.append(self.text)
            return run(self, driver, parameters)

        return running

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("rows", "insert"):
                patch.setattr(Compiled, name, noted(getattr(Compiled, name)))
            yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@cache
def ec2_model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("ec2")


def without_none(value: Any) -> Any:
    """What the serializer would send."""
    if isinstance(value, Mapping):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [without_none(item) for item in value]
    return value


def _must_match(value: dict[str, Any], shape, what: str) -> None:
    if shape is None:
        raise AssertionError(f"{what}: the model has none, but there is {value}")
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), f"{what}: {report.generate_report()}"
    _no_unknown_members(value, shape, what)


def _no_unknown_members(value: Any, shape, path: str) -> None:
    if shape.type_name == "structure":
        unknown = value.keys() - shape.members.keys()
        assert not unknown, f"{path}: no such members: {sorted(unknown)}"
        for name, item in value.items():
            _no_unknown_members(item, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            _no_unknown_members(item, shape.member, f"{path}[]")
