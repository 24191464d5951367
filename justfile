# Shortcuts; each is one command of the README.
default:
    @just --list

up:
    ./skerry up

demo:
    ./skerry demo

test *tiers:
    ./skerry test {{tiers}}

lint:
    .venv/bin/ruff format . && .venv/bin/ruff check --fix . && .venv/bin/lint-imports && .venv/bin/basedpyright

bench *names:
    .venv/bin/python -m bench {{names}}

migration message:
    .venv/bin/python -m skerry.migrations.new "{{message}}"
