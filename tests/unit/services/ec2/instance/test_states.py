"""States, reasons and status checks as they follow from what is wanted and what was seen."""

from datetime import UTC, datetime, timedelta

import pytest

from skerry.services.ec2.instance.model import Ended, Instance, State, Wanted
from skerry.services.ec2.instance.view.instances import (
    USER_INITIATED,
    state_reason_code,
    state_reason_message,
    user_initiated,
)
from skerry.services.ec2.instance.view.status import PATIENCE, instance_status, system_status

AT = datetime(2026, 11, 23, 14, 52, 38, tzinfo=UTC)


def instance(wanted: Wanted = Wanted.RUNNING, **columns) -> Instance:
    known = {
        "run": 1,
        "seen_run": 0,
        "ended_run": 0,
        "reached_run": 0,
        "ended_by": None,
        "removed_at": None,
        "launched_at": AT,
        "reason_code": None,
    }
    return Instance(wanted=wanted, **known | columns)


@pytest.mark.parametrize(
    ("wanted", "columns", "state"),
    [
        (Wanted.RUNNING, {}, State.PENDING),
        (Wanted.RUNNING, {"seen_run": 1}, State.RUNNING),
        (Wanted.STOPPED, {"seen_run": 1}, State.STOPPING),
        (Wanted.STOPPED, {"seen_run": 1, "ended_run": 1}, State.STOPPED),
        (Wanted.RUNNING, {"run": 2, "seen_run": 1, "ended_run": 1}, State.PENDING),
        (Wanted.RUNNING, {"run": 2, "seen_run": 2, "ended_run": 1}, State.RUNNING),
        (Wanted.TERMINATED, {"seen_run": 1}, State.SHUTTING_DOWN),
        (Wanted.TERMINATED, {"removed_at": AT}, State.TERMINATED),
        (Wanted.TERMINATED, {"ended_run": 1}, State.SHUTTING_DOWN),
    ],
)
def test_an_action_moves_the_state_and_the_host_completes_it(
    wanted: Wanted, columns: dict, state: State
):
    assert instance(wanted, **columns).state is state


@pytest.mark.parametrize(
    ("ended_by", "run", "state"),
    [
        (Ended.GUEST, 1, State.STOPPED),
        (Ended.GUEST_FOR_GOOD, 1, State.SHUTTING_DOWN),
        (Ended.CAPACITY, 1, State.SHUTTING_DOWN),
        (Ended.FAULT, 1, State.SHUTTING_DOWN),
        (Ended.CAPACITY, 2, State.STOPPED),  # it has a disk with data: only this start failed
        (Ended.FAULT, 2, State.STOPPED),
    ],
)
def test_a_run_that_ends_by_itself_stops_or_terminates(ended_by: Ended, run: int, state: State):
    assert instance(run=run, seen_run=run, ended_run=run, ended_by=ended_by).state is state


def test_a_guest_that_stopped_itself_is_not_terminated_by_a_later_change_of_behavior():
    stopped = instance(seen_run=1, ended_run=1, ended_by=Ended.GUEST, shutdown_behavior="terminate")
    assert stopped.state is State.STOPPED


def test_states_have_the_numbers_of_aws():
    assert {state.value: state.code for state in State} == {
        "pending": 0,
        "running": 16,
        "shutting-down": 32,
        "terminated": 48,
        "stopping": 64,
        "stopped": 80,
    }


@pytest.mark.parametrize(
    ("columns", "code", "message"),
    [
        ({}, "pending", "pending"),
        ({"seen_run": 1}, None, None),
        (
            {"seen_run": 1, "ended_run": 1, "ended_by": Ended.GUEST},
            "Client.InstanceInitiatedShutdown",
            "Client.InstanceInitiatedShutdown: Instance initiated shutdown",
        ),
        (
            {"ended_run": 1, "ended_by": Ended.CAPACITY},
            "Server.InsufficientInstanceCapacity",
            "Server.InsufficientInstanceCapacity: Insufficient capacity to satisfy the launch request",
        ),
        (
            {"ended_run": 1, "ended_by": Ended.FAULT},
            "Server.InternalError",
            "Server.InternalError: Internal error on launch",
        ),
        (
            {"wanted": Wanted.STOPPED, "seen_run": 1, "reason_code": USER_INITIATED},
            "Client.UserInitiatedShutdown",
            "Client.UserInitiatedShutdown: User initiated shutdown",
        ),
    ],
)
def test_a_state_has_a_reason(columns: dict, code: str | None, message: str | None):
    one = instance(**columns)
    assert state_reason_code(one, one.state) == code
    assert state_reason_message(code) == message


def test_a_transition_reason_has_the_form_that_scripts_parse():
    assert user_initiated(AT) == "User initiated (2026-11-23 14:52:38 GMT)"


@pytest.mark.parametrize(
    ("columns", "after", "system", "guest"),
    [
        ({"seen_run": 1}, timedelta(), "initializing", "initializing"),
        ({"seen_run": 1, "reached_run": 1}, timedelta(), "ok", "ok"),
        ({"seen_run": 1}, PATIENCE, "ok", "insufficient-data"),
        ({"run": 2, "seen_run": 2, "reached_run": 1}, timedelta(), "initializing", "initializing"),
        ({}, timedelta(), "not-applicable", "not-applicable"),
    ],
)
def test_status_checks_pass_once_the_guest_has_spoken_in_this_run(
    columns: dict, after: timedelta, system: str, guest: str
):
    one = instance(**columns)
    assert (system_status(one, AT + after), instance_status(one, AT + after)) == (system, guest)
