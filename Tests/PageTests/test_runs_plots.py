"""The view of the runs: its plots, and how it looks to assistive technology and where colours are forced."""

import unittest

from cases import FourRunsTestCase
from support import ActionChains, Keys, until


class RunsTests(FourRunsTestCase):
    def test_plots_are_drawn_and_brushing_filters(self):
        for plot in ("scatter", "parallel"):
            self.open(f"#/?plot={plot}&px=flag_lr&py=eval_acc&columns=run,flag_lr,flag_model,eval_acc")
            self.wait_runs("d", "c", "b", "a")
            drawn = """
                const canvas = document.querySelector('.plots canvas');
                if (!canvas.width) return 0;
                const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                let count = 0;
                for (let at = 3; at < data.length; at += 4) if (data[at] > 0) count++;
                return count"""
            until(lambda: self.script(drawn) > 50, f"{plot} has drawn pixels")
        place = self.find(".plots .canvas")
        # From the last axis, which is eval_acc, the upper half.
        half = place.size["width"] / 2
        ActionChains(self.driver).move_to_element_with_offset(place, int(half - 21), -140).click_and_hold() \
            .move_by_offset(0, 60).move_by_offset(0, 105).release().perform()
        self.wait_runs("c", "b")
        self.assertIn("brush=", self.hash)
        self.driver.refresh()
        self.wait_runs("c", "b")
        self.click(".chip button")
        self.wait_runs("d", "c", "b", "a")

    def handle(self, name):
        return self.find(f".handle[aria-label='{name} that is shown']")

    def test_plots_are_brushed_by_keys(self):
        for plot in ("parallel", "scatter"):
            with self.subTest(plot):
                self.open(f"#/?plot={plot}&px=flag_model&py=eval_acc&columns=run,flag_lr,flag_model,eval_acc")
                self.wait_runs("d", "c", "b", "a")
                until(lambda: float(self.handle("Least eval_acc").get_attribute("aria-valuenow")) > 0.5, "values are read")
                for _ in range(4):
                    self.handle("Least eval_acc").send_keys(Keys.PAGE_UP)
                self.wait_runs("c", "b")
                self.assertIn("brush=", self.hash)
                until(lambda: "0.8" in self.handle("Least eval_acc").get_attribute("aria-valuetext"), "the least is 0.8")
                # The focus stays, so that more keys follow.
                self.keys(Keys.END)
                self.wait_text("0 runs", ".bar .count")
                self.keys(Keys.HOME)
                self.wait_runs("d", "c", "b", "a")
                self.assertNotIn("brush=", self.hash)
                self.handle("Greatest flag_model").send_keys(Keys.ARROW_DOWN)
                self.wait_runs("b", "a")
                until(lambda: self.handle("Greatest flag_model").get_attribute("aria-valuetext") == "mlp", "the greatest is mlp")
                self.keys(Keys.ESCAPE)
                self.wait_runs("d", "c", "b", "a")

    def test_a_scatter_is_over_numbers_at_first(self):
        self.open("#/?plot=scatter&columns=run,flag_model,flag_lr,eval_acc")
        self.wait_runs("d", "c", "b", "a")
        until(lambda: "eval_acc over flag_lr" in (self.read(".plots .canvas", "ariaLabel") or ""), "the flag of numbers")

    def test_what_is_chosen_is_seen_where_colours_are_forced(self):
        self.emulate(forced_colors="active")
        self.open("#/?chosen=b&plot=scatter")
        self.wait_runs("d", "c", "b", "a")
        ground = lambda selector: self.script("return getComputedStyle(document.querySelector(arguments[0])).backgroundColor", selector)
        self.assertNotEqual(ground("tr[data-key=b] td"), ground("tr[data-key=a] td"))
        self.assertNotEqual(ground("[data-plot=scatter]"), ground("[data-plot=parallel]"))
        self.assertNotEqual(self.script("return getComputedStyle(document.querySelector('tr[data-key=d] .status'), '::before').backgroundColor"), ground("tr[data-key=d] td"))

    def test_nothing_serious_for_assistive_technology(self):
        for hash in ("#/", "#/?plot=scatter", "#/?plot=parallel", "#/?group=flag_model&open=mlp", "#/?chosen=a,b"):
            for theme in ("light", "dark"):
                with self.subTest(hash=hash, theme=theme):
                    self.open(hash)
                    until(lambda: len(self.runs()) > 1, "runs")
                    self.script("document.documentElement.dataset.theme = arguments[0]", theme)
                    self.assert_accessible()


if __name__ == "__main__":
    unittest.main()
