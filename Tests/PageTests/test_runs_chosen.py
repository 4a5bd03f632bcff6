"""The view of the runs: what is done with those that are chosen."""

import unittest

from cases import RunsTestCase
from support import ActionChains, Keys, until


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


if __name__ == "__main__":
    unittest.main()
