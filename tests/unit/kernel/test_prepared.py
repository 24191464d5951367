"""Prepared statements: as narrow as any query, and of what is not flushed too."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import bindparam, func, select

from skerry.kernel.db import Base, Database
from skerry.kernel.prepared import Prepared, insert_new
from skerry.kernel.tags import Tag
from skerry.services.ec2.volume.model import Volume

ALL = select(Tag.resource_id, Tag.value).order_by(Tag.resource_id)
NAMED = Prepared(ALL.where(Tag.key == bindparam("key")))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    Base.metadata.create_all(database.engine, tables=[Tag.__table__])  # type: ignore[list-item]
    return database


def tag(account_id: str, resource_id: str, value: str = "v") -> Tag:
    return Tag(
        account_id=account_id, resource_id=resource_id, key="k", value=value, resource_type="vpc"
    )


@pytest.fixture
def of_two(database: Database) -> Database:
    with database.write(None) as session:
        insert_new(session, [tag("a", "1"), tag("a", "2"), tag("b", "3")])
    return database


def test_an_account_sees_its_own_rows_only(of_two: Database):
    with of_two.read("a") as session:
        assert [row.resource_id for row in NAMED.rows(session, key="k")] == ["1", "2"]
    with of_two.read("b") as session:
        assert NAMED.rows(session, key="k") == [("3", "v")]
        assert NAMED.first(session, key="other") is None


def test_the_whole_cloud_sees_all_rows(of_two: Database):
    with of_two.read(None) as session:
        assert len(NAMED.rows(session, key="k")) == 3


def test_what_is_meant_to_look_across_accounts_does(of_two: Database):
    with of_two.read("a") as session:
        assert len(Prepared(ALL, every_account=True).rows(session)) == 3


def test_copies_are_narrowed_as_well_and_belong_to_no_session(of_two: Database):
    with of_two.write("b") as session:
        (found,) = Prepared(select(Tag)).copies(session)
        assert (found.resource_id, found.account_id) == ("3", "b")
        assert found not in session
        found.value = "changed"
    with of_two.read("b") as session:
        assert NAMED.rows(session, key="k") == [("3", "v")]


def test_entities_are_narrowed_as_well_and_belong_to_the_session(of_two: Database):
    with of_two.write("b") as session:
        found = Prepared(select(Tag)).entities(session)
        assert [each.resource_id for each in found] == ["3"]
        found[0].value = "changed"
    with of_two.read("b") as session:
        assert NAMED.rows(session, key="k") == [("3", "changed")]


def test_what_is_not_flushed_yet_is_seen(database: Database):
    with database.write("a") as session:
        session.add(tag("a", "1"))
        assert NAMED.rows(session, key="k") == [("1", "v")]


def test_a_subquery_is_refused_for_it_would_not_be_narrowed(of_two: Database):
    inner = select(func.count()).select_from(Tag).scalar_subquery()
    with of_two.read("a") as session, pytest.raises(TypeError, match="no subqueries"):
        Prepared(select(Tag.key, inner)).rows(session)
    with of_two.read("a") as session, pytest.raises(TypeError, match="no subqueries"):
        Prepared(select(ALL.subquery().c.value)).rows(session)
    both = Prepared(ALL.where(Tag.resource_id.in_(select(Tag.resource_id))))
    with of_two.read("a") as session, pytest.raises(TypeError, match="no subqueries"):
        both.rows(session)


def test_an_alias_is_refused_as_well(of_two: Database):
    other = Tag.__table__.alias("other")
    with of_two.read("a") as session, pytest.raises(TypeError, match="no subqueries or aliases"):
        Prepared(select(Tag.resource_id, other.c.value)).rows(session)


def test_new_rows_get_the_defaults_of_their_columns(tmp_path: Path):

    database = Database(f"sqlite:///{tmp_path}/x.db")
    Base.metadata.create_all(database.engine, tables=[Volume.__table__])  # type: ignore[list-item]
    volume = Volume(id="vol-1", account_id="a", zone="z", size_gib=1, volume_type="gp3",
                    created_at=datetime.now(UTC), delete_on_termination=True)  # fmt: skip
    with database.write("a") as session:
        insert_new(session, [volume])
        insert_new(session, [])
        assert volume not in session
        stored = session.get(Volume, "vol-1")
    assert stored is not None
    assert (volume.made_gib, volume.wanted) == (stored.made_gib, stored.wanted) == (0, True)
