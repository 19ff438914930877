"""What is run: siptally and its peers, what each is asked, and what it has to answer.

To add a peer: a line in the table that it belongs to, with what it prints and what it should have found.
"""

import csv
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
START = "2026-09-01"

Answer = dict[str, int]


@dataclass(frozen=True)
class Command:
    """A command on one set of data; it runs in the folder of that set."""

    name: str
    data: str
    argv: tuple[str, ...]
    # From what was printed, and the folder.
    answer: Callable[[str, Path], Answer]
    expected: Callable[[dict], Answer]
    # The program or the Python module without which it is skipped.
    needs: str
    # On so many processors alone.
    cores: int | None = None
    # A folder that has to be gone before each run.
    fresh: str | None = None
    # Whether it prints the seconds that count.
    times_itself: bool = False

    def is_installed(self) -> bool:
        if self.argv[0] == sys.executable:
            return find_spec(self.needs) is not None
        return shutil.which(self.needs) is not None

    def check(self, printed: str, folder: Path, truth: dict) -> None:
        """Raises `Wrong` where the answer is another than the truth."""
        found, expected = self.answer(printed, folder), self.expected(truth)
        if found != expected:
            raise Wrong(f"found {found}, and the truth is {expected}")


class Wrong(Exception):
    """A command that counted something else than there is."""


# What the truth says.


def users_and_platforms(truth: dict) -> Answer:
    return {"users": truth["users"], **truth["users_by_platform"]}


def users_and_categories(truth: dict) -> Answer:
    categories = {"generic": truth["generic_users"], "desktop": truth["desktop_users"]}
    return {**users_and_platforms(truth), **categories}


def billed(truth: dict) -> Answer:
    categories = {"generic": truth["generic_users"], "desktop": truth["desktop_users"]}
    return {name: users for name, users in categories.items() if users}


def users(truth: dict) -> Answer:
    return {"count": truth["users"]}


def lines(truth: dict) -> Answer:
    return {"count": truth["lines"]}


def accepted(truth: dict) -> Answer:
    return {"count": truth["registrations"]}


# What was found.


def a_number(printed: str, _: Path) -> Answer:
    return {"count": int(printed)}


def names_and_numbers(printed: str, _: Path) -> Answer:
    return {name: int(number) for name, number in map(str.split, printed.splitlines())}


def timed_json(printed: str, _: Path) -> Answer:
    found = json.loads(printed)
    del found["seconds"]
    return found


def summary(printed: str, _: Path) -> Answer:
    """The table of `users --summary`: names above, the total in the last line."""
    rows = printed.splitlines()
    names, totals = rows[0].split()[1:], rows[-1].split()[1:]
    return {name: int(total.replace(",", "")) for name, total in zip(names, totals, strict=True)}


def bill(_: str, folder: Path) -> Answer:
    """The users of each category in the bill, and that it is whole: its manifest comes last."""
    json.loads((folder / "bill/manifest.json").read_text())
    with (folder / f"bill/{START}/default/users.csv").open(newline="") as file:
        return dict(Counter(row["category"] for row in csv.DictReader(file)))


class Commands:
    """The tables, for one build of siptally."""

    def __init__(self, siptally: Path):
        self.siptally = str(siptally)

    def audit(self, data: str, cores: int | None = None) -> Command:
        """The distinct users per platform."""
        jobs = ("-j", str(cores)) if cores else ()
        argv = (self.siptally, "users", "--summary", "--quiet", "--max-reject", "0%", "--config", "book.toml")
        name = f"siptally users -j {cores}" if cores else "siptally users"
        return Command(
            name, data, (*argv, *jobs, "logs"), summary, users_and_categories, self.siptally, cores=cores
        )

    def bill(self, data: str) -> Command:
        """Everything: the bill with all its files."""
        argv = ("bill", "--quiet", "--max-reject", "0%", "--cycle", START, "--book", "book.toml", "--out", "bill")
        return Command(
            "siptally bill", data, (self.siptally, *argv, "logs"), bill, billed, self.siptally, fresh="bill"
        )

    @staticmethod
    def count(data: str, log: str, needle: str) -> Command:
        """The yardstick."""
        return Command(f"rg -c '{needle}'", data, ("rg", "-c", needle, log), a_number, accepted, "rg")

    @staticmethod
    def decompressed(data: str, program: str, suffix: str) -> Command:
        """Decompression and nothing but lines counted."""
        pipe = f"{program} logs/*.{suffix} | wc -l"
        return Command(pipe, data, ("sh", "-c", pipe), a_number, lines, program)

    @staticmethod
    def clickhouse(data: str, log: str) -> Command:
        return engine("ClickHouse", "clickhouse", "chdb", data, log)

    @staticmethod
    def others(data: str, log: str) -> list[Command]:
        """Who else counts on a log of the recommended line, beyond what has a target."""
        pipe = f"rg -o ' aor=\\S+' {log} | sort -u | wc -l"
        awk = ("mawk", "-f", str(HERE / "platforms.awk"), log)
        return [
            Command("wc -l", data, ("sh", "-c", f"wc -l < {log}"), a_number, lines, "wc"),
            Command("grep -c 'REG-OK'", data, ("grep", "-c", "REG-OK", log), a_number, accepted, "grep"),
            engine("Polars", "polars", "polars", data, log),
            engine("DuckDB", "duckdb", "duckdb", data, log),
            Command("mawk, one pass", data, awk, names_and_numbers, users_and_platforms, "mawk"),
            Command("rg -o | sort -u | wc -l", data, ("sh", "-c", pipe), a_number, users, "rg"),
        ]


def engine(name: str, key: str, module: str, data: str, log: str) -> Command:
    argv = (sys.executable, str(HERE / "engines.py"), key, log)
    return Command(name, data, argv, timed_json, users_and_platforms, module, times_itself=True)
