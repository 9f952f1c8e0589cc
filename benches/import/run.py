#!/usr/bin/env python3
"""How long and how large an import is: every service of the corpus, `castile import --dry-run` beside zeep's `Client(wsdl)`.

    target/foreign/py/bin/python benches/import/run.py ../shared/corpus --castile target/release/castile

One process for each file and side, one after the other, the better of `--rounds`; zeep once more inside one process for all, so that
Python's start is not counted against it. Wall time, processor time (user and system; what a busy machine leaves of it is the fairer figure)
and peak resident memory come from the ended child. Neither side may reach the network. Exit code 1 where a target is missed.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
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
        return run, (run.err.strip().splitlines() or ["nothing was said"])[0][:160]
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
    inside = [line.split("\t") for line in inside.out.splitlines()]
    return rows, inside


def summary(rows, inside):
    both = [i for i, r in enumerate(rows) if r[4] == "ok" and r[2].code == 0]
    missed = []

    def say(text, ok=True):
        print(("" if ok else "MISSED  ") + text)
        if not ok:
            missed.append(text)

    print()
    print(f"{len(rows)} services; castile imports {sum(r[2].code == 0 for r in rows)}, zeep loads {sum(r[4] == 'ok' for r in rows)}, both {len(both)}")
    slow, large = max(rows, key=lambda r: r[2].wall), max(rows, key=lambda r: r[2].rss)
    say(f"slowest import: {slow[0]} {slow[2].wall:.3f} s (at most {WALL_S})", slow[2].wall < WALL_S)
    say(f"largest import: {large[0]} {large[2].rss:.0f} MB (at most {RSS_MB:.0f})", large[2].rss < RSS_MB)
    for what, chosen in (("all", range(len(rows))), ("those that both load", both)):
        for unit, of in (("wall", lambda r: r.wall), ("cpu", lambda r: r.cpu)):
            ours, theirs = sum(of(rows[i][2]) for i in chosen), sum(of(rows[i][3]) for i in chosen)
            say(f"sum of {what}, {unit}: castile {ours:.2f} s, zeep a process each {theirs:.2f} s ({ours / theirs:.1%})", ours < SHARE * theirs)
        if len(inside) == len(rows):
            for unit, column, of in (("wall", 0, lambda r: r.wall), ("cpu", 1, lambda r: r.cpu)):
                ours, theirs = sum(of(rows[i][2]) for i in chosen), sum(float(inside[i][column]) for i in chosen)
                say(f"sum of {what}, {unit}: castile a process each {ours:.2f} s, zeep in one process {theirs:.2f} s ({ours / theirs:.1%})", ours < SHARE * theirs)
    if len(inside) != len(rows):
        say(f"zeep in one process ended after {len(inside)} of {len(rows)}", False)
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
    import zeep
    print(f"{version}; zeep {zeep.__version__} on Python {platform.python_version()}; {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}; best of {args.rounds}")
    with tempfile.TemporaryDirectory() as folder:
        missed = summary(*good(args, folder))
        malformed(args, folder)
    sys.exit(1 if missed else 0)


main()
