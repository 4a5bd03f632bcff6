"""The view of the runs: its table, which is filtered, ordered and grouped, and whose columns are chosen."""

import unittest

from cases import FourRunsTestCase
from support import ActionChains, Keys, until


class RunsTests(FourRunsTestCase):
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


if __name__ == "__main__":
    unittest.main()
