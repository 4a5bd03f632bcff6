"""Logging in with a token, and out."""

import subprocess
import unittest
import urllib.error
import urllib.request

from support import BINARY, By, Keys, PageTestCase, until


class LoginTests(PageTestCase):
    @classmethod
    def fill(cls):
        cls.server.run("a", {"lr": 0.1})
        cls.token = cls.create("page", "--right", "write")
        until(lambda: cls.status("/runs") == 401, "the server asks for a token")

    @classmethod
    def create(cls, *words):
        command = [BINARY, "token", "create", *words, "--runs", f"{cls.server.folder}/runs"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @classmethod
    def status(cls, path, token=None):
        request = urllib.request.Request(cls.server.address + path)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code

    def setUp(self):
        super().setUp()
        self.expected_errors = ["status of 401"]
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def log_in(self, token):
        field = until(lambda: self.driver.find_elements(By.CSS_SELECTOR, "dialog.login input"), "the dialog")[0]
        field.send_keys(token, Keys.ENTER)

    def test_page_asks_for_a_token_keeps_it_and_forgets_it(self):
        self.open()
        self.wait_text("This server needs a token", "dialog.login")
        self.assert_accessible()
        self.log_in("rd_wrong")
        self.wait_text("does not know this token", "dialog.login .problem")
        self.find("dialog.login input").clear()
        self.log_in(self.token)
        until(lambda: self.driver.find_elements(By.CSS_SELECTOR, "tr[data-key='a']"), "the run is listed")
        self.assertFalse(self.driver.find_elements(By.CSS_SELECTOR, "dialog.login"))

        cookies = self.driver.get_cookies()
        self.assertEqual([cookie["name"] for cookie in cookies], [f"rundir_token_{self.server.port}"])
        self.assertTrue(cookies[0]["httpOnly"])
        self.assertEqual(cookies[0]["sameSite"], "Strict")
        self.assertEqual(self.script("return document.cookie"), "")
        self.assertIsNone(self.script("return Object.values(localStorage).find(value => value.includes('rd_')) ?? null"))

        # It is there after a reload, for events and for changes.
        self.open("#/run/a")
        self.wait_text("Live", ".live")
        changed = self.driver.execute_async_script(
            "const done = arguments[0]; fetch('runs/a/metadata/properties', {method: 'POST', body: '{\"note\": \"x\"}',"
            "headers: {'Content-Type': 'application/json'}}).then(reply => done(reply.status))")
        self.assertEqual(changed, 201)

        out = until(lambda: self.driver.find_elements(By.CSS_SELECTOR, ".logout"), "the button")[0]
        self.assertIn("page", out.get_attribute("title"))
        out.click()
        self.wait_text("This server needs a token", "dialog.login")
        self.assertEqual(self.driver.get_cookies(), [])

    def test_change_that_the_token_may_not_make_is_told(self):
        self.expected_errors = ["status of 401", "status of 403"]
        reader = self.create("reader", "--right", "read")
        until(lambda: self.status("/runs", reader) == 200, "the token counts")
        self.open()
        self.log_in(reader)
        until(lambda: self.driver.find_elements(By.CSS_SELECTOR, "tr[data-key='a']"), "the run is listed")
        status = self.driver.execute_async_script(
            "const done = arguments[0]; fetch('runs/a/archive', {method: 'POST'}).then(reply => done(reply.status))")
        self.assertEqual(status, 403)


if __name__ == "__main__":
    unittest.main()
