"""The operator's commands. Each module holds one family; nothing here knows how the cloud works inside."""

import importlib

import click

_COMMANDS = {
    "account": "skerry.cli.account",
    "demo": "skerry.cli.demo",
    "doctor": "skerry.cli.doctor",
    "down": "skerry.cli.lifecycle",
    "env": "skerry.cli.environment",
    "image": "skerry.cli.image",
    "logs": "skerry.cli.lifecycle",
    "reset": "skerry.cli.lifecycle",
    "serve": "skerry.cli.lifecycle",
    "status": "skerry.cli.lifecycle",
    "systemd": "skerry.cli.lifecycle",
    "test": "skerry.cli.test",
    "up": "skerry.cli.lifecycle",
}


class _Commands(click.Group):
    """Loads a command when it is used: most of them need only a little of the program."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        module = _COMMANDS.get(cmd_name)
        return getattr(importlib.import_module(module), cmd_name) if module else None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="skerry")
def main() -> None:
    """Skerry: the cloud you own. Speaks AWS's APIs, runs real machines on this host."""
