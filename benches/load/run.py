#!/usr/bin/env python3
"""What load does to a gateway, and one API to another: goodput beyond capacity, neighbours of an API that hangs or is flooded, small calls
beside large ones, memory under a limit. README.md says how to read it.

run.py [goodput] [neighbours] [sizes] [memory] [--seconds 5]
"""
import argparse
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import service  # noqa: E402

JSON = "application/json"


def wrk(url, kind, connections, seconds):
    """Calls of one kind for so many seconds: answers with 2xx and others by the second, p50 and p99 in milliseconds of all answers."""
    found = service.load(url, kind, connections, seconds)
    spent = found["microseconds"] / 1e6
    good = found["calls"] - found["refused"]
    return dict(good=good / spent, refused=found["refused"] / spent, broken=found["broken"], p50=found["p50"] / 1000, p99=found["p99"] / 1000)


def say(what, found):
    print(f"  {what:44} {found['good']:8.0f}/s good {found['refused']:8.0f}/s refused {found['broken']:4} broken, "
          f"p50 {found['p50']:.2f} p99 {found['p99']:.2f} ms", flush=True)


def goodput(seconds):
    """Far more callers than can be served: refusals must cost little, and afterwards all is as before."""
    print("goodput")
    with service.Castile("limits: { in_flight: 64 }") as castile:
        url = castile.url("records", "GetRecord")
        wrk(url, "small", 64, 2)
        peak = wrk(url, "small", 64, seconds)
        say("64 callers", peak)
        over = wrk(url, "small", 900, seconds)
        say("900 callers", over)
        time.sleep(1)
        after = wrk(url, "small", 64, seconds)
        say("64 callers, a second later", after)
        print(f"  goodput beyond capacity {over['good'] / peak['good']:.0%} of the peak, afterwards {after['good'] / peak['good']:.0%}")


def neighbours(seconds):
    """One API whose service never answers, and one that is flooded: its neighbour has its own places."""
    print("neighbours")
    with service.Silent() as silent, service.Castile("", stuck=silent.port, flooded=service.UPSTREAM_PORT) as castile:
        url = castile.url("records", "GetRecord")
        wrk(url, "small", 8, 2)
        alone = wrk(url, "small", 8, seconds)
        say("8 callers, alone", alone)
        for other in ("stuck", "flooded"):
            found = {}
            flood = threading.Thread(target=lambda: found.update(wrk(castile.url(other, "GetRecord"), "small", 600 if other == "stuck" else 64, seconds + 2)))
            flood.start()
            time.sleep(1)
            beside = wrk(url, "small", 8, seconds)
            flood.join()
            say(f"8 callers, beside one that is {other}", beside)
            say(f"  the one that is {other}", found)
            print(f"  p99 {beside['p99'] / alone['p99']:.2f} x alone, {beside['refused']:.0f} refused, {beside['broken']} broken")


def sizes(seconds):
    """Small calls while eight large ones run all the time."""
    print("sizes")
    with service.Castile("", bulky=service.UPSTREAM_PORT) as castile:
        url = castile.url("records", "GetRecord")
        wrk(url, "small", 8, 2)
        alone = wrk(url, "small", 8, seconds)
        say("8 small callers, alone", alone)
        found = {}
        large = threading.Thread(target=lambda: found.update(wrk(castile.url("bulky", "ExportRecords"), "large", 8, seconds + 2)))
        large.start()
        time.sleep(1)
        beside = wrk(url, "small", 8, seconds)
        large.join()
        say("8 small callers, beside 8 large", beside)
        say("  the large ones", found)
        print(f"  p99 {beside['p99'] / alone['p99']:.2f} x alone")


def memory(seconds):
    """Bodies as large as they may be, in parallel, under a limit of 512 MiB: requests of 2 MiB that are nothing but brackets or text, replies of a megabyte."""
    print("memory")
    with service.Castile("", "alarms: { memory_limit: 512MiB }") as castile:
        print(f"  {castile.memory('VmRSS'):.0f} MiB at first")
        bodies = {"brackets": b"[" * 300 + b"[]," * 690_000 + b"[]" + b"]" * 300, "text": b'{"note":"' + b"x" * (2_000_000) + b'"}',
                  "names": b"{" + b",".join(b'"n%d":1' % i for i in range(4_000)) + b',"x":"' + b"y" * 1_900_000 + b'"}'}
        for name, body in bodies.items():
            statuses = castile.parallel("PutRecord", JSON, body, 128, seconds)
            print(f"  128 callers, {len(body) >> 10} KiB of {name}: {castile.memory('VmHWM'):.0f} MiB at most; answers {statuses}")
        statuses = castile.parallel("ExportRecords", JSON, (service.DATA / "request.ExportRecords.json").read_bytes(), 128, seconds)
        print(f"  128 callers, replies of a megabyte: {castile.memory('VmHWM'):.0f} MiB at most; answers {statuses}")
        print(f"  {castile.memory('VmRSS'):.0f} MiB in the end")


WHAT = {"goodput": goodput, "neighbours": neighbours, "sizes": sizes, "memory": memory}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=list(WHAT), choices=list(WHAT))
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    with service.upstream():
        for what in options.what:
            WHAT[what](options.seconds)


main()
