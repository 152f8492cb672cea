import pytest

from tests.scraper.site import serve


@pytest.fixture
async def site():
    async with serve() as running:
        yield running
