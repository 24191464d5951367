"""A VPC with an instance, for what serves it."""

from tests.unit.services.conftest import (  # noqa: F401 - fixtures
    database,
    region,
    stock,
    stocks,
    tenant,
    vault,
)
from tests.unit.services.ec2.metadata.conftest import engines, launch  # noqa: F401 - fixtures
