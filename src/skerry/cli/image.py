"""image: build, import and list boot images."""

from pathlib import Path

import click

from skerry.cli.process import configured
from skerry.cli.screen import progress_bar, say, table
from skerry.config import Config

DEFAULT_IMAGE = "ami-0abcdef1234567890"


@click.group()
def image() -> None:
    """Build, import and list machine images."""


@image.command()
@click.argument("name", type=click.Choice(["tiny", "debian-12"]))
def build(name: str) -> None:
    """Build an image from Debian's packages."""
    build_with_bar(configured(), name)


def build_with_bar(config: Config, name: str) -> None:
    from skerry.operations import build_image  # noqa: PLC0415 - loads the builders

    with progress_bar(f"building {name}") as report:
        stored = build_image(config, name, report)
    say(f"{stored.image_id}  {stored.name}  {stored.disk.stat().st_size // 2**20} MiB")


def ensure_default_image(config: Config) -> None:
    """Build the default image unless the store has it."""
    from skerry.drivers.images.store import ImageStore  # noqa: PLC0415

    if ImageStore(config.state_dir / "images").find(DEFAULT_IMAGE) is None:
        build_with_bar(config, "tiny")


@image.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="The image's name; the file's by default.")
def import_file(file: Path, name: str | None) -> None:
    """Import a cloud image (qcow2, raw, vmdk or vhd)."""
    from skerry.operations import add_image  # noqa: PLC0415

    with progress_bar(f"importing {file.name}") as report:
        stored = add_image(configured(), file, name or file.stem, report)
    say(f"{stored.image_id}  {stored.name}")


@image.command(name="list")
def list_images() -> None:
    """List the images on this host."""
    from skerry.operations import all_images  # noqa: PLC0415

    rows = [
        (each.image_id, f"{each.name}  {each.size_gib} GiB") for each in all_images(configured())
    ]
    table([("ID", "NAME"), *rows])
