"""The view of a run: its output, source, files, metadata and notes."""

import os
import struct
import tempfile
import time
import unittest
import zlib
from pathlib import Path

from cases import ROWS, RunTestCase, tar_gzip
from support import until

# Longer than the fields of a tar have room for, and not in ASCII.
LONG_NAME = "ö/" * 90 + "long.py"


def png(width, height, color):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(color) * width for _ in range(height))
    return b"".join([b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
                     chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")])


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


if __name__ == "__main__":
    unittest.main()
