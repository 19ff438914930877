"""The figures that are to be reached: what is divided by what, and how far it may be."""

from collections.abc import Callable
from dataclasses import dataclass

from commands import Command, Commands
from data import Made
from measure import Result

KAMAILIO, ASTERISK = "logs/kamailio.log", "logs/full"


@dataclass(frozen=True)
class Taken:
    """What a command came to, and on what."""

    result: Result
    made: Made


@dataclass(frozen=True)
class Figure:
    # By which it is chosen.
    key: str
    label: str
    # Commands of one group run interleaved.
    group: str
    over: Command
    under: Command | None
    must: float
    aim: float
    value: Callable[[Taken, Taken | None], float]
    unit: str = ""
    more_is_better: bool = False

    def commands(self) -> list[Command]:
        return [command for command in (self.over, self.under) if command]

    def verdict(self, value: float) -> str:
        reaches = lambda target: value >= target if self.more_is_better else value <= target
        return "aim" if reaches(self.aim) else "must" if reaches(self.must) else "**no**"


def seconds(over: Taken, under: Taken) -> float:
    return over.result.median / under.result.median


def gigabytes_per_second(over: Taken, _: None) -> float:
    return over.made.truth["bytes"] / 1e9 / over.result.median


def seconds_per_registration(over: Taken, under: Taken) -> float:
    each = lambda taken: taken.result.median / taken.made.truth["registrations"]
    return each(over) / each(under)


def bytes_per_user(over: Taken, _: None) -> float:
    return over.result.anon_bytes / over.made.truth["users"] - over.made.key_bytes


def peak_megabytes(over: Taken, _: None) -> float:
    return over.result.anon_bytes / 1e6


def figures(commands: Commands) -> list[Figure]:
    """The table, in the order in which it is printed."""
    audit, count = commands.audit, commands.count
    dense = audit("dense")
    needle = count("dense", KAMAILIO, "REG-OK")
    zcat = commands.decompressed("gzip", "zcat", "gz")
    zstdcat = commands.decompressed("zstd", "zstdcat", "zst")

    def ratio(key, label, group, over, under, must, aim):
        return Figure(key, label, group, over, under, must, aim, seconds)

    return [
        ratio("dense", "dense log, distinct users per platform ÷ `rg -c`", "dense", dense, needle, 1.3, 1.0),
        ratio("clickhouse", "same ÷ ClickHouse", "dense", dense, commands.clickhouse("dense", KAMAILIO), 0.15, 0.12),
        ratio(
            "noise", "80 % noise ÷ `rg -c`", "noise",
            audit("noise"), count("noise", KAMAILIO, "REG-OK"), 1.1, 0.8,
        ),
        ratio(
            "rare", "99 % noise ÷ `rg -c`", "rare",
            audit("rare"), count("rare", KAMAILIO, "REG-OK"), 0.7, 0.55,
        ),
        ratio("own-line", "an operator's own line ÷ the built-in", "dense", audit("own-line"), dense, 1.3, 1.1),
        ratio("hosts", "50 hosts that write in turn ÷ one host", "dense", audit("hosts"), dense, 1.4, 1.2),
        ratio(
            "pjsip", "Asterisk PJSIP, 80 % noise ÷ `rg -c 'Added contact'`", "pjsip",
            audit("pjsip"), count("pjsip", ASTERISK, "Added contact"), 1.4, 1.0,
        ),
        ratio("bill", "whole bill, all CSVs ÷ `rg -c`", "dense", commands.bill("dense"), needle, 3.0, 2.0),
        Figure(
            "dump", "SIP dumps, one core", "dump", audit("dump", 1), None, 1.0, 2.0,
            gigabytes_per_second, "GB/s", more_is_better=True,
        ),
        ratio("gzip", "8 × .gz ÷ `zcat *.gz \\| wc -l`", "gzip", audit("gzip"), zcat, 0.30, 0.25),
        ratio("zstd", "8 × .zst ÷ `zstdcat *.zst \\| wc -l`", "zstd", audit("zstd"), zstdcat, 0.6, 0.5),
        Figure(
            "cores", "1 core → 2 cores", "dense", audit("dense", 1), audit("dense", 2), 1.8, 1.9,
            seconds, "×", more_is_better=True,
        ),
        Figure(
            "tenfold", "10 × the lines, same users", "tenfold", audit("tenfold"), dense, 10.3, 10.0, seconds, "×",
        ),
        Figure(
            "users", "100 k → 10 M users, time per registration", "users",
            audit("many-users"), audit("few-users"), 2.0, 1.6, seconds_per_registration, "×",
        ),
        Figure(
            "user-memory", "anonymous memory per distinct user, 10 M users, beyond the key", "users",
            audit("many-users"), None, 128, 96, bytes_per_user, "bytes",
        ),
        Figure(
            "memory", "peak anonymous memory, 10 GB, 1,000 users", "memory",
            audit("long"), None, 64, 32, peak_megabytes, "MB",
        ),
    ]


# Figures that take tens of gigabytes and many minutes.
LARGE = {"users", "user-memory", "memory"}
