import pytest

pytestmark = pytest.mark.journey


def test_a_worker_and_its_clock_run_on_redis(worker, beat):
    assert worker.must_run()
    assert beat.must_run()
