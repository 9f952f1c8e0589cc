#!/usr/bin/env python3
"""Tables of ratios from what run.py wrote: report.py OUT.jsonl… (of two lines of the same kind the later one)."""
import json
import sys

rows = {}
for path in sys.argv[1:]:
    with open(path) as file:
        for line in file:
            row = json.loads(line)
            rows[row["subject"], row["kind"]] = row
names = list(dict.fromkeys(name for name, _ in rows))
kinds = list(dict.fromkeys(kind for _, kind in rows))


def table(title, cell):
    print(f"### {title}\n\n| | " + " | ".join(kinds) + " |\n|" + " --- |" * (len(kinds) + 1))
    for name in names:
        print(f"| {name} | " + " | ".join(cell(rows[name, kind]) if (name, kind) in rows else "" for kind in kinds) + " |")
    print()


def ratio(of, to):
    value = of["cpu_ms"] / to["cpu_ms"] if to["cpu_ms"] else float("nan")
    return f"{value:.2f}" if value >= 0.1 else f"1/{1 / value:.0f}" if value else "0"


table("CPU of a call, ms", lambda r: f"{r['cpu_ms']:.4f}")
for base in ("nginx", "hyper", "node-soap"):
    if base in names:
        table(f"CPU of a call, in that of {base}", lambda r: ratio(r, rows[base, r["kind"]]) if (base, r["kind"]) in rows else "")
table("Calls a second on one core; p50 and p99, ms", lambda r: f"{r['per_second']:.0f}; {r['p50']:.1f}, {r['p99']:.1f}")
table("Memory before and at most, MB", lambda r: f"{r['idle_mb']:.0f}, {r['peak_mb']:.0f}")
table("Start to the first answer, s", lambda r: f"{r['started']:.3f}")
