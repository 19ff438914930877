"""The logs that are measured on: what `siptally gen` is asked for, and its right answer.

A set of data is a folder below the data folder. It holds what `gen` wrote (`made/`) and, as its last file,
`options.json`: the options and the version of the program, so that a set is made again when either changed.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# Sets above this size are removed once their figures are taken, unless they are to be kept.
LASTING_BYTES = 4e9
# Room that is left on the disk.
SPARE_BYTES = 2e9

LINES, USERS = 5_000_000, 500_000
# Bytes of a line of the recommended kind, about.
LINE_BYTES = 240


class Unfit(Exception):
    """This machine cannot hold the set."""


@dataclass(frozen=True)
class Set:
    """A log, or several, of one kind."""

    name: str
    options: tuple[str, ...]
    # About so large, compressed or not as it lies on the disk.
    bytes: float
    note: str = ""


@dataclass(frozen=True)
class Made:
    """A set that is there."""

    folder: Path
    truth: dict = field(repr=False)
    # The mean length of a SIP-ID, for sets of the recommended line; taken while the logs are there.
    key_bytes: float = 0.0

    def logs(self) -> list[str]:
        """The logs, as paths below the folder."""
        paths = (self.folder / "logs").iterdir()
        return sorted(str(path.relative_to(self.folder)) for path in paths)


def sets(scale: float, memory_bytes: float) -> dict[str, Set]:
    """Every set by its name, at that part of the full size, for a machine with so much memory."""

    def count(full, least=20):
        return max(least, round(full * scale))

    def lines(name, lines, users, *more, each=LINE_BYTES, note=""):
        options = ("--lines", str(count(lines, 1000)), "--users", str(count(users)), *more)
        return Set(name, options, count(lines, 1000) * each, note)

    def size(name, gigabytes, users, *more):
        size = count(gigabytes * 1e9, 100_000)
        return Set(name, ("--size", f"{size}B", "--users", str(count(users)), *more), size)

    # As many registrations each as leave the larger log in the page cache, 20 at the most; fewer of them
    # make the comparison harder, for each user has a first one.
    many = count(10_000_000)
    each = int(min(20, max(2, 0.5 * memory_bytes / LINE_BYTES / many)))
    note = f"{each} registrations each"
    rotated = ("--files", "8", "--compress")
    found = [
        lines("dense", LINES, USERS),
        lines("own-line", LINES, USERS, "--format", "own-line"),
        lines("hosts", LINES, USERS, "--hosts", "50"),
        lines("tenfold", 10 * LINES, USERS),
        lines("noise", 7_000_000, USERS, "--noise", "80%", each=170),
        lines("rare", 7_000_000, 30_000, "--noise", "99%", each=160),
        lines("pjsip", 7_000_000, USERS, "--format", "asterisk-pjsip", "--noise", "80%", each=130),
        size("dump", 1.1, 100_000, "--format", "sip-dump"),
        lines("gzip", LINES, USERS, *rotated, "gzip", each=45),
        lines("zstd", LINES, USERS, *rotated, "zstd", each=45),
        lines("few-users", 100_000 * each, 100_000, note=note),
        lines("many-users", 10_000_000 * each, 10_000_000, note=note),
        # The users stay a thousand at every scale: the memory is about them.
        Set("long", ("--size", f"{count(10e9, 100_000)}B", "--users", "1000"), 10e9 * scale),
    ]
    return {each.name: each for each in found}


def make(wanted: Set, root: Path, siptally: Path, tell) -> Made:
    """Makes the set below `root` if it is not there.

    Raises `Unfit` where the disk is too small.
    """
    version = subprocess.run([siptally, "--version"], capture_output=True, text=True, check=True).stdout
    # 30 days: one cycle, complete, and everybody is in it.
    options = ["--days", "30", "--no-truth-users", *wanted.options]
    stamp = {"version": version.strip(), "options": options}
    folder = root / wanted.name
    mark = folder / "options.json"
    if not mark.exists() or json.loads(mark.read_text()) != stamp:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        free = shutil.disk_usage(folder).free
        if free < 1.1 * wanted.bytes + SPARE_BYTES:
            raise Unfit(f"needs {wanted.bytes / 1e9:.0f} GB of disk and finds {free / 1e9:.0f} GB free")
        tell(f"making {wanted.name}: {' '.join(wanted.options)}")
        subprocess.run([siptally, "gen", "--quiet", "--out", folder / "made", *options], check=True)
        # What is still to be written to the disk would slow the first rounds.
        os.sync()
        mark.write_text(json.dumps(stamp))
    made = folder / "made"
    return Made(made, json.loads((made / "truth.json").read_text()), key_bytes(made))


def key_bytes(made: Path) -> float:
    """The mean length of a SIP-ID, by the first lines that have the field `aor`; 0 where none has."""
    with min((made / "logs").iterdir()).open("rb") as log:
        aors = [line.split(b" aor=")[1].split(b" ")[0] for line in log.readlines(4 << 20) if b" aor=" in line]
    return sum(map(len, aors)) / max(len(aors), 1)


def remove(name: str, root: Path) -> None:
    """Removes a set."""
    shutil.rmtree(root / name, ignore_errors=True)
