import random

import pytest


@pytest.fixture
def kills(pytestconfig: pytest.Config) -> int:
    count: int = pytestconfig.getoption("--kills")
    return count


@pytest.fixture
def places(pytestconfig: pytest.Config) -> random.Random:
    """Where faults hit."""
    return random.Random(pytestconfig.getoption("--fault-seed"))


@pytest.fixture
def streams(pytestconfig: pytest.Config) -> int:
    count: int = pytestconfig.getoption("--streams")
    return count


@pytest.fixture
def every_byte(streams: int) -> bool:
    return streams >= 1000


@pytest.fixture
def requests(pytestconfig: pytest.Config) -> int:
    count: int = pytestconfig.getoption("--requests")
    return count
