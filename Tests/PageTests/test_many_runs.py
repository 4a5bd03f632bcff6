"""A table of very many runs: what is there, is there at once and does not stutter. With 100,000 it takes minutes, so only with --long."""

import json
import random
import unittest
from pathlib import Path

from support import By, Keys, LONG, PageTestCase, until

COUNT = 100_000


def write_runs(folder, count):
    """Run directories as tfruns would have written them; the last ones started last."""
    chosen = random.Random(1)
    for number in range(count):
        data = Path(folder) / f"run-{number:06d}" / "tfruns.d"
        (data / "properties").mkdir(parents=True)
        (data / "flags.json").write_text(json.dumps({"lr": chosen.choice([0.1, 0.01, 0.001]), "model": chosen.choice(["mlp", "vit"])}))
        if number % 50:
            (data / "evaluation.json").write_text(json.dumps({"acc": chosen.random()}))
        start = 1_700_000_000 + number
        for name, value in (("start", start), ("end", start + 60), ("completed", "TRUE"), ("type", "training"),
                            ("context", "local"), ("script", "train.R")):
            (data / "properties" / name).write_text(f"{value}\n")


class TableTestCase(PageTestCase):
    count = COUNT

    @classmethod
    def fill(cls):
        cls.server.stop()
        write_runs(Path(cls.server.folder) / "runs", cls.count)
        cls.server.start()
        def listed():
            try:
                return cls.server.send("GET", "/runs?limit=1")["count"] == cls.count
            except (AssertionError, OSError):
                # The index is being built, or the machine has its hands full with that.
                return False
        until(listed, "the index is built", patience=900)

    def keys_shown(self):
        return self.script("return [...document.querySelectorAll('.windowed tbody tr[data-key]')].map(row => row.dataset.key)")

    def scroll(self, share):
        self.script("const scroller = document.querySelector('.scroller'); scroller.scrollTop = scroller.scrollHeight * arguments[0]", share)

    def in_order(self, parameters):
        """The ids of all runs as the server lists them."""
        runs, cursor = [], ""
        while True:
            page = self.server.send("GET", f"/runs?columns=run&limit=1000&{parameters}{cursor}")
            runs += [run["run"] for run in page["runs"]]
            if "next" not in page:
                return runs
            cursor = f"&cursor={page['next']}"


class FarRowsTests(TableTestCase):
    """Rows far below those that were read."""
    count = 6000

    def test_the_end_is_read_without_what_lies_before(self):
        self.open()
        until(lambda: self.keys_shown()[:1] == ["run-005999"], "the newest run")
        self.scroll(1)
        until(lambda: self.keys_shown()[-1:] == ["run-000000"], "the oldest run")
        pages = self.script("return performance.getEntriesByType('resource').filter(one => /limit=1000/.test(one.name) && /cursor=/.test(one.name)).length")
        self.assertEqual(pages, 0)
        self.assertEqual(self.keys_shown(), sorted(self.keys_shown(), reverse=True))

    def test_any_place_has_the_rows_of_the_order(self):
        # One run of fifty has no value: such come last in both directions.
        for order in ("eval_acc", "-eval_acc", "flag_lr,-eval_acc"):
            whole = self.in_order(f"order={order}")
            for share in (1, 0.5, 0.2):
                with self.subTest(order=order, share=share):
                    self.open(f"#/?order={order}")
                    until(lambda: self.keys_shown()[:1] == whole[:1], "the first run")
                    self.scroll(share)
                    def shown():
                        first = self.script("return Number(document.querySelector('.windowed tbody tr[data-key]').getAttribute('aria-rowindex')) - 2")
                        keys = self.keys_shown()
                        return first > 100 and len(keys) > 20 and keys == whole[first:first + len(keys)]
                    until(shown, "rows are those of their places")

    def test_what_happens_is_shown_at_the_end_too(self):
        self.open("#/?columns=run,status,flag_lr")
        until(lambda: self.keys_shown(), "rows")
        self.scroll(1)
        until(lambda: self.keys_shown()[-1:] == ["run-000000"], "the oldest run")
        self.server.run("oldest", {"lr": 0.5}, {"start": 1_600_000_000})
        self.addCleanup(lambda: self.server.send("DELETE", "/runs/oldest?force=true"))
        self.wait_text("6,001 runs", ".bar .count")
        self.scroll(1)
        until(lambda: self.keys_shown()[-2:] == ["run-000000", "oldest"], "the older one")
        self.server.send("POST", "/runs/oldest/complete")
        until(lambda: "completed" in self.script("return document.querySelector('tr[data-key=oldest]').innerText"), "its status")


@unittest.skipUnless(LONG, "with --long")
class ManyRunsTests(TableTestCase):

    def test_first_rows_are_there_at_once(self):
        self.open()
        until(lambda: self.keys_shown()[:1] == ["run-099999"], "the newest run", patience=5)
        self.wait_text("100,000 runs", ".bar .count")
        self.assertLess(len(self.keys_shown()), 120)

    def test_the_end_can_be_scrolled_to(self):
        self.open()
        until(lambda: self.keys_shown(), "rows")
        self.scroll(1)
        until(lambda: self.keys_shown()[-1:] == ["run-000000"], "the oldest run", patience=5)
        self.assertLess(len(self.keys_shown()), 120)

    def test_scrolling_does_not_stutter(self):
        self.open("#/?where=startsWith(run,+%22run-00%22)")
        until(lambda: self.keys_shown()[:1] == ["run-009999"], "rows")
        # All are read first: what is measured is the table.
        self.scroll(1)
        until(lambda: self.keys_shown()[-1:] == ["run-000000"], "the oldest one")
        frames = self.driver.execute_async_script("""
            const done = arguments[0];
            const scroller = document.querySelector('.scroller');
            scroller.scrollTop = 0;
            const frames = [];
            let last = 0;
            requestAnimationFrame(function step(now) {
                if (last) frames.push(now - last);
                last = now;
                scroller.scrollTop += 240;
                if (frames.length < 120) requestAnimationFrame(step); else done(frames);
            });""")
        frames.sort()
        median, late = frames[60], frames[114]
        print(f"frames while scrolling: median {median:.1f} ms, 95 % within {late:.1f} ms")
        self.assertLess(median, 34)
        self.assertLess(late, 100)

    def test_a_group_counts_all_of_them(self):
        self.open("#/?group=flag_model&columns=run,eval_acc")
        self.wait_text("100,000 runs", ".bar .count")
        def counts():
            return self.script("return [...document.querySelectorAll('tr.groupRow button')].map(one => Number(one.innerText.split('×')[1].replaceAll(',', '')))")
        until(lambda: sum(counts()) == COUNT, lambda: f"all are counted: {counts()}", patience=120)


if __name__ == "__main__":
    unittest.main()
