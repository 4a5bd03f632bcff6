"""Names, values and addresses that would break the page or run in it."""

import unittest

from cases import RunTestCase, RunsTestCase
from support import Keys, until


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


if __name__ == "__main__":
    unittest.main()
