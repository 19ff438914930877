"""ClickHouse, Polars and DuckDB on the dense log: `engines.py ENGINE FILE`.

Each counts the distinct users, and the distinct users of each platform by regular expressions on the
User-Agent, and nothing else. Printed is JSON: `seconds`, which is the query alone without the start of the
interpreter and of the library, and `users`, and every platform.

To add an engine: a function with its query, a line in ENGINES, and one in `commands.py`.
"""

import json
import sys
import time

# Platforms and what tells them, in the order in which they are asked.
RULES = [
    ("push-proxy", "SIPIS"),
    ("android", "Android"),
    ("ios", "iOS"),
    ("windows", "Windows|MicroSIP"),
    ("macos", "macOS|^Telephone "),
    ("linux", "linux"),
    ("hardphone", "^(Yealink|Grandstream|snom)"),
]
AOR, AGENT = r" aor=(\S+)", r" ua=(.*)$"


def case(matches: str) -> str:
    """The rules as SQL; `matches` is the test of one, with its regular expression left open."""
    arms = " ".join(f"WHEN {matches.format(regex)} THEN '{name}'" for name, regex in RULES)
    return f"CASE {arms} ELSE 'unknown' END"


def clickhouse(path: str):
    import chdb

    # Begins the engine; the clock starts afterwards.
    chdb.query("SELECT 1")
    # The quickest of several ways to ask: the rules run once for each distinct User-Agent, which is found
    # without a regular expression.
    query = f"""
        SELECT platform, uniqExact(aor) FROM (
            SELECT extract(line, ' aor=([^ ]+)') AS aor,
                   toLowCardinality(substring(line, position(line, ' ua=') + 4)) AS agent,
                   {case("match(agent, '{}')")} AS platform
            FROM file('{path}', LineAsString, 'line String')
            WHERE line LIKE '% REG-OK %')
        GROUP BY platform WITH TOTALS"""

    def run():
        # Comma-separated: the platforms, an empty line, the total.
        *platforms, _, total = str(chdb.query(query, "CSV")).strip().splitlines()
        rows = {name.strip('"'): int(users) for name, users in (row.split(",") for row in platforms)}
        return {"users": int(total.split(",")[1]), **rows}

    return run


def polars(path: str):
    import polars as pl

    agent = pl.col("agent")
    platform = pl.lit("unknown")
    for name, regex in reversed(RULES):
        platform = pl.when(agent.str.contains(regex)).then(pl.lit(name)).otherwise(platform)
    # One column: the separator occurs in no log.
    log = pl.scan_csv(path, has_header=False, separator="\x01", quote_char=None, new_columns=["line"])
    pairs = (
        log.filter(pl.col("line").str.contains(" REG-OK ", literal=True))
        .select(pl.col("line").str.extract(AOR).alias("aor"), pl.col("line").str.extract(AGENT).alias("agent"))
        .select("aor", platform.alias("platform"))
        .unique()
    )

    def run():
        found = pairs.collect()
        rows = found.group_by("platform").len().rows()
        return {"users": found["aor"].n_unique(), **dict(rows)}

    return run


def duckdb(path: str):
    import duckdb as engine

    connection = engine.connect()
    query = f"""
        WITH pairs AS (
            SELECT DISTINCT aor, {case("regexp_matches(agent, '{}')")} AS platform FROM (
                SELECT regexp_extract(line, '{AOR}', 1) AS aor, regexp_extract(line, '{AGENT}', 1) AS agent
                FROM read_csv('{path}', columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '',
                              header = false, auto_detect = false)
                WHERE contains(line, ' REG-OK ')))
        SELECT 'users', count(DISTINCT aor) FROM pairs
        UNION ALL SELECT platform, count(*) FROM pairs GROUP BY platform"""
    return lambda: dict(connection.execute(query).fetchall())


ENGINES = {"clickhouse": clickhouse, "polars": polars, "duckdb": duckdb}

if __name__ == "__main__":
    query = ENGINES[sys.argv[1]](sys.argv[2])
    begin = time.perf_counter()
    answer = query()
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, **answer}))
