"""The view of the runs: what changes while it is open."""

import unittest

from cases import RunsTestCase
from support import until


class LiveRunsTests(RunsTestCase):
    @classmethod
    def fill(cls):
        cls.server.run("first", {"lr": 0.1}, {"start": 1_790_000_000}, [{"epoch": 1, "loss": 2}])

    def test_a_new_run_and_its_last_values_appear_without_reload(self):
        self.open("#/?columns=run,status,flag_lr,metric_loss")
        self.wait_runs("first")
        self.script("window.isSame = true")
        self.server.run("second", {"lr": 0.5}, rows=[{"epoch": 1, "loss": 3.25}])
        self.wait_runs("second", "first")
        self.assertEqual(self.cell("second", "metric_loss"), "3.25")
        self.server.send("POST", "/runs/second/metadata/metrics", {"epoch": 2, "loss": 1.75})
        until(lambda: self.cell("second", "metric_loss") == "1.75", "the last value")
        self.server.send("POST", "/runs/second/complete")
        until(lambda: self.cell("second", "status") == "completed", "its status")
        self.wait_text("2 runs", ".bar .count")
        self.server.send("DELETE", "/runs/second?force=true")
        self.wait_runs("first")
        self.assertTrue(self.script("return window.isSame"))

    def test_runs_that_do_not_fulfil_the_condition_do_not_appear(self):
        self.open("#/?where=flag_lr+%3C+0.2&columns=run,flag_lr")
        self.wait_runs("first")
        self.server.run("other", {"lr": 0.7})
        self.server.run("third", {"lr": 0.15})
        self.addCleanup(lambda: [self.server.send("DELETE", f"/runs/{run}?force=true") for run in ("other", "third")])
        self.wait_runs("third", "first")

    def test_a_lost_connection_is_told_and_found_again(self):
        self.expected_errors = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "status of 503"]
        self.open("#/?columns=run,status")
        self.wait_runs("first")
        self.wait_text("Live", ".live")
        self.server.stop()
        self.wait_text("Connection lost", ".live")
        self.assertEqual(self.runs(), ["first"])
        self.server.start()
        self.wait_text("Live", ".live")
        self.server.run("after", {"lr": 0.2})
        self.addCleanup(lambda: self.server.send("DELETE", "/runs/after?force=true"))
        self.wait_runs("after", "first")


if __name__ == "__main__":
    unittest.main()
