"""Runs a command once, with a clock beside it; and the medians of many runs."""

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

# The C locale is what `sort` and `grep` are quickest in; of a panic the message is enough.
ENVIRONMENT = {**os.environ, "LC_ALL": "C", "RUST_BACKTRACE": "0"}
# How often memory is looked at.
SAMPLE_SECONDS = 0.002


class Failed(Exception):
    """A command that ended with another status than 0."""


@dataclass
class Result:
    """All runs of one command."""

    seconds: list[float] = field(default_factory=list)
    # Of the whole process, where `seconds` is what it measured itself.
    process_seconds: list[float] = field(default_factory=list)
    anon_bytes: int | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def run(argv: list[str], folder: Path, cores: int | None) -> tuple[float, str]:
    """Seconds from start to end, and what was printed. With `cores`, on so many of them alone."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        begin = time.perf_counter()
        process = start(argv, folder, cores, out, errors)
        status = process.wait()
        seconds = time.perf_counter() - begin
        return seconds, printed(status, out, errors)


def anon_bytes(argv: list[str], folder: Path, cores: int | None) -> tuple[int, str]:
    """The most anonymous memory that the process held, and what was printed.

    It is RssAnon of /proc/PID/status, sampled: the maximum that the kernel keeps (VmHWM) counts
    the pages of mapped files too. A peak shorter than the time between two samples is missed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = start(argv, folder, cores, out, errors)
        peak = 0
        while process.poll() is None:
            peak = max(peak, rss_anon(process.pid))
            time.sleep(SAMPLE_SECONDS)
        return peak, printed(process.returncode, out, errors)


def start(argv, folder, cores, out, errors) -> subprocess.Popen:
    chosen = set(sorted(os.sched_getaffinity(0))[:cores]) if cores else None
    pin = (lambda: os.sched_setaffinity(0, chosen)) if chosen else None
    return subprocess.Popen(
        argv, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, preexec_fn=pin
    )


def printed(status, out, errors) -> str:
    if status != 0:
        errors.seek(0)
        text = errors.read(2000).decode(errors="replace").strip()
        raise Failed(f"ended with {status}: {text}")
    out.seek(0)
    return out.read().decode()


def rss_anon(pid: int) -> int:
    """In bytes; 0 when the process is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
