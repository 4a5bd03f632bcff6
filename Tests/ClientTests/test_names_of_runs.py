"""Which run a process writes: several runs of one job stay several, and an id that is taken is not taken again."""

import shutil
import unittest

from support import CLIENTS, ClientTestCase, SHELLS

TORCHRUN = {"TORCHELASTIC_RUN_ID": "folds", "WORLD_SIZE": "2"}
STEP = {"SLURM_JOB_ID": "70", "SLURM_STEP_ID": "1", "SLURM_STEP_NUM_TASKS": "2"}
# As a batch script has it that has not been started by srun.
BATCH = {"SLURM_JOB_ID": "71", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"}


class NamesOfPython(ClientTestCase):
    def runs(self, code, **named):
        out, self.complaints = self.python("import rundir\n" + code, **named)
        return out.split()

    def test_further_runs_of_a_job_have_numbers_in_all_ranks(self):
        code = """
for fold in range(3):
    with rundir.run(flags={"fold": fold}) as run:
        print(run.id)
        run.log(step=1, **{f"loss{run.rank}": fold})
"""
        for job, ranks, name in ((TORCHRUN, "RANK", "torchrun-folds"), (STEP, "SLURM_PROCID", "slurm-70.1")):
            names = [name, name + "-2", name + "-3"]
            for rank in "10":
                self.assertEqual(self.runs(code, **job, **{ranks: rank}), names)
            for fold, run in enumerate(names):
                self.assertEqual(self.server.get(f"/runs/{run}")["flag_fold"], fold)
                self.assertEqual(self.server.get(f"/runs/{run}/metrics"), {"step": [1], "loss0": [fold], "loss1": [fold]})

    def test_run_that_goes_on_within_a_process_is_the_same(self):
        code = "for _ in range(2):\n    with rundir.run(resume=True) as run: print(run.id)\n"
        self.assertEqual(self.runs(code, RANK="0", **dict(TORCHRUN, TORCHELASTIC_RUN_ID="on")), ["torchrun-on"] * 2)

    def test_programs_of_a_batch_script_are_runs_of_their_own(self):
        code = "with rundir.run() as run: print(run.id)\n"
        first, second = (self.runs(code, **BATCH)[0] for _ in range(2))
        self.assertNotEqual(first, second)
        for run in (first, second):
            self.assertNotIn("slurm", run)
            self.assertEqual(self.server.get(f"/runs/{run}")["status"], "completed")
            self.assertIn("start", self.server.get(f"/runs/{run}"))

    def test_ranks_of_torchrun_in_a_batch_script_record_one_run(self):
        code = "with rundir.run() as run: print(run.id)\n"
        job = {**BATCH, **TORCHRUN, "TORCHELASTIC_RUN_ID": "batch"}
        self.assertEqual([self.runs(code, RANK=rank, **job) for rank in "10"], [["torchrun-batch"]] * 2)

    def test_id_of_another_run_gets_a_number(self):
        code = "with rundir.run(id='same') as run:\n    print(run.id)\n    run.log(loss=1)\n"
        self.assertEqual(self.runs(code + code), ["same", "same-2"])
        self.assertEqual(self.runs(code), ["same-3"])
        self.assertIn("there is a run same already", self.complaints)
        for run in ("same", "same-2", "same-3"):
            self.assertEqual(self.server.steps(run), [1])
        self.assertEqual(self.runs(code.replace("'same'", "'same', resume=True")), ["same"])
        self.assertEqual(self.complaints, "")
        self.assertEqual(self.server.steps("same"), [1, 2])

    def test_run_of_the_environment_and_of_ranks_is_joined(self):
        code = "with rundir.run(id={}) as run:\n    print(run.id)\n    run.log(step=1, **{{'loss' + str(run.rank): 1}})\n"
        for _ in range(2):
            self.assertEqual(self.runs(code.format(None), RUNDIR_RUN="given"), ["given"])
        self.assertEqual(self.runs(code.format("'given'"), RUNDIR_RUN="given"), ["given"])
        for rank in "01":
            self.assertEqual(self.runs(code.format("'ranks'"), RANK=rank, **TORCHRUN), ["ranks"])
        self.assertEqual(self.server.get("/runs/ranks/metrics"), {"step": [1], "loss0": [1], "loss1": [1]})

    def test_id_is_kept_while_the_server_is_away(self):
        self.assertEqual(self.runs("with rundir.run(id='unknown') as run: print(run.id)\n", RUNDIR_WAIT="0",
                                   RUNDIR_URL="http://127.0.0.1:9"), ["unknown"])


class NamesOfShell(ClientTestCase):
    def start(self, **job):
        return self.run_command(*SHELLS[0], CLIENTS / "rundir.sh", "start", **job)[0].strip()

    def test_programs_of_a_batch_script_are_runs_of_their_own(self):
        first, second = self.start(**BATCH), self.start(**BATCH)
        self.assertNotEqual(first, second)
        self.assertNotIn("slurm", first + second)

    def test_ranks_record_one_run(self):
        self.assertEqual([self.start(SLURM_PROCID=rank, **STEP) for rank in "10"], ["slurm-70.1"] * 2)
        job = {**BATCH, **TORCHRUN}
        self.assertEqual([self.start(RANK=rank, **job) for rank in "10"], ["torchrun-folds"] * 2)


@unittest.skipUnless(shutil.which("Rscript"), "there is no R")
class NamesOfR(ClientTestCase):
    def runs(self, **job):
        code = "for (fold in 1:2) { initialize_run(); cat(run_dir(), ''); complete_run() }"
        return self.run_command("Rscript", "--vanilla", "-e", f"source('{CLIENTS / 'rundir.R'}'); {code}", **job)[0].split()

    def test_further_runs_of_a_job_have_numbers_in_all_ranks(self):
        for rank in "10":
            self.assertEqual(self.runs(SLURM_PROCID=rank, **STEP), ["slurm-70.1", "slurm-70.1-2"])
            self.assertEqual(self.runs(RANK=rank, **BATCH, **TORCHRUN), ["torchrun-folds", "torchrun-folds-2"])

    def test_programs_of_a_batch_script_are_runs_of_their_own(self):
        names = self.runs(**BATCH) + self.runs(**BATCH)
        self.assertEqual(len(set(names)), 4, names)
        self.assertNotIn("slurm", "".join(names))


if __name__ == "__main__":
    unittest.main()
