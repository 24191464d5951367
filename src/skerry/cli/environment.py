"""env: how clients find the cloud."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import click

from skerry.cli.process import configured
from skerry.config import Config


@click.command()
@click.option("--account", default="default", show_default=True, help="Whose key to print.")
@click.option("--profile", help="Write ~/.aws profile of this name instead of printing exports.")
def env(account: str, profile: str | None) -> None:
    """Print exports for the AWS CLI, SDKs and Terraform."""
    from skerry.operations import NoSuchAccountError, credentials_of  # noqa: PLC0415

    config = configured()
    try:
        key_id, secret = credentials_of(config, account)
    except NoSuchAccountError as missing:
        raise click.ClickException(str(missing)) from missing
    if profile:
        _write_profile(config, profile, key_id, secret)
        click.echo(f"profile {profile!r} written; use it with AWS_PROFILE={profile}")
        return
    click.echo(f"export AWS_ENDPOINT_URL={config.endpoint_url}")
    click.echo(f"export AWS_ACCESS_KEY_ID={key_id}")
    click.echo(f"export AWS_SECRET_ACCESS_KEY={secret}")
    click.echo(f"export AWS_REGION={config.region}")
    click.echo(f"export AWS_DEFAULT_REGION={config.region}")
    if _is_too_old_for_the_variable(_cli_version()):
        click.echo('aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }')


def _cli_version() -> tuple[int, int] | None:
    """Major and minor version of the AWS CLI on PATH."""
    if shutil.which("aws") is None:
        return None
    said = subprocess.run(["aws", "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"aws-cli/(\d+)\.(\d+)", said.stdout + said.stderr)
    return (int(found[1]), int(found[2])) if found else None


def _is_too_old_for_the_variable(version: tuple[int, int] | None) -> bool:
    """AWS_ENDPOINT_URL is read since 1.29 and 2.13; Debian 12 has 2.9."""
    return version is not None and (version < (1, 29) or (2, 0) <= version < (2, 13))


def _write_profile(config: Config, profile: str, key_id: str, secret: str) -> None:
    home = Path.home() / ".aws"
    home.mkdir(mode=0o700, exist_ok=True)
    _update(
        home / "credentials",
        profile,
        {"aws_access_key_id": key_id, "aws_secret_access_key": secret},
    )
    section = "default" if profile == "default" else f"profile {profile}"
    _update(
        home / "config",
        section,
        {"region": config.region, "endpoint_url": config.endpoint_url},
    )


def _update(path: Path, section: str, values: dict[str, str]) -> None:
    file = configparser.RawConfigParser(default_section="")
    file.read(path)
    if not file.has_section(section):
        file.add_section(section)
    for name, value in values.items():
        file.set(section, name, value)
    path.touch(mode=0o600)
    with path.open("w") as out:
        file.write(out)
