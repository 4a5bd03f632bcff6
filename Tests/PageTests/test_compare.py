"""The view that compares runs."""

import time
import unittest

from cases import RunTestCase, tar_gzip
from support import LONG, ActionChains, By, until


class CompareTests(RunTestCase):
    @classmethod
    def fill(cls):
        for number, name in enumerate(("a", "b", "c")):
            cls.server.run(name, {"lr": 0.1 * (number + 1), "same": 7}, {"<b>who": f"<i>{name}</i>"},
                           [{"step": step, "loss": (number + 1) / step, "val_loss": (number + 2) / step} for step in range(1, 60)],
                           {"acc": 0.9 + number / 100}, end=True)
            cls.server.send("POST", f"/runs/{name}/metadata/source", tar_gzip({
                "train.py": f"import os\nlr = {number}\nprint(lr)\n", "same.py": "x = 1\n", **({"only.py": "new\n"} if name == "b" else {})}),
                "application/gzip")

    def cells(self, name):
        return self.script("""
            const row = [...document.querySelectorAll('.compare-table tbody tr')].find(row => row.children[0].textContent === arguments[0]);
            return row ? [...row.children].slice(1).map(cell => cell.textContent) : null""", name)

    def test_what_differs_stands_side_by_side(self):
        self.open("#/compare?runs=a,b,c")
        until(lambda: self.cells("acc") == ["0.9", "0.91", "0.92"], "the evaluation")
        self.assertIsNone(self.cells("same"))
        self.assertEqual(self.cells("<b>who"), ["<i>a</i>", "<i>b</i>", "<i>c</i>"])
        self.click(".compare-bar input[type=checkbox]")
        until(lambda: self.cells("same") == ["7", "7", "7"], "what is the same")
        self.assertIn("all=1", self.hash)
        self.assert_accessible()

    def test_metrics_are_overlaid_and_the_cursor_names_runs(self):
        self.open("#/compare?runs=a,b,c")
        self.wait_drawn("loss", 500)
        chart = self.chart("loss")
        self.script("arguments[0].scrollIntoView({block: 'center'})", chart)
        ActionChains(self.driver).move_to_element(chart).perform()
        until(lambda: len(self.all(".chart-tip div")) == 7, "three runs, each with validation")
        box = chart.rect
        for offset in range(-int(box["height"]) // 2 + 20, int(box["height"]) // 2 - 20, 4):
            ActionChains(self.driver, duration=0).move_to_element_with_offset(chart, 0, offset).perform()
            time.sleep(0.05)
            if self.all(".chart-tip .near"):
                break
        self.assertEqual(len(self.all(".chart-tip .near")), 1)

    def test_runs_keep_their_colours_where_colours_are_forced(self):
        self.emulate(forced_colors="active")
        self.open("#/compare?runs=a,b,c&source=1")
        self.wait_drawn("loss", 500)
        colors = self.script("return [...document.querySelectorAll('.swatch')].map(one => getComputedStyle(one, '::before').backgroundColor)")
        self.assertEqual(len(set(colors)), 3, colors)
        until(lambda: self.all(".diff .removed"), "the difference")
        width = lambda kind: self.script("return getComputedStyle(document.querySelector(arguments[0])).borderLeftWidth", kind)
        self.assertEqual(width(".diff td.removed"), "4px")
        self.assertEqual(width(".diff td.added"), "4px")

    def test_runs_are_hidden_and_brought_to_the_front(self):
        self.open("#/compare?runs=a,b,c")
        self.wait_drawn("loss", 500)
        before = self.pixels("loss")
        ActionChains(self.driver).move_to_element(self.find(".run-chip a")).perform()
        until(lambda: abs(self.pixels("loss") - before) > before * 0.05, "the lines of a stand out")
        ActionChains(self.driver).move_to_element(self.find("h1")).perform()
        until(lambda: self.pixels("loss") == before, "all are as they were")
        self.click("[aria-label='Lines of b']")
        until(lambda: self.pixels("loss") < before * 0.85, "the lines of b are hidden")
        self.assertIn("hidden=b", self.hash)
        self.driver.refresh()
        self.wait_drawn("loss", 500)
        lines = self.chart("loss").get_attribute("aria-label")
        self.assertTrue("a training" in lines and "c training" in lines and "b training" not in lines, lines)
        self.assertEqual(self.read("[aria-label='Lines of b']", "ariaPressed"), "false")

    def test_runs_are_added_and_taken_out(self):
        self.open("#/compare?runs=a,b")
        until(lambda: self.cells("acc") == ["0.9", "0.91"], "two runs")
        field = self.find("[aria-label='Add a run']")
        field.send_keys("c\n")
        until(lambda: self.cells("acc") == ["0.9", "0.91", "0.92"], "three runs")
        self.click("[aria-label='Remove a']")
        until(lambda: self.cells("acc") == ["0.91", "0.92"], "the other two")
        self.driver.back()
        until(lambda: self.cells("acc") == ["0.9", "0.91", "0.92"], "three again")

    def test_source_differs_side_by_side(self):
        self.open("#/compare?runs=a,b&source=1")
        until(lambda: self.all(".diff .removed"), "the difference")
        self.assertEqual(sorted(self.texts(".diff-file summary .mono")), ["only.py", "train.py"])
        texts = self.script("return [...document.querySelectorAll('.diff tr')].map(row => [...row.children].map(cell => cell.innerText.trim()))")
        self.assertIn(["2", "removed: lr = 0", "2", "added: lr = 1"], [[one.replace("\n", " ") for one in row] for row in texts])
        self.assertEqual(self.texts(".diff mark"), ["0", "1"])

    def test_a_row_that_comes_is_shown(self):
        self.server.run("live", rows=[{"step": 1, "loss": 5}])
        self.open("#/compare?runs=a,live")
        until(lambda: self.cells("loss") is not None and self.cells("loss")[1] == "5", "the last value")
        self.server.send("POST", "/runs/live/metadata/metrics", {"step": 2, "loss": 0.625})
        until(lambda: self.cells("loss")[1] == "0.625", "the new one")

    def test_one_run_is_not_compared(self):
        self.open("#/compare?runs=a")
        self.wait_text("One run is selected")

    @unittest.skipUnless(LONG, "takes minutes")
    def test_twenty_runs_overlaid(self):
        names = [f"r{number}" for number in range(20)]
        for number, name in enumerate(names):
            self.server.run(name, rows=[{"step": step, "loss": number / step} for step in range(1, 10_001)])
        self.driver.get("about:blank")
        start = time.monotonic()
        self.driver.get(f"{self.server.address}/#/compare?runs={','.join(names)}")
        self.wait_drawn("loss", 1000)
        print(f"20 runs overlaid: {time.monotonic() - start:.2f} s")


if __name__ == "__main__":
    unittest.main()
