"""A row whose step is there, but missing, is a row without one."""

import shutil
import unittest

from support import CLIENTS, ClientTestCase


class MissingStepsOfPython(ClientTestCase):
    def test_none_is_no_step(self):
        self.python("""
import rundir
with rundir.run(id="none") as run:
    run.log(step=None, ok=1)
    run.log({"step": None, "ok": 2})
    run.log(step=None, epoch=None, ok=3)
    run.log(step=None, epoch=7, ok=4)
""")
        self.assertEqual(self.server.get("/runs/none/metrics"),
                         {"step": [1, 2, 3, None], "ok": [1, 2, 3, 4], "epoch": [None, None, None, 7]})
        self.assertEqual(self.refused(), [])


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class MissingStepsOfR(ClientTestCase):
    def test_na_is_no_step(self):
        code = "; ".join(["initialize_run('na')", *(f"write_run_metadata('metrics', {row})" for row in (
            "list(step = NA, ok = 1)", "data.frame(step = NA_real_, ok = 2)", "list(step = NULL, epoch = NA, ok = 3)",
            "list(step = NA, epoch = 7, ok = 4)")), "complete_run()"])
        self.run_command("Rscript", "--vanilla", "-e", f"source('{CLIENTS / 'rundir.R'}'); {code}")
        self.assertEqual(self.server.get("/runs/na/metrics"),
                         {"step": [1, 2, 3, None], "ok": [1, 2, 3, 4], "epoch": [None, None, None, 7]})
        self.assertEqual(self.refused(), [])


if __name__ == "__main__":
    unittest.main()
