"""The view of the runs."""

import unittest

from support import By, Keys, ActionChains, PageTestCase, until


class RunsTestCase(PageTestCase):
    """What tests of the table have in common."""

    def runs(self):
        return self.script("""return [...document.querySelectorAll('.windowed tbody tr[data-key]')]
            .map(row => row.dataset.key)""")

    def wait_runs(self, *names):
        until(lambda: self.runs() == list(names), lambda: f"the runs {names}; there are {self.runs()}")

    def cell(self, run, column):
        return self.script("""
            const place = [...document.querySelectorAll('.windowed th')].findIndex(head => head.dataset.column === arguments[1]);
            const row = [...document.querySelectorAll('.windowed tbody tr')].find(row => row.dataset.key === arguments[0]);
            return row?.children[place]?.innerText.trim() ?? null""", run, column)

    def columns(self):
        return self.script("return [...document.querySelectorAll('.windowed th[data-column]')].map(head => head.dataset.column).filter(Boolean)")

    def head(self, column):
        return until(lambda: next((head for head in self.all(".windowed th .head button")
                                   if head.find_element(By.XPATH, "ancestor::th").get_attribute("data-column") == column), None), column)

    def filter(self, text):
        field = self.find(".where input")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text or Keys.DELETE)
        field.send_keys(Keys.ESCAPE, Keys.ENTER)

    def choose(self, run):
        self.find(f"input[aria-label='Select {run}']").click()


class RunsTests(RunsTestCase):
    @classmethod
    def fill(cls):
        for number, (name, model, lr, acc) in enumerate(
                [("a", "mlp", 0.1, 0.81), ("b", "mlp", 0.01, 0.93), ("c", "vit", 0.001, 0.87)]):
            cls.server.run(name, {"model": model, "lr": lr}, {"start": 1_790_000_000 + number},
                           [{"epoch": epoch, "loss": 1 / epoch + number, "acc": acc} for epoch in range(1, 6)],
                           {"acc": acc}, end=True)
        cls.server.run("d", {"model": "vit", "lr": 0.03}, {"start": 1_790_000_003}, error={"message": "out of memory"})

    def test_runs_are_listed_newest_first(self):
        self.open()
        self.wait_runs("d", "c", "b", "a")
        self.assertEqual(self.cell("d", "status"), "failed")
        self.assertEqual(self.cell("b", "status"), "completed")
        self.assertEqual(self.cell("b", "flag_model"), "mlp")
        self.assertEqual(self.cell("b", "eval_acc"), "0.93")
        self.wait_text("4 runs", ".bar .count")

    def test_a_condition_filters_and_stands_in_the_address(self):
        self.open()
        self.filter('eval_acc > 0.85 & flag_model == "vit"')
        self.wait_runs("c")
        self.assertIn('where=eval_acc > 0.85 & flag_model == "vit"', self.hash)
        self.driver.refresh()
        self.wait_runs("c")
        self.assertEqual(self.read(".where input", "value"), 'eval_acc > 0.85 & flag_model == "vit"')
        self.filter("")
        self.wait_runs("d", "c", "b", "a")

    def test_a_condition_that_cannot_be_read_is_told_in_place(self):
        self.expected_errors = ["status of 400"]
        self.open()
        self.filter("flag_lr > 0 & flg_model == 1")
        self.wait_text("no run has the column", ".fault")
        self.assertEqual(self.text(".fault mark"), "flg_model")
        # With a quick filter beside it, the place is the same.
        self.open("#/?where=flag_lr+%3E+0+%26+flg_model+%3D%3D+1&q=a")
        self.wait_text("no run has the column", ".fault")
        self.assertEqual(self.text(".fault mark"), "flg_model")

    def test_columns_and_values_are_offered(self):
        self.open()
        self.wait_runs("d", "c", "b", "a")
        field = self.find(".where input")
        field.send_keys("flag_mo")
        self.wait_text("flag_model", ".where .options")
        field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)
        field.send_keys(" == ")
        self.wait_text('"vit"', ".where .options")
        field.send_keys("v", Keys.ARROW_DOWN, Keys.ENTER)
        self.assertEqual(field.get_attribute("value"), 'flag_model == "vit"')
        field.send_keys(Keys.ENTER)
        self.wait_runs("d", "c")

    def test_the_quick_filter_finds_text(self):
        self.open()
        self.wait_runs("d", "c", "b", "a")
        self.find(".quick input").send_keys("ML")
        self.wait_runs("b", "a")
        self.find(".quick input").send_keys(Keys.CONTROL, "a")
        self.find(".quick input").send_keys(".*")
        self.wait_text("0 runs", ".bar .count")

    def test_nothing_found_is_said_and_taken_back(self):
        self.open("#/?where=flag_lr+%3E+7")
        self.wait_text("No runs match.", ".none")
        self.press("Show all")
        self.wait_runs("d", "c", "b", "a")

    def test_a_click_on_a_header_orders(self):
        self.open()
        self.wait_runs("d", "c", "b", "a")
        self.head("eval_acc").click()
        self.wait_runs("b", "c", "a", "d")
        self.head("eval_acc").click()
        self.wait_runs("a", "c", "b", "d")
        self.assertEqual(self.read("th[data-column=eval_acc]", "ariaSort"), "ascending")

    def test_the_back_button_goes_back(self):
        self.open()
        self.filter("eval_acc > 0.9")
        self.wait_runs("b")
        self.head("eval_acc").click()
        until(lambda: "order" in self.hash, "the order stands in the address")
        self.driver.back()
        until(lambda: "order" not in self.hash, "the order is gone")
        self.driver.back()
        self.wait_runs("d", "c", "b", "a")
        self.driver.forward()
        self.wait_runs("b")
        self.driver.get(self.server.address + "/#/server")
        self.wait_text("Accepts writes")
        self.driver.back()
        self.wait_runs("b")

    def test_columns_are_chosen_moved_pinned_and_resized(self):
        self.open("#/?columns=run,status,flag_lr,eval_acc")
        until(lambda: self.columns() == ["run", "status", "flag_lr", "eval_acc"], "the columns of the address")
        head = self.head("eval_acc")
        head.send_keys(Keys.ALT, Keys.ARROW_LEFT)
        until(lambda: self.columns() == ["run", "status", "eval_acc", "flag_lr"], "moved by keys")
        self.press("Columns")
        self.find(".columns-menu input[type=search]").send_keys("metric_loss")
        self.click(".columns-menu label[title=metric_loss] input")
        until(lambda: self.columns()[-1] == "metric_loss", "chosen")
        self.keys(Keys.ESCAPE)
        grip = self.find("th[data-column=flag_lr] .grip")
        before = self.read("th[data-column=flag_lr]", "offsetWidth")
        ActionChains(self.driver).click_and_hold(grip).move_by_offset(60, 0).release().perform()
        until(lambda: abs(self.read("th[data-column=flag_lr]", "offsetWidth") - before - 60) < 4, "wider")
        ActionChains(self.driver).context_click(self.head("eval_acc")).perform()
        self.press("Pin at the left", ".popover")
        until(lambda: self.columns()[:2] == ["run", "eval_acc"], "pinned")
        self.driver.refresh()
        until(lambda: self.columns() == ["run", "eval_acc", "status", "flag_lr", "metric_loss"], "the same by its address")
        self.assertIn("pinned", self.read("th[data-column=eval_acc]", "className"))
        until(lambda: abs(self.read("th[data-column=flag_lr]", "offsetWidth") - before - 60) < 4, "as wide as it was")

    def test_a_column_is_dragged(self):
        self.open("#/?columns=run,status,flag_lr,eval_acc")
        until(lambda: len(self.columns()) == 4, "the columns")
        self.script("""
            const head = (name) => document.querySelector(`th[data-column=${name}] .head`);
            const transfer = new DataTransfer();
            const { left, width, top } = head("status").getBoundingClientRect();
            const at = { bubbles: true, cancelable: true, dataTransfer: transfer, clientX: left + 2, clientY: top + 5 };
            head("eval_acc").dispatchEvent(new DragEvent("dragstart", at));
            head("status").dispatchEvent(new DragEvent("dragover", at));
            head("status").dispatchEvent(new DragEvent("drop", at));""")
        until(lambda: self.columns() == ["run", "eval_acc", "status", "flag_lr"], "dropped before the status")

    def test_best_values_stand_beside_last_ones(self):
        self.open("#/?columns=run,metric_loss,min_loss,metric_acc,max_acc")
        until(lambda: self.cell("a", "min_loss") == self.cell("a", "metric_loss") == "0.2", "the least loss")
        self.server.send("POST", "/runs/a/metadata/metrics", {"epoch": 6, "loss": 0.7})
        until(lambda: (self.cell("a", "min_loss"), self.cell("a", "metric_loss")) == ("0.2", "0.7"), "the last one is another")

    def test_small_lines_show_a_metric(self):
        self.open("#/?columns=run,sparkline")
        until(lambda: len(self.all("tr[data-key=a] svg.spark path")) == 1, "a line")
        self.assertEqual(len(self.all("tr[data-key=d] svg.spark path")), 0)

    def test_runs_are_grouped(self):
        self.open("#/?group=flag_model&columns=run,flag_lr,eval_acc")
        until(lambda: self.runs() == ["group vit", "group mlp"], "two groups")
        self.assertIn("× 2", self.cell("group mlp", "run"))
        self.assertIn("0.87", self.cell("group mlp", "eval_acc"))
        self.assertIn("0.93", self.cell("group mlp", "eval_acc"))
        self.click("tr[data-key='group mlp'] button")
        self.wait_runs("group vit", "group mlp", "b", "a")
        self.driver.refresh()
        self.wait_runs("group vit", "group mlp", "b", "a")

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

    def test_a_button_in_each_header_tells_more(self):
        self.open("#/?columns=run,flag_model,eval_acc")
        self.wait_runs("d", "c", "b", "a")
        ActionChains(self.driver).move_to_element(self.head("flag_model")).perform()
        self.click("th[data-column=flag_model] .more")
        self.press("Group by it", ".popover")
        until(lambda: self.runs() == ["group vit", "group mlp"], "two groups")

    def test_numbers_are_copied_exactly(self):
        self.server.run("exact", {"x": 0.1234567891234}, {"start": 1_700_000_000})
        self.addCleanup(lambda: self.server.send("DELETE", "/runs/exact?force=true"))
        self.open("#/?columns=run,flag_x")
        until(lambda: self.cell("exact", "flag_x") == "0.12346", "shown short")
        copied = self.script("""
            getSelection().selectAllChildren(document.querySelector('tr[data-key=exact]'));
            const event = new ClipboardEvent('copy', { clipboardData: new DataTransfer(), bubbles: true, cancelable: true });
            document.dispatchEvent(event);
            return event.clipboardData.getData('text/plain')""")
        self.assertIn("0.1234567891234", copied)
        self.assertEqual(self.cell("exact", "flag_x"), "0.12346")

    def test_nothing_serious_for_assistive_technology(self):
        for hash in ("#/", "#/?plot=scatter", "#/?plot=parallel", "#/?group=flag_model&open=mlp", "#/?chosen=a,b"):
            for theme in ("light", "dark"):
                with self.subTest(hash=hash, theme=theme):
                    self.open(hash)
                    until(lambda: len(self.runs()) > 1, "runs")
                    self.script("document.documentElement.dataset.theme = arguments[0]", theme)
                    self.assert_accessible()


class LiveRunsTests(RunsTestCase):
    @classmethod
    def fill(cls):
        cls.server.run("first", {"lr": 0.1}, {"start": 1_790_000_000}, [{"epoch": 1, "loss": 2}])

    def test_a_new_run_and_its_last_values_appear_without_reload(self):
        self.open("#/?columns=run,status,flag_lr,metric_loss")
        self.wait_runs("first")
        self.script("window.isSame = true")
        self.server.run("second", {"lr": 0.5}, rows=[{"epoch": 1, "loss": 3.25}])
        self.wait_runs("second", "first")
        self.assertEqual(self.cell("second", "metric_loss"), "3.25")
        self.server.send("POST", "/runs/second/metadata/metrics", {"epoch": 2, "loss": 1.75})
        until(lambda: self.cell("second", "metric_loss") == "1.75", "the last value")
        self.server.send("POST", "/runs/second/complete")
        until(lambda: self.cell("second", "status") == "completed", "its status")
        self.wait_text("2 runs", ".bar .count")
        self.server.send("DELETE", "/runs/second?force=true")
        self.wait_runs("first")
        self.assertTrue(self.script("return window.isSame"))

    def test_runs_that_do_not_fulfil_the_condition_do_not_appear(self):
        self.open("#/?where=flag_lr+%3C+0.2&columns=run,flag_lr")
        self.wait_runs("first")
        self.server.run("other", {"lr": 0.7})
        self.server.run("third", {"lr": 0.15})
        self.addCleanup(lambda: [self.server.send("DELETE", f"/runs/{run}?force=true") for run in ("other", "third")])
        self.wait_runs("third", "first")

    def test_a_lost_connection_is_told_and_found_again(self):
        self.expected_errors = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "status of 503"]
        self.open("#/?columns=run,status")
        self.wait_runs("first")
        self.wait_text("Live", ".live")
        self.server.stop()
        self.wait_text("Connection lost", ".live")
        self.assertEqual(self.runs(), ["first"])
        self.server.start()
        self.wait_text("Live", ".live")
        self.server.run("after", {"lr": 0.2})
        self.addCleanup(lambda: self.server.send("DELETE", "/runs/after?force=true"))
        self.wait_runs("after", "first")


class ChosenRunsTests(RunsTestCase):
    @classmethod
    def fill(cls):
        for number, name in enumerate(["one", "two", "three"]):
            cls.server.run(name, {"lr": [0.5, 0.1, 0.2][number]}, {"start": 1_790_000_000 + number}, end=True)

    def test_runs_are_archived_and_that_is_undone(self):
        self.open()
        self.wait_runs("three", "two", "one")
        self.choose("two")
        self.choose("one")
        self.wait_text("2 selected", ".selection")
        self.press("Archive", ".selection")
        self.wait_runs("three")
        self.assertEqual(self.server.get("/runs/two")["status"], "archived")
        self.press("Undo", ".toasts")
        self.wait_runs("three", "two", "one")
        self.assertEqual(self.server.get("/runs/two")["status"], "completed")

    def test_archived_runs_are_restored(self):
        self.server.send("POST", "/runs/three/archive")
        self.open("#/?archived=true")
        self.wait_runs("three")
        self.choose("three")
        self.press("Restore", ".selection")
        self.wait_text("0 runs", ".bar .count")
        self.assertEqual(self.server.get("/runs/three")["status"], "completed")

    def test_shift_chooses_a_range_and_compare_is_a_link(self):
        self.open()
        self.wait_runs("three", "two", "one")
        self.choose("three")
        box = self.find("input[aria-label='Select one']")
        ActionChains(self.driver).key_down(Keys.SHIFT).click(box).key_up(Keys.SHIFT).perform()
        self.wait_text("3 selected", ".selection")
        until(lambda: "runs=three%2Ctwo%2Cone" in self.button("Compare", ".selection").get_attribute("href"), "the address has the runs")
        self.driver.refresh()
        self.wait_text("3 selected", ".selection")

    def test_runs_are_downloaded_as_csv(self):
        self.open("#/?chosen=one,three&columns=run,flag_lr")
        self.wait_text("2 selected", ".selection")
        self.script("""
            window.texts = [];
            const make = URL.createObjectURL;
            URL.createObjectURL = (blob) => { blob.text().then((text) => texts.push(text)); return make.call(URL, blob); };""")
        self.press("CSV", ".selection")
        text = until(lambda: self.script("return window.texts[0]"), "a file")
        lines = text.strip().split("\r\n")
        self.assertEqual(sorted(line.split(",")[0] for line in lines), ["one", "run", "three"])
        place = lines[0].split(",").index("flag_lr")
        self.assertEqual({line.split(",")[0]: line.split(",")[place] for line in lines[1:]}, {"one": "0.5", "three": "0.2"})


class HostileRunsTests(RunsTestCase):
    markup = "<img src=x onerror='window.hostile = 1'><script>window.hostile = 2</script>"

    @classmethod
    def fill(cls):
        cls.server.run("hostile", {cls.markup[:200]: cls.markup, "a,b": "</td></tr>", "quote\"'`": "x", "long": "A" * 100_000,
                                   "rtl": "\u202egnp.exe", "-dash": 1, "lines": "one\ntwo\u001b[31m"},
                       {"notes": cls.markup}, [{"epoch": 1, cls.markup: 1.5}, {"epoch": 2, cls.markup: "NaN"}],
                       {cls.markup: "Inf"})

    def test_names_and_values_are_text(self):
        name = f"flag_{self.markup[:200]}"
        self.open()
        self.wait_runs("hostile")
        self.assertIn("<img src=x", self.cell("hostile", name))
        for _ in range(2):
            self.assertIsNone(self.script("return window.hostile ?? null"))
            self.assertEqual(len(self.all("main img, main script")), 0)
            # By all the ways that a name can go: chosen, ordered, grouped, filtered, plotted.
            self.press("Columns")
            self.find(".columns-menu input")
            self.keys(Keys.ESCAPE)
            self.head(name).click()
            until(lambda: "order=" in self.hash, "the order stands in the address")
            self.wait_runs("hostile")
        self.find(".where input").send_keys("flag_<")
        until(lambda: self.all(".where .options li"), "names are offered")
        for state in ("group", "px", "py", "spark"):
            self.open(f"#/?plot=scatter&{state}=" + self.script("return encodeURIComponent(arguments[0])", name))
            until(lambda: len(self.runs()) == 1, state)
            self.assertIsNone(self.script("return window.hostile ?? null"))

    def test_strange_names_can_be_asked_for(self):
        self.open("#/?columns=run,%60flag_a%2Cb%60,flag_-dash&order=-%60flag_a%2Cb%60")
        self.wait_runs("hostile")
        self.assertEqual(self.columns(), ["run", "flag_a,b", "flag_-dash"])
        self.assertEqual(self.cell("hostile", "flag_a,b"), "</td></tr>")

    def test_a_strange_address_breaks_nothing(self):
        self.expected_errors = ["status of 400"]
        for hash in ("#/?columns=%FF%00,,,`", "#/?pin=x&widths=a,b:,:3&open=`", "#/?brush=[[1,2],[%22a%22]]&plot=none", "#/nothing", "#/?order=,,-"):
            with self.subTest(hash=hash):
                self.open(hash)
                until(lambda: len(self.text()) > 0, "something is shown")
                self.assertIsNone(self.script("return window.hostile ?? null"))


class NarrowRunsTests(RunsTestCase):
    width, height = 360, 740

    @classmethod
    def fill(cls):
        cls.server.run("a-run-with-quite-a-long-name-for-a-phone", {"lr": 0.1}, rows=[{"epoch": 1, "loss": 1}], end=True)

    def test_a_phone_shows_it_without_moving_sideways(self):
        for hash in ("#/", "#/?plot=parallel", "#/server", "#/?chosen=a-run-with-quite-a-long-name-for-a-phone"):
            with self.subTest(hash=hash):
                self.open(hash)
                until(lambda: len(self.all("tbody tr")) > 0, "a table")
                self.assertLessEqual(self.script("return document.documentElement.scrollWidth"), 360)
                self.assert_accessible()


if __name__ == "__main__":
    unittest.main()
