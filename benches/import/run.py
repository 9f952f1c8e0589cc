#!/usr/bin/env python3
"""How long and how large an import is: every service of the corpus, `castile import --dry-run` beside zeep's `Client(wsdl)`.

    target/foreign/py/bin/python benches/import/run.py ../shared/corpus --castile target/release/castile

One process for each file and side, one after the other, the better of `--rounds`. Wall time, processor time (user and system; what a busy
machine leaves of it is the fairer figure) and peak resident memory come from the ended child; memory below some 12 MB is not seen, because
a child begins as a copy of this script. The targets are told of the processes, as they are run. Beside that: the same without what either needs
to start (`castile --version`, `import zeep`), and zeep in one process for all files. Neither side may reach the network, so what zeep
would fetch it does not load. Exit code 1 where a target is missed.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

WALL_S, RSS_MB, SHARE = 2.0, 300.0, 0.5

LOADER = """
import logging, sys, time
import zeep
from zeep.transports import Transport
logging.disable(logging.CRITICAL)

class Offline(Transport):
    def _load_remote_data(self, url):
        raise OSError("not on the network")

def load(path):
    start = time.perf_counter(), time.process_time()
    try:
        zeep.Client(path, transport=Offline())
        said = "ok"
    except Exception as e:
        said = type(e).__name__
    return time.perf_counter() - start[0], time.process_time() - start[1], said
"""
ONE = LOADER + "print(load(sys.argv[1])[2])"
NONE = LOADER
ALL = LOADER + "for p in sys.argv[1:]: print(*load(p), sep='\\t', flush=True)"


class Run:
    """An ended child: seconds, processor seconds, peak MB, exit code, the output."""

    def __init__(self, argv, cwd):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.perf_counter()
            child = subprocess.Popen(argv, cwd=cwd, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            self.wall = time.perf_counter() - start
            child.returncode = self.code = os.waitstatus_to_exitcode(status)
            self.cpu = usage.ru_utime + usage.ru_stime
            self.rss = usage.ru_maxrss / 1024
            out.seek(0)
            err.seek(0)
            self.out, self.err = (f.read().decode("utf-8", "replace") for f in (out, err))


def best(runs):
    runs = list(runs)
    fastest = min(runs, key=lambda r: r.cpu)
    fastest.wall = min(r.wall for r in runs)
    fastest.rss = max(r.rss for r in runs)
    return fastest


def services(corpus, malformed):
    index = json.loads((corpus / "index.json").read_text())
    for name, entry in sorted(index.items()):
        if name.startswith("malformed/") == malformed:
            yield name, corpus / name / entry["root"]


def castile(binary, path, folder, *more):
    return Run([binary, "import", "--dry-run", "--dir", folder, *more, str(path)], folder)


def first_diagnostic(binary, path, folder):
    """The worst severity's first, on one line, and how many there are."""
    run = castile(binary, path, folder, "--output", "json")
    try:
        found = json.loads(run.out)["diagnostics"]
    except (ValueError, KeyError):
        place, said = re.search(r"╭─\[(.*?)\]", run.err), re.search(r"[×⚠☞] (.*)", run.err)
        code = (run.err.strip().splitlines() or ["nothing was said"])[0]
        return run, f"{place[1] if place else ''} {code}: {said[1] if said else ''}"[:160]
    if not found:
        return run, "no diagnostic"
    worst = min(found, key=lambda d: ["error", "warning", "note"].index(d["severity"]))
    place = ":".join(str(worst[k]) for k in ("document", "line", "column") if worst.get(k) is not None)
    return run, f"{place} {worst['severity']}[{worst['code']}] {worst['message'][:110]} ({len(found)} in all)"


def good(args, folder):
    rows = []
    print(f"{'service':44} {'castile s':>10} {'cpu s':>7} {'MB':>6}   {'zeep s':>8} {'cpu s':>7} {'MB':>6}")
    for name, path in services(args.corpus, False):
        pairs = [(castile(args.castile, path, folder), Run([sys.executable, "-c", ONE, str(path)], folder)) for _ in range(args.rounds)]
        ours, theirs = best(p[0] for p in pairs), best(p[1] for p in pairs)
        said = theirs.out.strip() or f"exit {theirs.code}"
        rows.append((name, path, ours, theirs, said))
        notes = ("" if said == "ok" else f"  zeep: {said}") + ("" if ours.code == 0 else f"  castile: exit {ours.code}: {first_diagnostic(args.castile, path, folder)[1]}")
        print(f"{name:44} {ours.wall:10.3f} {ours.cpu:7.3f} {ours.rss:6.0f}   {theirs.wall:8.3f} {theirs.cpu:7.3f} {theirs.rss:6.0f}{notes}", flush=True)
    inside = Run([sys.executable, "-c", ALL, *(str(r[1]) for r in rows)], folder)
    inside = [[float(c) for c in line.split("\t")[:2]] for line in inside.out.splitlines()]
    starts = [best(Run(argv, folder) for _ in range(9)) for argv in ([args.castile, "--version"], [sys.executable, "-c", NONE])]
    return rows, inside, starts


def summary(rows, inside, starts):
    both = [i for i, r in enumerate(rows) if r[4] == "ok" and r[2].code == 0]
    missed = []

    def target(text, ok):
        print(("met     " if ok else "MISSED  ") + text)
        if not ok:
            missed.append(text)

    print()
    print(f"{len(rows)} services; castile imports {sum(r[2].code == 0 for r in rows)}, zeep loads {sum(r[4] == 'ok' for r in rows)}, both {len(both)}")
    slow, large = max(rows, key=lambda r: r[2].wall), max(rows, key=lambda r: r[2].rss)
    target(f"slowest import: {slow[0]} {slow[2].wall:.3f} s (under {WALL_S:.0f} s)", slow[2].wall < WALL_S)
    target(f"largest import: {large[0]} {large[2].rss:.0f} MB (under {RSS_MB:.0f} MB)", large[2].rss < RSS_MB)
    for what, chosen in (("all", range(len(rows))), ("those that both load", both)):
        for column, unit, of in ((0, "wall", lambda r: r.wall), (1, "cpu", lambda r: r.cpu)):
            ours, theirs = (sum(of(rows[i][side]) for i in chosen) for side in (2, 3))
            target(f"sum of {what}, {unit}: castile {ours:.2f} s, zeep {theirs:.2f} s ({ours / theirs:.1%}, under {SHARE:.0%})", ours < SHARE * theirs)
            net = [total - len(chosen) * of(start) for total, start in zip((ours, theirs), starts)]
            print(f"          without the processes' starts: castile {net[0]:.2f} s, zeep {net[1]:.2f} s ({net[0] / net[1]:.1%})")
            if len(inside) == len(rows):
                one = sum(inside[i][column] for i in chosen)
                print(f"          zeep in one process: {one:.2f} s; castile without its starts {net[0] / one:.1%} of it")
    return missed


def malformed(args, folder):
    print()
    for name, path in services(args.corpus, True):
        run, said = first_diagnostic(args.castile, path, folder)
        print(f"{name:44} exit {run.code}  {run.wall:.3f} s  {run.rss:.0f} MB  {said}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=lambda p: Path(p).resolve())
    parser.add_argument("--castile", type=lambda p: str(Path(p).resolve()), default="target/release/castile")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    version = subprocess.run([args.castile, "--version"], capture_output=True, text=True).stdout.strip()
    print(f"{version}; zeep {metadata.version('zeep')} on Python {platform.python_version()}; {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}; best of {args.rounds}")
    with tempfile.TemporaryDirectory() as folder:
        missed = summary(*good(args, folder))
        malformed(args, folder)
    sys.exit(1 if missed else 0)


main()
