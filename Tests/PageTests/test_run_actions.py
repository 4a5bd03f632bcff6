"""The view of a run: its error, and what can be done with it, such as completing, archiving and deleting."""

import unittest

from cases import ROWS, RunTestCase
from support import until


class ActionTests(RunTestCase):
    @classmethod
    def fill(cls):
        for name in ("b", "c", "d"):
            cls.server.run(name, rows=ROWS)
        cls.server.run("failed", error={"message": "out of memory", "traceback": ["one", "two"], "code": 7})

    def status(self, run):
        return (self.server.get(f"/runs/{run}") or {}).get("status")

    def test_an_error_comes_first(self):
        self.open("#/run/failed")
        self.wait_text("out of memory", ".error-card h2")
        self.assertIn("one\ntwo", self.text(".error-card"))
        self.assertIn("7", self.text(".error-card"))

    def test_an_error_that_comes_is_shown(self):
        self.open("#/run/d")
        self.wait_text("running", ".run-head")
        self.server.send("POST", "/runs/d/metadata/error", {"message": "it broke"})
        self.wait_text("it broke", ".error-card")
        self.wait_text("failed", ".run-head")

    def test_completing_can_be_undone(self):
        self.open("#/run/b")
        self.press("Complete")
        self.wait_text("completed", ".run-head")
        self.assertEqual(self.status("b"), "completed")
        self.press("Undo")
        self.wait_text("running", ".run-head")
        self.assertEqual(self.status("b"), "running")

    def test_archiving_can_be_undone_and_deleting_asks(self):
        self.open("#/run/c")
        self.press("Archive")
        self.wait_text("archived", ".run-head")
        self.press("Undo")
        self.wait_text("running", ".run-head")
        self.press("Delete")
        self.press("Cancel", "dialog")
        self.assertEqual(self.status("c"), "running")
        # The page may be reading the run again, as it does after each event, when it goes.
        self.expected_errors = [r"/runs/c\b.* 404 "]
        self.press("Delete")
        self.press("Delete", "dialog")
        until(lambda: self.hash == "#/runs", "the list is shown")
        self.assertNotIn("c", [run["run"] for run in self.server.get("/runs")["runs"]])


if __name__ == "__main__":
    unittest.main()
