"""What is printed: the machine, the figures, the peers, as Markdown."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

# How programs tell their version; mawk takes no usual option for it.
PROGRAMS = {
    "ripgrep": ["rg", "--version"],
    "grep": ["grep", "--version"],
    "mawk": ["mawk", "-W", "version"],
    "coreutils": ["sort", "--version"],
    "gzip": ["gzip", "--version"],
    "zstd": ["zstd", "--version"],
}
MODULES = ["chdb", "polars", "duckdb"]

NOTES = """\
Medians of interleaved runs, page cache warm; every answer was checked against the truth of the made-up logs.
ripgrep uses one thread on one file and only counts lines: it is the yardstick of a user, not a rival. Engines
in Python are timed by their query alone, without the start of interpreter and library; everything else from
the start of the process to its end. All run in the C locale. Anonymous memory is RssAnon, sampled every 2 ms
in the round that warms up, not in those that are timed.\
"""


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def machine(siptally: Path) -> dict:
    """The processor, the memory, the kernel, and the versions of what is installed."""
    info = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    programs = {"siptally": [str(siptally), "--version"], **PROGRAMS}
    versions = {name: told_version(argv) for name, argv in programs.items() if shutil.which(argv[0])}
    versions |= {name: version(name) for name in MODULES if is_installed(name)}
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory_bytes() / 1e9, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "versions": versions,
    }


def told_version(argv: list[str]) -> str:
    told = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    found = re.search(r"\d+(\.\d+)+", told.stdout)
    return found[0] if found else "of unknown version"


def is_installed(module: str) -> bool:
    try:
        return bool(version(module))
    except ModuleNotFoundError:
        return False


def markdown(found: dict) -> str:
    """The report, from what `run.py` writes as JSON."""
    about = found["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    lines = [
        f"{about['processor']}, {about['cores']} cores, {about['memory_gb']} GB of memory, {about['kernel']};",
        f"{versions}. Scale {found['scale']}, rounds: {found['rounds']}.",
        "",
        "| figure | siptally | against | is | must | aim | reached |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in found["figures"]:
        note = f" ({row['note']})" if row["note"] else ""
        unit = f" {row['unit']}" if row["unit"] else ""
        lines.append(
            f"| {row['label']}{note} | {time(row['siptally_seconds'])} | {time(row['peer_seconds'])} "
            f"| {number(row['value'])}{unit} | {row['must']:g} | {row['aim']:g} | {row['reached']} |"
        )
    if found["peers"]:
        lines += [
            "",
            "| on the dense log | median | siptally ÷ it | whole process |",
            "|---|---:|---:|---:|",
        ]
        for row in found["peers"]:
            name = row["name"].replace("|", "\\|")
            whole = time(row["process_seconds"])
            lines.append(f"| {name} | {time(row['seconds'])} | {number(row['ratio'])} | {whole} |")
    lines += ["", NOTES]
    if found["scale"] < 1:
        lines.append("The targets are for scale 1: on smaller logs the start of a program weighs more than its work.")
    lines += [f"{text}." for text in found["remarks"]]
    lines += [f"\n**ERROR**: {text}" for text in found["errors"]]
    return "\n".join(lines) + "\n"


def time(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f} s"


def number(value: float) -> str:
    return f"{value:.2f}" if value < 20 else f"{value:.0f}"
