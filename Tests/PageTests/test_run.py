"""The view of a run: charts, output, source, files, metadata, and what can be done with it."""

import io
import os
import struct
import tarfile
import tempfile
import time
import unittest
import zlib
from pathlib import Path

from support import LONG, ActionChains, By, Keys, PageTestCase, until

ROWS = [{"step": step * 10, "epoch": step / 10, "_time": 1_790_000_000 + step * 60, "loss": 2 / step, "lr": 0.1 / step,
         **({"val_loss": 2.2 / step} if step % 5 == 0 else {})} for step in range(1, 101)]


def tar_gzip(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def png(width, height, color):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(color) * width for _ in range(height))
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
                     chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")])


class RunTestCase(PageTestCase):
    """What tests of charts have in common."""

    def pixels(self, name):
        """How many pixels a chart has drawn, by colour, of those that are not grey; `None` where there is no such chart."""
        return self.script("""
            const card = [...document.querySelectorAll('.chart-card')].find(card => card.querySelector('h3').textContent === arguments[0]);
            const canvas = card?.querySelectorAll('canvas')[1] ?? card?.querySelector('canvas');
            if (!canvas) return null;
            let count = 0;
            for (const canvas of card.querySelectorAll('canvas')) {
                const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                for (let i = 0; i < data.length; i += 4) {
                    const [red, green, blue, alpha] = data.slice(i, i + 4);
                    if (alpha > 40 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) count++;
                }
            }
            return count;""", name)

    def wait_drawn(self, name, least=100):
        return until(lambda: (self.pixels(name) or 0) >= least, f"the chart {name} is drawn; it has {self.pixels(name)} pixels")

    def chart(self, name):
        return until(lambda: next((card.find_element(By.CSS_SELECTOR, ".chart") for card in self.all(".chart-card")
                                   if card.find_element(By.CSS_SELECTOR, "h3").text == name), None), f"the chart {name}")

    def labels(self, name):
        """The numbers at a chart's axes."""
        return self.script("""
            const card = [...document.querySelectorAll('.chart-card')].find(card => card.querySelector('h3').textContent === arguments[0]);
            return [...card.querySelectorAll('.dygraph-axis-label')].map(label => label.textContent)""", name)

    def value(self, name):
        """What a chart says beside its name."""
        return self.script("""
            const card = [...document.querySelectorAll('.chart-card')].find(card => card.querySelector('h3').textContent === arguments[0]);
            return card.querySelector('header').innerText""", name)


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


# Longer than the fields of a tar have room for, and not in ASCII.
LONG_NAME = "ö/" * 90 + "long.py"


class PartsTests(RunTestCase):
    @classmethod
    def setUpClass(cls):
        writers = tempfile.TemporaryDirectory()
        cls.addClassCleanup(writers.cleanup)
        Path(writers.name, "confusion.json").write_text('{"description": "A confusion matrix.", "store": "json", "path": "confusion.json"}')
        notes = Path(writers.name, "notes-folder")
        notes.write_text("#!/bin/sh\nmkdir notes-folder && echo first > notes-folder/a.txt && echo second > notes-folder/b.txt\n")
        notes.chmod(0o755)
        os.environ["RUNDIR_WRITERS"] = writers.name
        cls.addClassCleanup(os.environ.pop, "RUNDIR_WRITERS")
        super().setUpClass()

    @classmethod
    def fill(cls):
        send = cls.server.send
        cls.server.run("a", rows=ROWS, properties={"script": "train.py"})
        send("POST", "/runs/a/metadata/output", "\x1b[31mred\x1b[0m plain\n 10%\r 99%\nend", "text/plain")
        send("POST", "/runs/a/metadata/source", tar_gzip({"train.py": "import os\n# ünï\n", "lib/net.R": "x <- 1\n", LONG_NAME: "y = 2\n"}),
             "application/gzip")
        send("PUT", "/runs/a/files/plots/red.png", png(30, 20, (255, 0, 0)), "image/png")
        send("PUT", "/runs/a/files/table.csv", 'name,value\n"a, b",1\nc,2\n', "text/csv")
        send("PUT", "/runs/a/files/page.html", "<h1>Hello</h1><script>window.bad = 1</script>", "text/html")
        send("PUT", "/runs/a/files/bad.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="parent.bad = 1">'
             "<script>parent.bad = 1; window.bad = 1</script></svg>", "image/svg+xml")
        cls.server.run("folder")
        send("POST", "/runs/folder/metadata/notes-folder", "x", "text/plain")
        send("POST", "/runs/a/metadata/confusion", {"labels": ["cat", "dog"], "matrix": [[8, 1], [2, 9]]})

    def test_output_has_its_colours_and_follows(self):
        self.open("#/run/a?tab=output")
        self.wait_text("red plain", ".output")
        self.assertEqual(self.read(".ansi-red", "textContent"), "red")
        self.assertNotIn("10%", self.text(".output"))
        self.assertIn("99%", self.text(".output"))
        self.server.send("POST", "/runs/a/metadata/output", "".join(f"\nline {one}" for one in range(200)), "text/plain")
        self.wait_text("line 199", ".output")
        self.assertIn("end\nline 0\nline 1\n", self.text(".output"))
        at_end = "const box = document.querySelector('.output'); return box.scrollTop + box.clientHeight > box.scrollHeight - 30"
        until(lambda: self.script(at_end), "it follows")
        self.assert_accessible()

    def test_source_files_are_read_and_highlighted(self):
        self.open("#/run/a?tab=source")
        self.wait_text("ünï", ".code")
        until(lambda: self.all(".code .hljs-keyword"), "highlighted")
        self.assertEqual(set(self.texts(".file-list button")), {"lib/net.R", "train.py", LONG_NAME})
        self.press("lib/net.R")
        self.wait_text("x <- 1", ".code")
        self.assertIn("file=lib/net.R", self.hash)
        self.driver.back()
        self.wait_text("ünï", ".code")

    def test_files_are_shown_by_their_kind(self):
        self.open("#/run/a?tab=files&file=plots/red.png")
        until(lambda: self.script("return document.querySelector('.file-content img')?.naturalWidth") == 30, "the image")
        self.click("[data-path='table.csv']")
        until(lambda: [one.text for one in self.all(".data td")] == ["a, b", "1", "c", "2"], "the table")
        self.click("[data-path='page.html']")
        self.wait_text("<h1>Hello</h1><script>window.bad = 1</script>", ".code")
        self.assert_accessible()

    def test_open_folders_stand_in_the_address(self):
        self.open("#/run/a?tab=files")
        self.click("[data-path='plots']")
        self.find("[data-path='plots/red.png']")
        self.assertIn("open=plots", self.hash)
        self.driver.refresh()
        self.click("[data-path='plots/red.png']")
        until(lambda: self.all(".file-content img"), "the image")
        # A folder is closed without what is shown of it.
        self.click("[data-path='plots']")
        until(lambda: not self.all("[data-path='plots/red.png']"), "the folder is closed")
        self.assertEqual(len(self.all(".file-content img")), 1)

    def test_a_file_that_comes_is_shown(self):
        self.open("#/run/a?tab=files")
        self.find("[data-path='table.csv']")
        self.server.send("PUT", "/runs/a/files/new.txt", "hello", "text/plain")
        self.click("[data-path='new.txt']")
        self.wait_text("hello", ".code")

    def test_a_picture_with_a_script_runs_nothing(self):
        self.open("#/run/a?tab=files&file=bad.svg")
        until(lambda: self.script("return document.querySelector('.file-content img')?.complete"), "the image")
        time.sleep(0.3)
        self.assertIsNone(self.script("return window.bad ?? null"))

    def test_open_files_of_a_custom_type_stand_in_the_address(self):
        self.open("#/run/folder?tab=metadata")
        self.wait_text("second", ".custom-files")
        self.click("[data-path='tfruns.d/notes-folder/a.txt'] > summary")
        self.wait_text("first", ".custom-files")
        self.click("[data-path='tfruns.d/notes-folder/b.txt'] > summary")
        until(lambda: self.script("return new URLSearchParams(location.hash.split('?')[1]).get('docs')")
              == "tfruns.d/notes-folder/a.txt", "the address")
        self.driver.refresh()
        self.wait_text("first", ".custom-files")
        self.find("[data-path='tfruns.d/notes-folder/b.txt']:not([open])")

    def test_a_matrix_is_a_table(self):
        self.open("#/run/a?tab=metadata")
        until(lambda: [one.text for one in self.all(".matrix td")][-4:] == ["8", "1", "2", "9"], "the matrix")
        self.assertEqual(self.texts(".matrix th"), ["cat", "dog", "cat", "dog"])

    def test_lines_to_copy_name_the_run(self):
        self.open("#/run/a?tab=use")
        self.wait_text(f"{self.server.address}/runs/a", ".use")

    def test_notes_are_edited_and_taken_back(self):
        self.server.send("POST", "/runs/a/metadata/properties", {"notes": "first"})
        self.open("#/run/a")
        self.wait_text("first", "[aria-label=Notes]")
        self.click("[aria-label=Notes] button")
        area = self.find(".editable textarea")
        area.clear()
        area.send_keys("second <b>")
        self.press("Save")
        self.wait_text("second <b>", "[aria-label=Notes]")
        self.assertEqual(self.server.get("/runs/a")["notes"], "second <b>")
        self.press("Undo")
        self.wait_text("first", "[aria-label=Notes]")
        self.assertEqual(self.server.get("/runs/a")["notes"], "first")


class ActionTests(RunTestCase):
    @classmethod
    def fill(cls):
        for name in ("b", "c", "d"):
            cls.server.run(name, rows=ROWS)
        cls.server.run("failed", error={"message": "out of memory", "traceback": ["one", "two"], "code": 7})

    def status(self, run):
        return (self.server.get(f"/runs/{run}") or {}).get("status")

    def test_an_error_comes_first(self):
        self.open("#/run/failed")
        self.wait_text("out of memory", ".error-card h2")
        self.assertIn("one\ntwo", self.text(".error-card"))
        self.assertIn("7", self.text(".error-card"))

    def test_an_error_that_comes_is_shown(self):
        self.open("#/run/d")
        self.wait_text("running", ".run-head")
        self.server.send("POST", "/runs/d/metadata/error", {"message": "it broke"})
        self.wait_text("it broke", ".error-card")
        self.wait_text("failed", ".run-head")

    def test_completing_can_be_undone(self):
        self.open("#/run/b")
        self.press("Complete")
        self.wait_text("completed", ".run-head")
        self.assertEqual(self.status("b"), "completed")
        self.press("Undo")
        self.wait_text("running", ".run-head")
        self.assertEqual(self.status("b"), "running")

    def test_archiving_can_be_undone_and_deleting_asks(self):
        self.open("#/run/c")
        self.press("Archive")
        self.wait_text("archived", ".run-head")
        self.press("Undo")
        self.wait_text("running", ".run-head")
        self.press("Delete")
        self.press("Cancel", "dialog")
        self.assertEqual(self.status("c"), "running")
        # The page may be reading the run again, as it does after each event, when it goes.
        self.expected_errors = [r"/runs/c\b.* 404 "]
        self.press("Delete")
        self.press("Delete", "dialog")
        until(lambda: self.hash == "#/runs", "the list is shown")
        self.assertNotIn("c", [run["run"] for run in self.server.get("/runs")["runs"]])


class HostileTests(RunTestCase):
    NAME = "hostile=+@x"

    @classmethod
    def fill(cls):
        mark = "<img src=x onerror=window.bad=1>"
        cls.server.run("hostile=%2B@x", {mark: mark, "q\"'&": "</script>"}, {"notes": mark},
                       [{"epoch": epoch, "<i>loss</i>": 1 / epoch, "val_<i>loss</i>": 2 / epoch, "a,b`c": epoch, "`d": epoch, "e,f": epoch}
                        for epoch in range(1, 9)], error={"message": mark, "traceback": mark + "x" * 1_000_000})
        cls.server.send("POST", "/runs/hostile=%2B@x/metadata/output",
                        f"\x1b]0;title\x07\x1b[31m{mark}\x1b[0m \x1b[999;1;;m\x1b[2J\x1b[38;5;999mend\x1b[", "text/plain")
        cls.server.send("PUT", "/runs/hostile=%2B@x/files/%3Cimg%20src=x%3E.txt", mark, "text/plain")

    def test_names_and_values_are_text(self):
        for tab in ("", "output", "files", "use"):
            with self.subTest(tab):
                self.open(f"#/run/{self.NAME.replace('+', '%2B')}?tab={tab}")
                self.wait_text(self.NAME, "h1")
                self.wait_text("<img src=x onerror=window.bad=1>", ".error-card")
                if tab == "":
                    for name in ("<i>loss</i>", "a,b`c", "`d", "e,f"):
                        self.chart(name)
                        self.script("arguments[0].scrollIntoView()", self.chart(name))
                        self.wait_drawn(name)
                self.wait_text({"": "a,b`c", "output": "end", "files": "<img src=x>.txt", "use": "hostile"}[tab], ".run-body")
                self.assertIsNone(self.script("return window.bad ?? null"))
                self.assertEqual(self.all("main img, main i[onerror], main b[onerror]"), [])


class PhoneTests(RunTestCase):
    width, height = 360, 740

    @classmethod
    def fill(cls):
        cls.server.run("a-run-with-a-name-that-is-rather-long-for-a-phone", {"lr": 0.1}, rows=ROWS, evaluation={"acc": 1})
        cls.server.run("other", {"lr": 0.2}, rows=ROWS)
        for name, lr in (("a-run-with-a-name-that-is-rather-long-for-a-phone", 1), ("other", 2)):
            cls.server.send("POST", f"/runs/{name}/metadata/source", tar_gzip({"train.py": f"import os\nlr = {lr}\n"}), "application/gzip")

    def test_nothing_is_wider_than_a_phone(self):
        for tab in ("", "output", "source", "files", "use"):
            with self.subTest(tab):
                self.open(f"#/run/a-run-with-a-name-that-is-rather-long-for-a-phone?tab={tab}")
                self.find("[role=tabpanel]")
                self.assertLessEqual(self.script("return document.querySelector('main').scrollWidth"), 360)
        self.open("#/run/a-run-with-a-name-that-is-rather-long-for-a-phone")
        self.wait_drawn("loss")

    def test_the_chosen_tab_is_in_sight(self):
        self.open("#/run/a-run-with-a-name-that-is-rather-long-for-a-phone?tab=use")
        self.find("#panel-use")
        until(lambda: self.script("""
            const { left, right } = document.getElementById('tab-use').getBoundingClientRect();
            return left >= 0 && right <= innerWidth"""), "the last tab is in sight")

    def test_compared_sources_do_not_widen_the_page(self):
        self.open("#/compare?runs=a-run-with-a-name-that-is-rather-long-for-a-phone,other&source=1&all=1")
        self.find(".diff mark")
        self.script("document.querySelector('.diff').scrollIntoView()")
        self.assertLessEqual(self.script("return document.documentElement.scrollWidth"), 360)
        self.assertLessEqual(self.script("return document.querySelector('main').scrollWidth"), 360)


if __name__ == "__main__":
    unittest.main()
