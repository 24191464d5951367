"""up, down, status, serve, logs, reset, systemd."""

import shutil
import subprocess
import sys
from pathlib import Path

import click

from skerry.cli import process
from skerry.cli.screen import say, table
from skerry.config import Config

UNIT = """\
[Unit]
Description=Skerry cloud
After=network-online.target

[Service]
ExecStart={python} -m skerry.cli.background
Restart=always
KillMode=process

[Install]
WantedBy=multi-user.target
"""


@click.command()
def up() -> None:
    """Start the cloud in the background (no-op if it runs)."""
    config = process.configured()
    bring_up(config)
    say(f"cloud [bold]{config.cloud}[/] is up at {config.endpoint_url}")
    say('next:  eval "$(./skerry env)"  &&  aws ec2 describe-instances')


def bring_up(config: Config) -> None:
    """Make sure the default image exists and the cloud runs."""
    from skerry.cli.image import ensure_default_image  # noqa: PLC0415 - not needed when it runs

    if process.running_pid(config) is None:
        if config.drivers == "real":
            ensure_default_image(config)
        process.start_in_background(config)


@click.command()
@click.option("--guests", is_flag=True, help="Also stop every virtual machine and the network.")
def down(*, guests: bool) -> None:
    """Stop the control plane; virtual machines go on unless --guests."""
    config = process.configured()
    was_up = process.stop(config)
    if guests:
        stop_world(config)
    say("the cloud is down" if was_up else "the cloud was not running")
    if not guests:
        say("virtual machines and their network go on; `down --guests` stops them too")


def stop_world(config: Config) -> None:
    from skerry.operations import stop_guests_and_network  # noqa: PLC0415 - loads every engine

    stop_guests_and_network(config)


@click.command()
def status() -> None:
    """Show what runs."""
    from skerry.operations import survey  # noqa: PLC0415

    config = process.configured()
    pid = process.running_pid(config)
    rows = [
        ("cloud", config.cloud),
        ("control plane", f"running, pid {pid}" if pid else "down"),
        ("endpoint", config.endpoint_url),
        ("region", config.region),
        ("state", str(config.state_dir)),
    ]
    if (config.state_dir / "skerry.db").exists():
        rows += survey(config)
    table(rows)
    if pid is None:
        sys.exit(3)


@click.command()
def serve() -> None:
    """Run the cloud in the foreground (for systemd or a terminal)."""
    from skerry.cli.background import run  # noqa: PLC0415

    run()


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on showing new lines.")
@click.option("-n", "--lines", default=50, show_default=True)
def logs(*, follow: bool, lines: int) -> None:
    """Show the control plane's log."""
    path = process.log_file(process.configured())
    if not path.exists():
        raise click.ClickException(f"no log yet at {path}")
    if follow:
        subprocess.run(["tail", "-n", str(lines), "-F", str(path)], check=False)
    else:
        click.echo(process.last_lines(path, lines))


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--images", is_flag=True, help="Remove images and caches too.")
def reset(*, yes: bool, images: bool) -> None:
    """Destroy this cloud: every instance, disk, network, account and key."""
    config = process.configured()
    if not yes:
        click.confirm(f"Destroy everything in {config.state_dir}?", abort=True)
    process.stop(config)
    stop_world(config)
    for each in sorted(config.state_dir.glob("*")):
        if images or each.name not in {"images", "cache"}:
            _remove(each)
    say("nothing is left" if images else "nothing is left but images")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


@click.command()
@click.option("--install", is_flag=True, help="Write the unit and enable it.")
def systemd(*, install: bool) -> None:
    """Print (or install) a systemd unit."""
    unit = UNIT.format(python=sys.executable)
    if not install:
        click.echo(unit)
        return
    if not Path("/run/systemd/system").exists():
        raise click.ClickException("this machine does not run systemd; use `skerry up`")
    Path("/etc/systemd/system/skerry.service").write_text(unit)
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "enable", "--now", "skerry"], check=True)
