"""KVM is tried, not believed."""

import json
from pathlib import Path

import pytest

from skerry.drivers.compute import accel
from skerry.drivers.compute.accel import Accel, AccelKind, accelerator, probe


@pytest.fixture
def device(tmp_path, monkeypatch):
    path = tmp_path / "kvm"
    path.touch()
    monkeypatch.setattr(accel, "_DEVICE", path)
    return path


def trial_prints(monkeypatch, tmp_path, code: str) -> None:
    script = tmp_path / "trial.py"
    script.write_text(code)
    monkeypatch.setattr(accel.kvm_trial, "__file__", str(script))


def test_without_a_device_guests_are_emulated(tmp_path, monkeypatch):
    monkeypatch.setattr(accel, "_DEVICE", tmp_path / "none")
    found = probe(tmp_path)
    assert found.kind is AccelKind.TCG
    assert "no /dev/kvm" in found.reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit('the trial machine halted')", "the trial machine halted"),
        ("print(900)", "slower than emulation"),
        ("import time; time.sleep(9)", "hangs"),
    ],
)
def test_a_failed_trial_is_told_in_plain_words(device, tmp_path, monkeypatch, code, reason):
    monkeypatch.setattr(accel, "_TRIAL_S", 0.3)
    trial_prints(monkeypatch, tmp_path, code)
    found = probe(tmp_path)
    assert found.kind is AccelKind.TCG
    assert reason in found.reason


def test_a_passed_trial_and_boot_give_kvm(device, tmp_path, monkeypatch):
    trial_prints(monkeypatch, tmp_path, "print(3)")
    monkeypatch.setattr(accel, "_prints", lambda command, sign: True)
    assert probe(tmp_path).kind is AccelKind.KVM


def test_a_boot_that_never_ends_is_no_kvm(device, tmp_path, monkeypatch):
    trial_prints(monkeypatch, tmp_path, "print(3)")
    monkeypatch.setattr(accel, "_prints", lambda command, sign: False)
    found = probe(tmp_path, kernel=Path("/boot/vmlinuz"))
    assert found.kind is AccelKind.TCG
    assert "real boot" in found.reason


def test_the_answer_is_remembered_until_the_next_boot_of_the_host(tmp_path, monkeypatch):
    monkeypatch.setattr(accel, "_trouble", lambda kernel: None)
    assert probe(tmp_path).kind is AccelKind.KVM
    monkeypatch.setattr(accel, "_trouble", lambda kernel: "no more")
    assert probe(tmp_path).kind is AccelKind.KVM
    record = json.loads((tmp_path / "accel.json").read_text())
    (tmp_path / "accel.json").write_text(json.dumps(record | {"boot_id": "another"}))
    assert probe(tmp_path) == Accel(AccelKind.TCG, "guests are emulated (slow): no more")


def test_a_damaged_memory_is_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(accel, "_trouble", lambda kernel: "no")
    (tmp_path / "accel.json").write_text("{")
    assert probe(tmp_path).kind is AccelKind.TCG


def test_the_operators_word_is_taken(tmp_path):
    assert accelerator("tcg", tmp_path).kind is AccelKind.TCG
    assert accelerator("kvm", tmp_path).kind is AccelKind.KVM


@pytest.mark.parametrize(("sign", "seen"), [("two", True), ("three", False)])
def test_what_a_machine_prints_is_watched_for_its_sign(monkeypatch, sign, seen):
    monkeypatch.setattr(accel, "_BOOT_S", 0.3)
    command = ["sh", "-c", "echo one; echo two; exec sleep 5"]
    assert accel._prints(command, sign.encode()) is seen
