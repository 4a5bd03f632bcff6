"""What the tests of the page's views have in common: reading charts, and reading the table of runs."""

import io
import tarfile

from support import By, Keys, PageTestCase, until

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


class FourRunsTestCase(RunsTestCase):
    """Three runs of two models that completed, and one that failed."""

    @classmethod
    def fill(cls):
        for number, (name, model, lr, acc) in enumerate(
                [("a", "mlp", 0.1, 0.81), ("b", "mlp", 0.01, 0.93), ("c", "vit", 0.001, 0.87)]):
            cls.server.run(name, {"model": model, "lr": lr}, {"start": 1_790_000_000 + number},
                           [{"epoch": epoch, "loss": 1 / epoch + number, "acc": acc} for epoch in range(1, 6)],
                           {"acc": acc}, end=True)
        cls.server.run("d", {"model": "vit", "lr": 0.03}, {"start": 1_790_000_003}, error={"message": "out of memory"})


__all__ = ["FourRunsTestCase", "ROWS", "RunTestCase", "RunsTestCase", "tar_gzip"]
