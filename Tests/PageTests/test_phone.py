"""The page on a phone: nothing is wider than it."""

import unittest

from cases import ROWS, RunTestCase, RunsTestCase, tar_gzip
from support import until


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
