"""Sealed secrets and the key they are sealed under."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skerry.kernel.vault import BadSeal, Vault


def test_what_was_sealed_opens_after_a_restart(tmp_path: Path):
    path = tmp_path / "secrets" / "master.key"
    sealed = Vault(path).seal(b"secret", b"key-1")
    assert b"secret" not in sealed
    assert Vault(path).open(sealed, b"key-1") == b"secret"


def test_the_key_is_only_its_owners(tmp_path: Path):
    path = tmp_path / "secrets" / "master.key"
    Vault(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["master.key"]


@pytest.mark.parametrize(
    "spoil", [lambda s: s[:-1], lambda s: s[:-1] + bytes([s[-1] ^ 1]), lambda _: b""]
)
def test_what_was_changed_does_not_open(tmp_path: Path, spoil):
    vault = Vault(tmp_path / "master.key")
    with pytest.raises(BadSeal):
        vault.open(spoil(vault.seal(b"secret")))


def test_what_was_sealed_for_one_purpose_does_not_open_for_another(tmp_path: Path):
    vault = Vault(tmp_path / "master.key")
    with pytest.raises(BadSeal):
        vault.open(vault.seal(b"secret", b"key-1"), b"key-2")


def test_another_vault_cannot_open_it(tmp_path: Path):
    with pytest.raises(BadSeal):
        Vault(tmp_path / "b").open(Vault(tmp_path / "a").seal(b"secret"))


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path):
    path = tmp_path / "master.key"
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(Vault, [path] * 32))
    sealed = vaults[0].seal(b"secret")
    assert {vault.open(sealed) for vault in vaults} == {b"secret"}
    assert len({vault.secret for vault in vaults}) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["master.key"]
