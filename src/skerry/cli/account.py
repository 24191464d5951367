"""account: who may use the cloud."""

import click

from skerry.cli.process import configured
from skerry.cli.screen import table


@click.group()
def account() -> None:
    """Create and list accounts."""


@account.command()
@click.argument("name")
def create(name: str) -> None:
    """Create an account with its own default VPC and one access key."""
    from skerry.operations import NameTakenError, add_account  # noqa: PLC0415

    try:
        made = add_account(configured(), name)
    except NameTakenError as taken:
        raise click.ClickException(str(taken)) from taken
    table(
        [
            ("account", made.account_id),
            ("access key", made.access_key_id),
            ("secret key", made.secret_access_key),
        ]
    )


@account.command(name="list")
def list_accounts() -> None:
    """List accounts."""
    from skerry.operations import all_accounts  # noqa: PLC0415

    table([("ID", "NAME"), *all_accounts(configured())])
