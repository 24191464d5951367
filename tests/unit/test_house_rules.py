"""Rules that no linter knows."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "src" / "skerry" / "migrations" / "versions"  # written by Alembic
SOURCES = sorted(p for p in (ROOT / "src").rglob("*.py") if GENERATED not in p.parents)
ALL = SOURCES + sorted((ROOT / "tests").rglob("*.py")) + sorted((ROOT / "bench").rglob("*.py"))
MAX_LINES = 400
NAMES_WITHOUT_MEANING = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_enough_to_read_at_once(path: Path):
    assert len(path.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_named_after_what_it_holds(path: Path):
    assert not NAMES_WITHOUT_MEANING & set(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_handler_has_the_name_of_its_action(path: Path):
    for name, function in _handlers(path):
        assert _snake(name) == function, f"{name} is handled by {function}"


def test_every_handler_is_registered():
    from skerry.services.ec2 import service as ec2
    from skerry.services.sts import service as sts

    written = {name for path in SOURCES for name, _ in _handlers(path)}
    assert written == ec2.ACTIONS.keys() | sts.ACTIONS.keys()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_left_for_later(path: Path):
    text = path.read_text()
    for mark in ("TODO", "FIXME", "XXX", "NotImplementedError"):
        assert mark not in text


def _handlers(path: Path) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            found += [
                (decorator.args[0].value, node.name)
                for decorator in node.decorator_list
                if isinstance(decorator, ast.Call)
                and isinstance(decorator.func, ast.Name)
                and decorator.func.id == "action"
            ]
    return found


def _snake(name: str) -> str:
    from botocore import xform_name

    return xform_name(name)
