"""The reconcile engine: when passes begin, and what one leaves behind."""

import threading
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from sqlalchemy import event, select

from skerry.kernel.db import Base, Database
from skerry.kernel.engines import Engines
from skerry.kernel.foreground import Foreground
from skerry.kernel.region import Region
from skerry.kernel.wake import Wake, wake_id
from skerry.reconcile import engine as under_test
from skerry.reconcile.engine import ReconcileEngine
from skerry.reconcile.verdict import Again, Done, Gone, Verdict
from skerry.reconcile.work import Reconciler, Work
from skerry.services.ec2.volume.model import Volume

ID = "vol-0123456789abcdef0"
Pass = Callable[[Work, Volume], Verdict]


@pytest.fixture
def work(tmp_path: Path) -> Generator[Work]:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    Base.metadata.create_all(database.engine, tables=[Wake.__table__, Volume.__table__])  # type: ignore[list-item]
    with database.write(None) as session:
        session.add(Volume(id=ID, account_id="a", zone="z", size_gib=1, volume_type="gp3",
                           created_at=datetime.now(UTC), delete_on_termination=True))  # fmt: skip
    yield Work(database, Engines({}), Region("r", ("ra",), IPv4Network("198.18.0.0/24")))
    database.close()


@pytest.fixture
def run(work: Work) -> Generator[Callable[..., ReconcileEngine]]:
    engines: list[ReconcileEngine] = []

    def start(reconcile: Pass, foreground: Foreground | None = None) -> ReconcileEngine:
        each = ReconcileEngine(work, [Reconciler(Volume, reconcile)], foreground=foreground)
        engines.append(each)
        each.start()
        return each

    yield start
    for each in engines:
        each.close()


def wait_for(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def wakes(work: Work) -> list[tuple[str, int]]:
    with work.read() as session:
        return [(each.resource_id, each.revision) for each in session.scalars(select(Wake))]


def wake_it(work: Work) -> None:
    with work.database.write(None) as session:
        wake_id(session, "volume", ID)


def test_what_a_pass_saw_and_the_end_of_its_wake_are_one_commit(work: Work, run):
    wake_it(work)
    commits: list[object] = []
    event.listen(work.database.engine, "commit", commits.append)

    def see(_: Work, volume: Volume) -> Verdict:
        if not volume.made_gib:
            volume.made_gib = 1
        return Done()

    run(see)
    wait_for(lambda: not wakes(work))
    assert len(commits) == 1
    with work.read() as session:
        volume = session.get(Volume, ID)
    assert volume is not None
    assert volume.made_gib == 1


def test_a_pass_that_has_nothing_to_say_writes_nothing(work: Work, run):
    commits: list[object] = []
    event.listen(work.database.engine, "commit", commits.append)
    passed = threading.Event()

    def look(_: Work, __: Volume) -> Verdict:
        passed.set()
        return Done()

    engine = run(look)
    assert passed.wait(5)
    wait_for(engine.idle)
    assert commits == []


def test_a_wake_that_comes_during_a_pass_brings_another(work: Work, run):
    wake_it(work)
    passes: list[int] = []

    def look(_: Work, __: Volume) -> Verdict:
        passes.append(1)
        if len(passes) == 1:
            wake_it(work)
        return Done()

    run(look)
    wait_for(lambda: len(passes) == 2 and not wakes(work))


def test_a_row_that_is_gone_goes_with_its_wake(work: Work, run):
    wake_it(work)
    run(lambda _work, _volume: Gone())
    wait_for(lambda: not wakes(work))
    with work.read() as session:
        assert session.get(Volume, ID) is None


def test_another_look_is_remembered_across_a_crash(work: Work, run):
    run(lambda _work, _volume: Again(30.0))
    wait_for(lambda: wakes(work) == [(ID, 1)])


def test_passes_wait_while_a_caller_is_answered(work: Work, run):
    foreground = Foreground()
    passed = threading.Event()

    def look(_: Work, __: Volume) -> Verdict:
        passed.set()
        return Done()

    with foreground:
        run(look, foreground)
        assert not passed.wait(0.1)
    assert passed.wait(5)


def test_passes_do_not_wait_for_ever(work: Work, run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(under_test, "PATIENCE_S", 0.05)
    foreground = Foreground()
    passed = threading.Event()

    def look(_: Work, __: Volume) -> Verdict:
        passed.set()
        return Done()

    with foreground:
        run(look, foreground)
        assert passed.wait(5)
