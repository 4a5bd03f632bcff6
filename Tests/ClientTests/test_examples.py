"""The examples of the page's empty state: README.md shows the same, and they do what they say."""

import shutil
import sys
import unittest

from support import ClientTestCase, LONG, ROOT

EXAMPLES = ROOT / "Sources/WebPage/page/runs/examples"


class ExampleTests(ClientTestCase):
    def run_example(self, name, *interpreter):
        """Runs an example with this server's address; returns the newest run."""
        text = (EXAMPLES / name).read_text().replace("localhost:7117", f"localhost:{self.server.port}")
        (self.folder / name).write_text(text)
        # Where the client does not get the address from its own, it is in a comment.
        self.run_command(*interpreter, name, RUNDIR_URL=self.server.address if name.endswith(".py") else "")
        return self.server.get("/runs?limit=1")["runs"][0]

    def check(self, run):
        self.assertEqual((run["status"], run["flag_lr"], run["flag_batch_size"], run["eval_acc"]), ("completed", 0.1, 32, 0.97))
        rows = self.server.get(f"/runs/{run['run']}/metrics")
        self.assertEqual((rows["loss"], rows["val_loss"]), ([0.9, 0.45, 0.9 / 3], [1, 0.5, 1 / 3]))

    def test_readme_has_each_of_them(self):
        readme = (ROOT / "README.md").read_text()
        for example in sorted(EXAMPLES.iterdir()):
            with self.subTest(example.name):
                self.assertIn("\n" + example.read_text() + "```\n", readme)

    def test_page_shows_those_that_are_there(self):
        welcome = (EXAMPLES.parent / "welcome.js").read_text()
        for name in ("curl.sh", "shell.sh", "python.py", "r.R", "keras-jax.py", "scikit-learn.py", "julia.jl", "node.mjs"):
            self.assertIn(f'"{name}"', welcome)
            self.assertTrue((EXAMPLES / name).exists())

    def test_python(self):
        self.check(self.run_example("python.py", sys.executable))

    @unittest.skipUnless(shutil.which("Rscript"), "there is no R")
    def test_r_has_its_client_from_the_server(self):
        self.check(self.run_example("r.R", "Rscript", "--vanilla"))

    def test_shell(self):
        (self.folder / "train.py").write_text("import sys\nprint(sys.argv)\n")
        self.run_example("shell.sh", "sh", "-eu")
        runs = self.server.get("/runs?limit=2")["runs"]
        self.assertEqual(sorted(run["flag_lr"] for run in runs), [0.01, 0.1])
        self.assertEqual({run["output"] for run in runs}, {"['train.py', '--lr', '0.1']", "['train.py', '--lr', '0.01']"})

    @unittest.skipUnless(shutil.which("node"), "there is no Node")
    def test_node(self):
        self.check(self.run_example("node.mjs", "node"))

    @unittest.skipUnless(LONG, "in the long form")
    def test_keras(self):
        run = self.run_example("keras-jax.py", sys.executable)
        self.assertEqual((run["status"], run["flag_units"]), ("completed", 16))
        rows = self.server.get(f"/runs/{run['run']}/metrics")
        self.assertEqual(rows["epoch"], [1, 2, 3])
        self.assertLessEqual({"loss", "val_loss", "accuracy", "val_accuracy"}, set(rows))
        self.assertIn("eval_accuracy", run)

    @unittest.skipUnless(LONG, "in the long form")
    def test_scikit_learn_through_mlflow(self):
        run = self.run_example("scikit-learn.py", sys.executable)
        self.assertEqual((run["status"], float(run["flag_C"])), ("completed", 10))
        self.assertEqual(self.server.get(f"/runs/{run['run']}/metrics")["step"], [0, 1, 2])


if __name__ == "__main__":
    unittest.main()
