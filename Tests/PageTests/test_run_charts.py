"""The view of a run: its charts, flags and properties."""

import time
import unittest

from cases import ROWS, RunTestCase
from support import LONG, ActionChains, Keys, until


class ChartTests(RunTestCase):
    @classmethod
    def fill(cls):
        cls.server.run("a", {"lr": 0.1, "model": {"depth": 3}}, {"group": "x"}, ROWS, {"acc": 0.97}, end=True)
        cls.server.run("live", rows=ROWS)
        cls.server.run("broken", rows=[{"step": step, "loss": "NaN" if 40 < step < 50 else "Inf" if step == 60 else 1 / step, "x,y": step}
                                       for step in range(1, 101)])
        cls.server.run("many", rows=[{"step": step, "loss": step, **{f"layer{layer}/norm{one}": step * one
                                      for layer in range(12) for one in range(20)}} for step in range(1, 30)])
        cls.server.run("none")
        cls.server.run("long")
        cls.server.send("POST", "/runs/long/metadata/metrics", "step,loss\n" + "".join(f"{step},{step % 7}\n" for step in range(8000)), "text/csv")

    def test_a_chart_of_each_metric_is_drawn(self):
        self.open("#/run/a")
        self.wait_drawn("loss")
        self.wait_drawn("lr")
        self.assertEqual(self.texts(".chart-card h3"), ["loss", "lr"])
        self.assertIn("train", self.value("loss"))
        self.assertIn("0.02", self.value("loss"))
        self.assertIn("val", self.value("loss"))
        self.assert_accessible()

    def test_closed_sections_stand_in_the_address(self):
        self.open("#/run/a")
        self.click("[data-name='Flags'] > summary")
        until(lambda: "folded=Flags" in self.hash, "the address")
        self.driver.refresh()
        self.find("[data-name='Flags']:not([open])")
        self.find("[data-name='More'][open]")
        self.click("[data-name='Flags'] > summary")
        until(lambda: "folded" not in self.hash, "the address")

    def test_flags_evaluation_and_properties_are_shown(self):
        self.open("#/run/a")
        self.wait_text("model.depth", ".run-side")
        side = self.text(".run-side")
        for text in ("lr", "0.1", "acc", "0.97", "group"):
            self.assertIn(text, side)
        self.wait_text("completed", ".run-head")

    def test_the_axis_and_the_scale_stand_in_the_address(self):
        self.open("#/run/a?x=epoch&log=1&smooth=0.5")
        self.wait_drawn("loss")
        self.assertIn("10", self.labels("loss"))
        self.assertEqual(self.read(".chart-tools select", "value"), "epoch")
        until(lambda: self.button("Log").get_attribute("aria-pressed") == "true", "the axis is logarithmic")
        self.assertIn("0.50", self.text(".chart-tools"))
        self.find(".chart-tools select").send_keys("step")
        until(lambda: "x=step" in self.hash, "the axis is in the address")
        until(lambda: "1000" in self.labels("loss"), "steps are at the axis")
        self.press("Log")
        until(lambda: "log" not in self.hash, "the scale is linear")

    def test_smoothing_leaves_the_raw_line_faint(self):
        self.open("#/run/a")
        self.wait_drawn("loss")
        before = self.pixels("loss")
        self.open("#/run/a?smooth=0.9")
        until(lambda: (self.pixels("loss") or 0) > before * 1.3, "two lines are drawn")

    def test_the_zoom_is_shared_stands_in_the_address_and_outlives_new_rows(self):
        self.open("#/run/live")
        self.wait_drawn("loss")
        chart = self.chart("loss")
        ActionChains(self.driver).move_to_element_with_offset(chart, -60, 0).click_and_hold().move_by_offset(90, 2).release().perform()
        until(lambda: "zoom=" in self.hash, "the zoom is in the address")
        zoom, labels, other = self.hash, self.labels("loss"), self.labels("lr")
        self.assertNotIn("0", other)
        self.server.send("POST", "/runs/live/metadata/metrics", [{"step": 1000 + step, "loss": 0.125} for step in range(1, 50)])
        until(lambda: "0.125" in self.chart("loss").get_attribute("aria-label"), "new rows are drawn")
        self.assertEqual((self.hash, self.labels("loss")), (zoom, labels))
        self.press("Reset zoom")
        until(lambda: "zoom" not in self.hash and "0" in self.labels("lr"), "all is shown")

    def test_what_is_zoomed_into_has_all_its_points(self):
        self.open("#/run/long?zoom=1000..1015")
        self.wait_drawn("loss")

        def steps():
            found = set()
            for offset in range(-130, 160, 6):
                ActionChains(self.driver, duration=0).move_to_element_with_offset(self.chart("loss"), offset, 0).perform()
                found.add(self.script("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done("
                                      "document.querySelector('.chart-value').title))))"))
            return len(found) >= 13
        until(steps, "each row has a point")

    def test_one_cursor_is_over_all_charts(self):
        self.open("#/run/a")
        self.wait_drawn("loss")
        self.wait_drawn("lr")
        ActionChains(self.driver).move_to_element(self.chart("loss")).perform()
        until(lambda: len(self.all(".chart-cursor:not([hidden])")) == 2, "both have a cursor")
        self.assertNotIn("0.02", self.value("loss").split())

    def test_the_keyboard_moves_the_cursor_and_zooms(self):
        self.open("#/run/a")
        self.wait_drawn("loss")
        self.script("arguments[0].focus()", self.chart("loss"))
        self.keys(Keys.ARROW_LEFT)
        until(lambda: self.all(".chart-cursor:not([hidden])"), "a cursor")
        self.keys("+")
        until(lambda: "zoom=" in self.hash, "it zooms")
        self.keys(Keys.ESCAPE)
        until(lambda: "zoom=" not in self.hash, "it shows all")

    def test_values_that_are_not_finite_are_marked(self):
        self.open("#/run/broken")
        self.wait_drawn("loss")
        column = """
            const canvas = document.querySelectorAll('.chart canvas');
            let least = 0;
            for (const one of canvas) {
                const ratio = one.width / one.clientWidth;
                const data = one.getContext('2d').getImageData(0, 0, one.width, Math.round(10 * ratio)).data;
                for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 150 && Math.abs(data[i] - data[i + 2]) > 60) least++;
            }
            return least"""
        self.assertGreater(self.script(column), 40)

    def test_a_metric_with_a_comma_in_its_name(self):
        self.open("#/run/broken")
        self.wait_drawn("x,y")

    def test_only_charts_in_sight_are_drawn(self):
        self.open("#/run/many")
        self.wait_drawn("loss")
        time.sleep(0.5)
        self.assertEqual(len(self.all(".chart-card")), 241)
        drawn = self.script("return [...document.querySelectorAll('.chart-card canvas')].length")
        self.assertLess(drawn, 80)
        self.assertEqual(len(self.all(".chart-section")), 13)
        self.find(".chart-find").send_keys("layer7/norm1")
        until(lambda: len(self.all(".chart-card")) == 11, "found")
        self.wait_drawn("layer7/norm10")
        self.assertIn("find=layer7/norm1", self.hash)

    def test_a_closed_section_stays_closed_by_its_address(self):
        self.open("#/run/many?closed=layer0")
        self.wait_drawn("loss")
        self.assertIsNone(self.all(".chart-section")[1].get_attribute("open"))
        self.all(".chart-section summary")[2].click()
        until(lambda: "closed=layer0,layer1" in self.hash, "it stands in the address")

    def test_a_run_without_metrics_says_so_until_they_come(self):
        self.open("#/run/none")
        self.wait_text("No metrics yet")
        self.server.send("POST", "/runs/none/metadata/metrics", [{"step": step, "loss": step} for step in range(1, 20)])
        self.wait_drawn("loss")

    def test_a_run_that_is_not_there(self):
        self.expected_errors = ["404"]
        self.open("#/run/nobody")
        self.wait_text("nobody", ".problem")

    @unittest.skipUnless(LONG, "takes minutes")
    def test_a_million_rows_of_twenty_metrics(self):
        names = [f"m{one}" for one in range(20)]
        self.server.send("PUT", "/runs/long")
        for first in range(0, 1_000_000, 20_000):
            lines = ["step," + ",".join(names)]
            lines += [f"{step}," + ",".join(str((step * (one + 3)) % 1009 / 1009) for one in range(20)) for step in range(first, first + 20_000)]
            self.server.send("POST", "/runs/long/metadata/metrics", "\n".join(lines) + "\n", "text/csv")
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1600, "height": 2600, "deviceScaleFactor": 1, "mobile": False})
        for attempt in range(3):
            self.driver.get("about:blank")
            start = time.monotonic()
            self.driver.get(f"{self.server.address}/#/run/long")
            until(lambda: self.script("return document.querySelectorAll('.chart canvas').length") == 40, "20 charts", 120)
            print(f"1,000,000 rows of 20 metrics, drawn in {time.monotonic() - start:.2f} s", flush=True)


if __name__ == "__main__":
    unittest.main()
