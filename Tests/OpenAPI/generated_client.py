"""Makes a client of openapi.yaml with openapi-python-client, and has it do all that a run needs against the real server.

    generated_client.py openapi.yaml RUNDIR

RUNDIR is the server's executable, such as .build/debug/rundir.
"""

import contextlib
import importlib
import io
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

from serving import serving

# All that the generator may say. It makes an operation without the bodies and replies whose content type it cannot send or read.
SAID = [
    r"Generating .*",
    r"Warning\(s\) encountered while generating. Client was generated, but some pieces may be missing",
    r"WARNING parsing .*",
    r"Unsupported content type (application/(x-ndjson|gzip|x-tar|zip)|text/(csv|plain)|\*/\*)",
    r"Cannot parse response for status code .* \(Unsupported content_type application/(gzip|yaml)\), "
    r"response will be omitted from generated client",
    # The part of the description that a warning is about.
    r"\{\n(?: .*\n)*\}",
    r"If you believe this was a mistake .*",
]


def generate(description, folder):
    """Makes the client; anything that the generator finds wrong with the description is an error."""
    # Its formatter, ruff, is installed beside it.
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--path", description, "--output-path", f"{folder}/client"],
        env=os.environ | {"PATH": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert made.returncode == 0, made.stdout
    other = re.sub("|".join(f"^(?:{line})$" for line in SAID), "", made.stdout, flags=re.MULTILINE)
    assert not other.strip(), other.strip()
    sys.path.insert(0, f"{folder}/client")
    return importlib.import_module("rundir_client")


class Session:
    """Calls operations of the client by their names."""

    def __init__(self, package, url):
        self.client = package.Client(base_url=url)
        self.models = importlib.import_module("rundir_client.models")
        self.file = importlib.import_module("rundir_client.types").File
        self.tags = [file.parent.name for file in pathlib.Path(package.__path__[0], "api").glob("*/__init__.py")]

    def call(self, name, *arguments, status, **parameters):
        """The reply of an operation; it has to have the status."""
        for tag in self.tags:
            with contextlib.suppress(ModuleNotFoundError):
                operation = importlib.import_module(f"rundir_client.api.{tag}.{name}")
        reply = operation.sync_detailed(*arguments, client=self.client, **parameters)
        assert reply.status_code == status, (name, reply.status_code, reply.content)
        return reply

    def model(self, name, value):
        return getattr(self.models, name).from_dict(value)

    def bytes(self, content, name="upload"):
        return self.file(payload=io.BytesIO(content), file_name=name)


def archive():
    """A tar.gz of a script."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("train.py")
        entry.size = 8
        tar.addfile(entry, io.BytesIO(b"train()\n"))
    return packed.getvalue()


def write_all(session):
    """A run with every type of metadata."""
    model = session.model
    start = model("NewRun", {"flags": {"lr": 0.1, "opt": {"name": "adam"}}, "properties": {"samples": 48000}, "script": "train.py"})
    run = session.call("create_run", body=start, status=201).parsed
    assert run.status == session.models.RunStatus.RUNNING
    assert run["flag_lr"] == 0.1 and run["flag_opt.name"] == "adam" and run["samples"] == 48000
    name = run.run

    session.call("write_flags", name, body=model("Flags", {"lr": 0.1, "layers": [64, 1]}), status=201)
    flags = session.call("merge_flags", name, body=model("MergePatch", {"batch_size": 32}), status=200).parsed
    assert flags.to_dict() == {"lr": 0.1, "layers": [64, 1], "batch_size": 32}
    assert session.call("read_flags", name, status=200).parsed == flags

    session.call("write_properties", name, body=model("Properties", {"model": "resnet50", "note": "first"}), status=201)
    session.call("merge_properties", name, body=model("MergePatch", {"note": None}), status=200)
    properties = session.call("read_properties", name, status=200).parsed
    assert properties["model"] == "resnet50" and properties["samples"] == "48000" and "note" not in properties

    row = {"step": 1, "loss": 0.5, "acc": "NaN"}
    session.call("write_metrics", name, body=model("MetricsRow", row), status=201)
    rows = [model("MetricsRow", {"step": step, "loss": 1 / step, "acc": None}) for step in (2, 4)]
    session.call("write_metrics", name, body=rows, status=201)
    frame = {"step": [4, 5], "loss": [0.25, "-Inf"], "acc": [0.5, 0.75]}
    session.call("write_metrics", name, body=model("MetricsFrame", frame), status=201)
    metrics = session.call("read_metrics", name, status=200).parsed
    assert metrics.to_dict() == {
        "step": [1, 2, 4, 5], "loss": [0.5, 0.5, 0.25, "-Inf"], "acc": ["NaN", None, 0.5, 0.75]}, metrics
    assert metrics["acc"][0] == session.models.NonFinite.NOT_A_NUMBER
    few = session.call("query_metrics", name, columns="loss", after=2, status=200).parsed
    assert few.to_dict() == {"loss": [0.25, "-Inf"]}, few
    listed = session.call("query_metrics", name, format_=session.models.QueryMetricsFormat.ROWS, after=4, status=200).parsed
    assert [item.to_dict() for item in listed] == [{"step": 5, "loss": "-Inf", "acc": 0.75}], listed

    report = {"acc": 0.97, "auc": "Inf", "cat": {"precision": 0.5}, "confusion": [[5, 1], [0, 9]]}
    session.call("write_evaluation", name, body=model("Evaluation", report), status=201)
    session.call("merge_evaluation", name, body=model("MergePatch", {"acc": 0.98}), status=200)
    assert session.call("read_evaluation", name, status=200).parsed.to_dict() == report | {"acc": 0.98}

    session.call("write_output", name, body=session.bytes(b"epoch 1\n"), status=201)
    session.call("write_output", name, body=session.bytes("épo".encode()), status=201)
    assert session.call("read_output", name, status=200).parsed == "epoch 1\népo"
    assert session.call("tail_output", name, after=8, status=200).parsed == "épo"

    session.call("write_source", name, body=session.bytes(archive()), status=201)
    packed = session.call("read_source", name, status=200).content
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert tar.extractfile("source/train.py").read() == b"train()\n"
    form = session.models.SourceForm(file=[session.bytes(b"a = 1\n", "train.py"), session.bytes(b"b = 2\n", "lib.py")])
    session.call("write_source", name, body=form, status=201)
    with tarfile.open(fileobj=io.BytesIO(session.call("read_source", name, status=200).content)) as tar:
        assert sorted(tar.getnames()) == ["source/lib.py", "source/train.py"], tar.getnames()

    session.call("write_custom_metadata", name, "notes", body=model("CustomDocument", {"seen": [1, {"a": None}]}), status=201)
    assert session.call("read_custom_metadata", name, "notes", status=200).parsed.to_dict() == {"seen": [1, {"a": None}]}
    session.call("merge_custom_metadata", name, "notes", body=model("MergePatch", {"by": "me"}), status=200)
    types = session.call("list_metadata", name, status=200).parsed.metadata
    assert {entry.type_ for entry in types} == {
        "flags", "properties", "metrics", "evaluation", "source", "output", "notes"}, types

    several = model("ManyMetadata", {"flags": {"lr": 0.2}, "metrics": [{"step": 6, "loss": 0.1}], "notes": {"by": "you"}})
    session.call("write_many_metadata", name, body=several, status=201)
    assert session.call("read_flags", name, status=200).parsed.to_dict() == {"lr": 0.2}
    return name


def write_files(session, name):
    """Artifacts, in folders too."""
    session.call("write_file", name, "models/net.pt", body=session.bytes(b"\0weights\xff"), status=201)
    assert session.call("read_file", name, "models/net.pt", status=200).parsed.payload.read() == b"\0weights\xff"
    files = session.call("list_files", name, status=200).parsed.files
    assert {"models", "tfruns.d"} == {entry.path for entry in files}, files
    session.call("remove_file", name, "models/net.pt", status=204)
    assert len(session.call("read_bundle", name, status=200).content) > 100


def end(session, name):
    """Completed, resumed, failed, archived; and what is refused."""
    model = session.model
    done = session.call("complete_run", name, body=model("RunEnd", {"evaluation": {"acc": 0.99}}), status=200).parsed
    assert done.status == session.models.RunStatus.COMPLETED and done.completed is True and done["eval_acc"] == 0.99
    assert session.call("resume_run", name, status=200).parsed.status == session.models.RunStatus.RUNNING

    failure = {"message": "loss is NaN", "traceback": ["check(loss)", "train()"], "code": 7}
    session.call("write_error", name, body=model("RunError", failure), status=201)
    assert session.call("read_error", name, status=200).parsed.to_dict() == failure
    failed = session.call("read_run", name, status=200).parsed
    assert failed.status == session.models.RunStatus.FAILED and failed.error_message == "loss is NaN"
    problem = session.call("complete_run", name, status=409).parsed
    assert problem.type_ == "/problems/run-ended" and problem.status == 409, problem
    session.call("remove_error", name, status=204)

    session.call("initialise_run", "other", body=model("NewRun", {"flags": {"lr": 9, "tuned": True}}), status=201)
    page = session.call("list_runs", where="flag_lr > 0.1", order="-flag_lr", status=200).parsed
    assert [run.run for run in page.runs] == ["other", name] and page.runs[0]["flag_tuned"] is True
    # The client sends the step behind the metrics, so that it is the last column, with five values.
    assert page.runs[1]["metric_loss"] == 0.1 and page.runs[1].steps_completed == 5, page.runs[1]
    page = session.call("list_runs", columns="run,min_loss", limit=1, status=200).parsed
    assert page.next_ and session.call("list_runs", columns="run,min_loss", limit=1, cursor=page.next_, status=200).parsed.runs
    compared = session.call("compare_runs", runs=f"{name},other", status=200).parsed
    assert compared.flags["lr"] == [0.2, 9], compared

    archived = session.call("archive_run", name, status=200).parsed
    assert archived.status == session.models.RunStatus.ARCHIVED
    refused = session.call("write_flags", name, body=model("Flags", {"lr": 1}), status=409).parsed
    assert refused.type_ == "/problems/run-archived", refused
    planned = session.call("purge_runs", where="TRUE", status=200).parsed
    assert planned.dry_run is True and planned.runs == [name], planned
    session.call("purge_run", name, status=204)
    assert session.call("read_run", name, status=404).parsed.type_ == "/problems/unknown-run"


def wait_for_a_run(session):
    """Metadata that is sent before its run."""
    model = session.model
    pending = session.call("write_flags", "later", body=model("Flags", {"lr": 0.3}), status=202).parsed
    assert pending.status == session.models.PendingStatus.PENDING and "/runs/later" in pending.detail, pending
    assert session.call("initialise_run", "later", status=201).parsed["flag_lr"] == 0.3
    wrong = session.call("write_metrics", "later", body=model("MetricsRow", {"acc": "high"}), status=422).parsed
    assert wrong.type_ == "/problems/invalid-content" and wrong.pointer, wrong


def look_at_the_server(session):
    assert session.call("read_health", status=200).parsed.status == session.models.HealthStatus.OK
    assert session.call("read_readiness", status=200).parsed.status == session.models.ReadinessStatus.READY
    assert "rundir_ready 1" in session.call("read_server_metrics", status=200).parsed
    assert session.call("read_version", status=200).parsed.name == "rundir"
    assert "notes" in [description.type_ for description in session.call("list_types", status=200).parsed.types]
    assert "404" in session.call("read_problem", "unknown-run", status=200).parsed
    assert session.call("read_open_api_as_json", status=200).parsed["openapi"].startswith("3.1")


def main(description, executable):
    with tempfile.TemporaryDirectory() as folder:
        package = generate(description, folder)
        with serving(executable, folder) as url:
            session = Session(package, url)
            name = write_all(session)
            write_files(session, name)
            end(session, name)
            wait_for_a_run(session)
            look_at_the_server(session)
    print("the client that openapi-python-client makes of openapi.yaml does all that a run needs")


if __name__ == "__main__":
    main(*sys.argv[1:])
