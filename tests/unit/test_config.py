"""What the operator decides."""

from ipaddress import IPv6Network
from pathlib import Path

import pytest

from skerry.config import ConfigError, load_config

NOWHERE = Path("/nonexistent/skerry.toml")


def test_ipv6_blocks_are_of_the_pool_that_the_operator_names():
    config = load_config({"SKERRY_IPV6_POOL": "2001:db8::/48"}, NOWHERE)
    assert config.as_region().ipv6_pool == IPv6Network("2001:db8::/48")
    assert load_config({}, NOWHERE).as_region().ipv6_pool.is_private


@pytest.mark.parametrize(
    "setting",
    [
        {"SKERRY_IPV6_POOL": "2001:db8::/64"},  # smaller than what one VPC gets
        {"SKERRY_IPV6_POOL": "10.0.0.0/8"},
        {"SKERRY_PUBLIC_POOL": "2001:db8::/48"},
        {"SKERRY_ZONES": "0"},
    ],
)
def test_a_setting_that_cannot_be_used_is_named(setting: dict[str, str]):
    ((name, _),) = setting.items()
    with pytest.raises(ConfigError, match=name.removeprefix("SKERRY_").lower()):
        load_config(setting, NOWHERE)
