"""The view of the server, the page of an empty one, the frame."""

import unittest

from support import By, Keys, PageTestCase, until


class ServerTests(PageTestCase):
    @classmethod
    def fill(cls):
        cls.server.run("a", {"lr": 0.1}, end=True)
        cls.server.run("b", {"lr": 0.2})

    def test_types_readiness_disk_and_rates_are_shown(self):
        self.open("#/server")
        self.wait_text("Accepts writes")
        for kind in self.server.get("/types")["types"]:
            self.wait_text(kind["description"], ".table")
        self.wait_text("Free on the disk")
        self.wait_text("1 running")
        self.wait_text("1 completed")
        self.assertTrue(0 < self.read("meter", "value") < self.read("meter", "max"))
        until(lambda: "…" not in self.text("section:nth-of-type(3)"), "rates are measured")
        self.wait_text(self.server.get("/version")["version"], "header + section, .server header")

    def test_a_status_leads_to_its_runs(self):
        self.open("#/server")
        self.wait_text("1 running")
        self.find(".server a .status.running").click()
        until(lambda: self.script("return [...document.querySelectorAll('tr[data-key]')].map(row => row.dataset.key).join()") == "b", "the one that runs")

    def test_a_server_that_is_gone_is_told(self):
        self.expected_errors = ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "status of 503"]
        self.open("#/server")
        self.wait_text("Accepts writes")
        self.server.stop()
        self.wait_text("Accepts no writes")
        self.wait_text("Connection lost", ".live")
        self.server.start()
        self.wait_text("Accepts writes")

    def test_links_that_mlflows_client_prints_lead_to_the_run(self):
        self.open("#/experiments/0/runs/a")
        self.wait_text("lr")
        until(lambda: self.driver.title.startswith("a "), "the run's page")
        self.open("#/experiments/0")
        until(lambda: len(self.script("return [...document.querySelectorAll('tr[data-key]')]")) == 2, "the list")

    def test_nothing_serious_for_assistive_technology(self):
        for theme in ("light", "dark"):
            with self.subTest(theme=theme):
                self.open("#/server")
                self.wait_text("Accepts writes")
                self.script("document.documentElement.dataset.theme = arguments[0]", theme)
                self.assert_accessible()

    def test_the_theme_is_switched_and_kept(self):
        self.open()
        ground = lambda: self.script("return getComputedStyle(document.body).backgroundColor")
        button = self.find(".frame button")
        seen = set()
        for _ in range(3):
            button.click()
            seen.add(ground())
            self.assertNotEqual(self.script("return getComputedStyle(document.body).color"), ground())
        self.assertEqual(len(seen), 2)
        while button.get_attribute("aria-label") != "Theme: dark":
            button.click()
        dark = ground()
        self.driver.refresh()
        until(lambda: ground() == dark, "dark after a reload")
        self.script("localStorage.clear()")

    def test_what_a_view_is_made_of_is_asked_for_at_once(self):
        for view in ("", "run/a", "compare?runs=a,b", "server"):
            with self.subTest(view=view):
                self.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
                self.open(f"#/{view}")
                until(lambda: len(self.text("main")) > 20, "the view")
                asked, loaded = self.script("""
                    const name = (address) => address.replace(/.*[/]assets[/][0-9a-f]+[/]/, '');
                    return [[...document.querySelectorAll('head link, head script')].map(one => name(one.href || one.src)),
                        performance.getEntriesByType('resource').map(one => name(one.name)).filter(one => one.endsWith('.js'))]""")
                self.assertEqual([one for one in loaded if one not in asked], [])
                self.assertGreater(len(loaded), 8)

    def test_the_page_is_used_by_keys_alone(self):
        self.open()
        until(lambda: self.all("tr[data-key=b]"), "runs")
        self.keys(Keys.TAB)
        self.assertEqual(self.script("return document.activeElement.textContent"), "Skip to content")
        self.keys(Keys.ENTER)
        self.assertEqual(self.script("return document.activeElement.id"), "main")
        names = []
        for _ in range(40):
            self.keys(Keys.TAB)
            names.append(self.script("const one = document.activeElement; return one.getAttribute('aria-label') ?? one.textContent"))
        for name in ("Condition on the columns, as in R", "Columns", "Select b", "b"):
            self.assertIn(name, names)


class EmptyServerTests(PageTestCase):
    def test_an_empty_server_says_how_the_first_run_is_sent_and_shows_it(self):
        self.open()
        self.wait_text("No runs yet")
        self.assert_accessible()
        for language, part in (("curl", f"curl -X PUT {self.server.address}/runs/lr-0.1"), ("Shell", "rundir.sh exec"), ("Python", "import rundir"),
                               ("R", f'source("{self.server.address}/clients/rundir.R")'), ("Node", "await fetch(run")):
            self.press(language)
            self.wait_text(part, "pre")
        self.press("curl")
        self.wait_text("curl -X POST", "pre")
        import subprocess
        # The lines that are shown do what they say.
        subprocess.run(["bash", "-euc", self.text("pre")], check=True, capture_output=True)
        until(lambda: self.all("tr[data-key='lr-0.1']"), "the run")
        # With the columns that it has got since.
        until(lambda: {"flag_lr", "eval_acc", "metric_val_loss", "min_val_loss"} <= {head.get_attribute("data-column") for head in self.all("th")}, "its columns")
        self.assertEqual(self.server.get("/runs/lr-0.1")["status"], "completed")


if __name__ == "__main__":
    unittest.main()
