"""Settings that are not as they should be: the job runs as it would without a client, and its run is recorded."""

import unittest

from support import CLIENTS, ClientTestCase, SHELLS

NO_NUMBERS = ("10s", "abc", "nan", "-1", "1e400")


class SettingsOfPython(ClientTestCase):
    def address_without_scheme(self):
        return self.server.address[len("http://"):]

    def test_setting_that_is_no_number_is_the_default(self):
        for setting in NO_NUMBERS:
            with self.subTest(setting):
                out, errors = self.python("import rundir\nwith rundir.run() as run:\n    run.log(loss=1)\nprint(run.id)\n",
                                          RUNDIR_TIMEOUT=setting, RUNDIR_WAIT=setting)
                self.assertEqual(self.server.get(f"/runs/{out.strip()}")["status"], "completed")
                for name in ("RUNDIR_TIMEOUT", "RUNDIR_WAIT"):
                    self.assertEqual(errors.count(f"{name} is '{setting}'"), 1, errors)

    def test_part_of_a_second_is_taken(self):
        out, errors = self.python("import rundir\nprint(rundir._REPLY, rundir._patience())\n",
                                  RUNDIR_TIMEOUT="2.5", RUNDIR_WAIT="0")
        self.assertEqual((out, errors), ("2.5 0.0\n", ""))

    def test_address_without_a_scheme_is_taken_as_http(self):
        out, errors = self.python("import rundir\nwith rundir.run() as run: pass\nprint(run.id)\n",
                                  RUNDIR_URL=self.address_without_scheme())
        self.assertEqual(errors, "")
        self.assertEqual(self.server.get(f"/runs/{out.strip()}")["status"], "completed")

    def test_run_that_could_not_start_is_not_ended(self):
        for start in ("rundir.run(url='ftp://nowhere')", "rundir.run(properties=[1, 2])"):
            with self.subTest(start):
                _, errors = self.python(f"import rundir\n{start}\nrundir.log(loss=1)\n")
                self.assertIn("nothing is recorded", errors)
                self.assertNotIn("Traceback", errors)


class SettingsOfShell(ClientTestCase):
    shell = SHELLS[0]

    def exec(self, **settings):
        """Runs a command as the run `odd`, and returns what the client complained of."""
        self.server.request("DELETE", "/runs/odd?force=true")
        self.server.request("POST", "/runs/purge", b'{"runs": ["odd"], "force": true}')
        out, errors = self.run_command(*self.shell, CLIENTS / "rundir.sh", "exec", "--id", "odd", "--", "sh", "-c",
                                       "echo trained; exit 3", status=3, **settings)
        self.assertEqual(out, "trained\n")
        # Where the time of a setting was too short.
        self.run_command(*self.shell, CLIENTS / "rundir.sh", "send", "--wait", "60")
        self.assertEqual(self.server.get("/runs/odd")["status"], "failed")
        self.assertEqual(self.server.output("odd"), "trained\n")
        return errors

    def test_setting_that_is_no_number_is_the_default(self):
        for setting in NO_NUMBERS[:-1]:
            with self.subTest(setting):
                errors = self.exec(RUNDIR_WAIT=setting, RUNDIR_TIMEOUT=setting, RUNDIR_BACKGROUND=setting)
                for name in ("RUNDIR_TIMEOUT", "RUNDIR_WAIT", "RUNDIR_BACKGROUND"):
                    self.assertEqual(errors.count(f"{name} is {setting},"), 1, errors)

    def test_whole_part_of_a_setting_is_taken(self):
        for setting in ("2.5", "0.5", ".5", "08"):
            with self.subTest(setting):
                errors = self.exec(RUNDIR_WAIT=setting, RUNDIR_TIMEOUT=setting, RUNDIR_BACKGROUND=setting)
                self.assertNotIn("is taken as", errors)
                self.assertNotIn("number", errors)

    def test_address_without_a_scheme_is_taken_as_http(self):
        self.assertEqual(self.exec(RUNDIR_URL=self.server.address[len("http://"):]), "")
        # The spool is the one that the other clients have for this server.
        [place] = self.spool.iterdir()
        self.assertEqual(place.name, f"http___127.0.0.1_{self.server.port}")

    def test_wait_of_send_is_read_in_the_same_way(self):
        self.run_command(*self.shell, CLIENTS / "rundir.sh", "send", "--wait", "1.5")
        self.run_command(*self.shell, CLIENTS / "rundir.sh", "send", "--wait", "soon", status=2)


@unittest.skipUnless(["busybox", "sh"] in SHELLS, "there is no busybox")
class SettingsOfBusyBox(SettingsOfShell):
    shell = ["busybox", "sh"]


if __name__ == "__main__":
    unittest.main()
