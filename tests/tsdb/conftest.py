import pytest

from tests.simulation.crash_disk import CrashDisk
from tests.tsdb.helpers import open_store


@pytest.fixture
def disk():
    return CrashDisk()


@pytest.fixture
def store(disk):
    database = open_store(disk)
    yield database
    if database.is_open:
        database.close()
