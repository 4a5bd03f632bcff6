"""rundir.R's ls_runs() and latest_run()."""

import json
import shutil
import unittest

from support import CLIENTS, ClientTestCase, ROOT, Server

FIXTURES = ROOT / "Tests/EndToEndTests/Fixtures"


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class ListingTests(ClientTestCase):
    """ls_runs() of the runs that tfruns wrote, beside what tfruns' own returned for them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.kill()
        shutil.copytree(FIXTURES / "runs", cls.server.runs, dirs_exist_ok=True)
        cls.server.start()
        cls.expected = json.loads((FIXTURES / "ls_runs.json").read_text())

    def r(self, code):
        path = self.folder / "list.R"
        path.write_text(f"source('{CLIENTS / 'rundir.R'}')\n{code}\n")
        return self.run_command("Rscript", "--vanilla", path)[0]

    def test_columns_types_and_values_are_those_of_tfruns(self):
        out = self.r("""
runs <- ls_runs()
runs$start <- round(1000 * as.numeric(runs$start)); runs$end <- round(1000 * as.numeric(runs$end))
cat(jsonlite::toJSON(runs, na = "null", digits = NA))
cat("\n")
cat(vapply(ls_runs(), function(column) class(column)[[1]], ""))
""".replace('cat("\n")', r'cat("\n")'))
        text, classes = out.strip().split("\n")
        found = json.loads(text)
        # Paths on the machine of tfruns; what Rundir adds.
        own = {"status"}
        theirs = {"metrics", "source_code"}
        names = [name for name in found[0] if name not in own]
        self.assertEqual(set(names), {name for name in self.expected[0] if name not in theirs})
        order = {run["run_dir"]: run for run in self.expected}
        for run in found:
            for name in names:
                value, wanted = run[name], order[run["run_dir"]][name]
                if name in ("start", "end"):
                    # Milliseconds, which were cut off there.
                    self.assertLessEqual(abs(value - wanted), 1)
                    continue
                self.assertEqual(str(value).strip("\n") if isinstance(value, str) else value,
                                 wanted if wanted != "" else value, f"{run['run_dir']} {name}")
        kinds = dict(zip(found[0], classes.split()))
        self.assertEqual({name: kinds[name] for name in ("start", "completed", "epochs", "learning_rate", "flag_augment", "note")},
                         {"start": "POSIXct", "completed": "logical", "epochs": "integer", "learning_rate": "numeric",
                          "flag_augment": "logical", "note": "character"})

    def test_texts_stay_texts(self):
        other = Server()
        self.addCleanup(other.remove)
        flags = {"hash": "80e5005", "id": "007", "t": "T", "na": "NA", "quote": "a\"b\\\\n\n,ü\x1b", "mixed": 1, "lr": 0.1}
        for number, more in enumerate([{}, {"mixed": "x", "only": True}]):
            body = {"flags": {**flags, **more}, "properties": {"note": "1"}}
            other.request("PUT", f"/runs/r{number}", json.dumps(body).encode())
        other.request("POST", "/runs/r0/metadata/metrics", b'{"step":1,"loss":Infinity}')
        out, _ = self.run_command(
            "Rscript", "--vanilla", "-e",
            f"source('{CLIENTS / 'rundir.R'}'); r <- ls_runs(order = 'run_dir'); cat(vapply(r, typeof, '')[grep('flag|note|metric', names(r))], "
            "'\n'); cat(jsonlite::toJSON(r[r$run_dir == 'runs/r1', grep('flag', names(r))]))",
            RUNDIR_URL=other.address, LC_ALL="C.UTF-8")
        kinds, row = out.split("\n", 1)
        self.assertEqual(kinds.split(), ["double"] + ["character"] * 6 + ["double", "logical", "character"])
        self.assertEqual(json.loads(row), [{"flag_" + name: value for name, value in {**flags, "mixed": "x", "only": True}.items()}])

    def test_no_runs_are_an_empty_listing(self):
        other = Server()
        self.addCleanup(other.remove)
        out, _ = self.run_command("Rscript", "--vanilla", "-e", f"source('{CLIENTS / 'rundir.R'}'); cat(nrow(ls_runs()), is.null(latest_run()))",
                                  RUNDIR_URL=other.address)
        self.assertEqual(out, "0 TRUE")

    def test_runs_are_chosen_and_ordered(self):
        out = self.r("""
cat(ls_runs(eval_acc > 0.9)$run_dir, "\\n")
cat(ls_runs(order = "metric_loss", decreasing = FALSE)$metric_loss, "\\n")
cat(nrow(ls_runs(latest_n = 2)), nrow(ls_runs(where = "status == \\"failed\\"")), "\\n")
cat(latest_run()$run_dir, is.data.frame(latest_run()$metrics), "\\n")
cat(tryCatch(ls_runs(order = "nothing"), error = conditionMessage), "\\n")
cat(tryCatch(ls_runs(where = "nonsense("), error = conditionMessage), "\\n")
""").split("\n")
        self.assertEqual(out[0].split(), ["runs/2026-01-05T09-00-00Z"])
        self.assertEqual(out[1].split(), sorted(out[1].split(), key=float))
        self.assertEqual(out[2].split(), ["2", "1"])
        self.assertEqual(out[3].split()[1], "TRUE")
        self.assertIn("not found: nothing", out[4])
        self.assertTrue(out[5].startswith("400 "), out[5])

    def test_runs_of_many_pages_are_listed(self):
        other = Server()
        self.addCleanup(other.remove)
        for number in range(7):
            other.request("PUT", f"/runs/run-{number}", json.dumps({"flags": {f"f{number}": number}}).encode())
        out, _ = self.run_command(
            "Rscript", "--vanilla", "-e",
            f"source('{CLIENTS / 'rundir.R'}'); body(.rundir$ls_runs)[[2]] <- quote(limit <- 3); cat(dim(.rundir$ls_runs()))",
            RUNDIR_URL=other.address)
        self.assertEqual(out.split()[0], "7")


if __name__ == "__main__":
    unittest.main()
