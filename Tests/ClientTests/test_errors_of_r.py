"""Errors of a job in R are the job's, and end its run."""

import shutil
import unittest

from support import CLIENTS, ClientTestCase


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class ErrorsOfR(ClientTestCase):
    def r(self, code, **named):
        path = self.folder / "train.R"
        path.write_text(f"source('{CLIENTS / 'rundir.R'}')\n{code}\n")
        return self.run_command("Rscript", "--vanilla", path, **named)

    def test_error_in_an_argument_is_the_job_s(self):
        for call in ("initialize_run(flags = list(lr = undefined_variable))", "complete_run(evaluation = undefined_variable)",
                     "fail_run(undefined_variable)", "write_run_file(undefined_variable)"):
            with self.subTest(call):
                _, errors = self.r(f"initialize_run()\n{call}\ncat('goes on')", status=1)
                self.assertIn("object 'undefined_variable' not found", errors)

    def test_condition_without_a_call_has_no_traceback(self):
        self.r("initialize_run('condition')\nwrite_run_metadata('error', simpleError('x'))")
        self.assertEqual(self.server.get("/runs/condition/metadata/error"), {"message": "x"})
        self.r("initialize_run('call')\nwrite_run_metadata('error', simpleError('x', quote(f(1))))")
        self.assertEqual(self.server.get("/runs/call/metadata/error"), {"message": "x", "traceback": ["f(1)"]})

    def test_error_that_ends_the_script_ends_the_run(self):
        out, errors = self.r("initialize_run('script')\ntry(stop('harmless'))\nf <- function() stop('too deep')\nf()\ncat('goes on')",
                             status=1)
        self.assertNotIn("goes on", out)
        self.assertIn("Error in f() : too deep", errors)
        self.assertIn("Execution halted", errors)
        self.assertEqual(self.server.get("/runs/script")["status"], "failed")
        error = self.server.get("/runs/script/metadata/error")
        self.assertIn("too deep", error["message"])
        self.assertIn("f()", error["traceback"])

    def test_error_behind_the_run_leaves_it_completed(self):
        self.r("initialize_run('behind')\ncomplete_run()\nstop('no matter')", status=1)
        self.assertEqual(self.server.get("/runs/behind")["status"], "completed")

    def test_handler_of_the_script_stays(self):
        out, _ = self.r("options(error = function() { cat('mine'); quit('no', 4) })\ninitialize_run('own')\nstop('x')", status=4)
        self.assertEqual(out, "mine")


if __name__ == "__main__":
    unittest.main()
