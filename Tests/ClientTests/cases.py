"""What the tests of a client in ordinary use have in common: they run rundir.py, rundir.R and rundir.sh."""

import shutil
import unittest

from support import CLIENTS, ClientTestCase, SHELLS

SHELL_CLIENT = CLIENTS / "rundir.sh"


class PythonTestCase(ClientTestCase):
    options = ("--custom-folders",)

    def run_job(self, code, **named):
        """Runs a job that prints its run's id first, and returns the id."""
        out, self.complaints = self.python("import rundir\n" + code, **named)
        return out.split("\n")[0]

    def metadata(self, run, type):
        return self.server.get(f"/runs/{run}/metadata/{type}")


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class RTestCase(ClientTestCase):
    options = ("--custom-folders",)
    # What options() is told before.
    settings = ""

    def r(self, code, **named):
        """Runs R code that has the client; returns the lines that it printed."""
        path = self.folder / "train.R"
        path.write_text(f"{self.settings}\nsource('{CLIENTS / 'rundir.R'}')\n{code}\n")
        out, self.complaints = self.run_command("Rscript", "--vanilla", path, **named)
        return out.split("\n")[:-1]

    def metadata(self, run, type):
        return self.server.get(f"/runs/{run}/metadata/{type}")


class RCommandTestCase(RTestCase):
    """The same with the command curl instead of the package."""

    settings = "options(rundir.curl = 'command')"


class ShellTestCase(ClientTestCase):
    options = ("--custom-folders",)
    shell = SHELLS[0]

    def rundir(self, *words, **named):
        return self.run_command(*self.shell, SHELL_CLIENT, *words, **named)[0]

    def exec(self, *words, **named):
        """Runs a command as a run; returns the run, its output and what it complained of."""
        before = {run["run"] for run in self.server.get("/runs")["runs"]}
        out, errors = self.run_command(*self.shell, SHELL_CLIENT, "exec", *words, **named)
        run = next(run for run in self.server.get("/runs")["runs"] if run["run"] not in before)
        return run, out, errors


class BusyboxTestCase(ShellTestCase):
    """The same in busybox's shell."""

    @classmethod
    def setUpClass(cls):
        if ["busybox", "sh"] not in SHELLS:
            raise unittest.SkipTest("there is no busybox")
        cls.shell = ["busybox", "sh"]
        super().setUpClass()


__all__ = ["BusyboxTestCase", "PythonTestCase", "RCommandTestCase", "RTestCase", "SHELL_CLIENT", "ShellTestCase"]
