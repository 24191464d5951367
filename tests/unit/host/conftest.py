"""A VPC with an instance, for what serves it."""

from tests.unit.services.conftest import database, region, tenant, vault  # noqa: F401 - fixtures
from tests.unit.services.ec2.metadata.conftest import engines, launch  # noqa: F401 - fixtures
