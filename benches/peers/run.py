"""siptally against everything else that is installed, on made-up logs: `make bench-peers`.

    python3 benches/peers/run.py --scale 0.05 --only dense,gzip

`figures.py` has the table of what is measured, `commands.py` what is run for it, `data.py` the logs. Only the
standard library is needed; ClickHouse (`chdb`), `polars` and `duckdb` are used where this Python has them.
"""

import argparse
import json
import os
import random
import sys
from pathlib import Path

# Nothing is written beside the sources.
sys.dont_write_bytecode = True

import data
import measure
import table
from commands import Command, Commands, Wrong
from figures import KAMAILIO, LARGE, Figure, Taken, figures

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    args = arguments()
    commands = Commands(args.siptally.resolve())
    all_figures = figures(commands)
    known = [figure.key for figure in all_figures] + ["peers"]
    only = args.only.split(",") if args.only else [key for key in known if key not in LARGE or args.large]
    unknown = set(only) - set(known)
    if unknown:
        print(f"--only: {', '.join(sorted(unknown))}: none of {', '.join(known)}", file=sys.stderr)
        return 2
    bench = Bench(args, [figure for figure in all_figures if figure.key in only])
    others = []
    if "peers" in only:
        others = [commands.audit("dense"), *commands.others("dense", KAMAILIO)]
    bench.take(others)
    found = bench.found(others)
    if args.json:
        args.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    text = table.markdown(found)
    if args.out:
        args.out.write_text(text)
    print(text, end="")
    return 1 if bench.errors else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="siptally against everything else that is installed")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full size: 1.0 has 5 million lines")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds, after one that warms up")
    parser.add_argument("--only", help="figures to take, separated by commas; `peers` are those without a target")
    parser.add_argument("--large", action="store_true", help="also what takes tens of gigabytes")
    parser.add_argument("--keep", action="store_true", help="keep logs of more than 4 GB when they are measured")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--siptally", type=Path, default=ROOT / "target/release/siptally")
    parser.add_argument("--data", type=Path, default=ROOT / "target/bench-peers/data", help="where the logs are made")
    args = parser.parse_args()
    if args.scale <= 0 or args.rounds < 1:
        parser.error("--scale: above 0; --rounds: at least 1")
    if not args.siptally.exists():
        parser.error(f"{args.siptally}: not there; `make bench-peers` builds it")
    return args


def tell(text: str) -> None:
    print(f"bench-peers: {text}", file=sys.stderr, flush=True)


class Bench:
    """What is measured, and what it came to."""

    def __init__(self, args: argparse.Namespace, wanted: list[Figure]):
        self.args = args
        self.figures = wanted
        self.sets = data.sets(args.scale, table.memory_bytes())
        # By group, command and data: a ratio is taken of runs that took turns.
        self.taken: dict[tuple[str, str, str], Taken] = {}
        self.remarks: list[str] = []
        # Who counted wrong, or not to the end: such a command is in no row.
        self.errors: list[str] = []

    def take(self, others: list[Command]) -> None:
        """Runs everything, a group after the other."""
        load = os.getloadavg()[0]
        if load > 0.5:
            self.remark(f"Other programs were at work: the load was {load:.1f} when it began")
        groups: dict[str, list[Command]] = {}
        for figure in self.figures:
            groups.setdefault(figure.group, []).extend(figure.commands())
        if others:
            groups.setdefault("dense", []).extend(others)
        for name, commands in groups.items():
            tell(name)
            self.take_group(name, commands)

    def take_group(self, group: str, commands: list[Command]) -> None:
        """Runs commands in turns, so that what slows the machine for a while slows all of them."""
        # A command of several figures runs once; in the order in which they came.
        commands = {(command.name, command.data): command for command in commands}.values()
        made = self.make({command.data for command in commands})
        turns: list[tuple[Command, Taken]] = []
        for command in commands:
            if not command.is_installed():
                self.remark(f"Skipped: {command.name}, for {command.needs} is not installed")
            elif command.data in made:
                turns.append((command, Taken(measure.Result(), made[command.data])))
        for number in range(1 + self.args.rounds):
            # In another order each time, so that nobody has always the same one before.
            for command, taken in random.Random(number).sample(turns, len(turns)):
                try:
                    self.run(command, taken, is_warm_up=number == 0)
                # The last three are answers that nobody understands.
                except (Wrong, measure.Failed, ValueError, LookupError, OSError) as error:
                    self.errors.append(f"{command.name} on {command.data}: {error}")
                    tell(f"ERROR: {self.errors[-1]}")
                    turns.remove((command, taken))
        self.taken |= {(group, command.name, command.data): taken for command, taken in turns}
        for name in made:
            if self.sets[name].bytes > data.LASTING_BYTES and not self.args.keep:
                data.remove(name, self.args.data)

    def make(self, names: set[str]) -> dict[str, data.Made]:
        made = {}
        for name in sorted(names):
            try:
                made[name] = data.make(self.sets[name], self.args.data, self.args.siptally.resolve(), tell)
            except data.Unfit as error:
                self.remark(f"Skipped: all on {name}, which {error}")
                continue
            if self.sets[name].bytes > 0.7 * table.memory_bytes():
                self.remark(f"The log `{name}` does not fit the page cache: it was read from the disk")
        return made

    def run(self, command: Command, taken: Taken, is_warm_up: bool) -> None:
        folder = taken.made.folder
        if command.fresh:
            data.remove(command.fresh, folder)
        argv = list(command.argv)
        if is_warm_up:
            taken.result.anon_bytes, printed = measure.anon_bytes(argv, folder, command.cores)
        else:
            seconds, printed = measure.run(argv, folder, command.cores)
            taken.result.process_seconds.append(seconds)
            own = json.loads(printed)["seconds"] if command.times_itself else seconds
            taken.result.seconds.append(own)
        command.check(printed, folder, taken.made.truth)

    def remark(self, text: str) -> None:
        tell(text)
        self.remarks.append(text)

    def of(self, group: str, command: Command) -> Taken | None:
        return self.taken.get((group, command.name, command.data))

    def found(self, others: list[Command]) -> dict:
        """Everything measured, ready for JSON."""
        rows = []
        for figure in self.figures:
            taken = [self.of(figure.group, command) for command in figure.commands()]
            if all(taken):
                over, under = (*taken, None)[:2]
                rows.append(self.row(figure, over, under))
        peers = []
        ours = self.of("dense", others[0]) if others else None
        for command in others:
            taken = self.of("dense", command)
            if ours and taken:
                result = taken.result
                whole = measure.Result(result.process_seconds).median if command.times_itself else None
                ratio = ours.result.median / result.median
                peers.append(
                    {"name": command.name, "seconds": result.median, "ratio": ratio, "process_seconds": whole}
                )
        runs = [
            {"group": group, "name": name, "data": log, **vars(taken.result)}
            for (group, name, log), taken in self.taken.items()
        ]
        return {
            "machine": table.machine(self.args.siptally.resolve()),
            "scale": self.args.scale,
            "rounds": self.args.rounds,
            "figures": rows,
            "peers": peers,
            "remarks": self.remarks,
            "errors": self.errors,
            "runs": runs,
        }

    def row(self, figure: Figure, over: Taken, under: Taken | None) -> dict:
        value = figure.value(over, under)
        return {
            "key": figure.key,
            "label": figure.label,
            "note": self.sets[figure.over.data].note,
            "siptally_seconds": over.result.median,
            "peer_seconds": under.result.median if under else None,
            "value": value,
            "unit": figure.unit,
            "must": figure.must,
            "aim": figure.aim,
            "reached": figure.verdict(value),
        }


if __name__ == "__main__":
    sys.exit(main())
