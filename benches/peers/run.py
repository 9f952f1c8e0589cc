#!/usr/bin/env python3
"""Castile beside others that give a SOAP service a JSON face: CPU of a call, on the same core, in one run. README.md says how to read it.

run.py OUT.jsonl [--subjects a,b] [--kinds small,medium] [--seconds 4] [--rounds 3] [--connections N]
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import time
import urllib.request

import data
import subjects
from subjects import ENVIRONMENT, PORT, SUBJECTS, UPSTREAM_PORT, WORK, WSDL

# kind of call: operation, connections at once
KINDS = {
    "small": ("GetRecord", 64), "medium": ("ListRecords", 64), "large": ("ExportRecords", 8), "put": ("PutRecord", 64),
    "put100k": ("ImportRecords", 16), "fault": ("CheckRecord", 64),
}
DATA = WORK / "data"
TICK = os.sysconf("SC_CLK_TCK")


def tree(pid):
    """A process and all below it."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                for child in children.read().split():
                    found += tree(int(child))
    except FileNotFoundError:
        pass
    return found


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except FileNotFoundError:
            pass
    return total / TICK


def memory_mb(pids, field):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status") as status:
                total += sum(int(line.split()[1]) for line in status if line.startswith(field))
        except FileNotFoundError:
            pass
    return total / 1024


class Running:
    """A subject that was started; `started` is the time in seconds until its first answer."""

    def __init__(self, subject):
        self.subject = subject
        began = time.time()
        environment = {**ENVIRONMENT, **subject.environment}
        with open(WORK / "subjects.log", "ab") as log:
            self.processes = [subprocess.Popen(["taskset", "-c", "0", *c], cwd=WORK, env=environment, stdout=subprocess.DEVNULL, stderr=log) for c in subject.commands]
        while True:
            try:
                self.ask("GetRecord")
                break
            except OSError:
                if time.time() - began > 60:
                    self.stop()
                    raise
                time.sleep(0.005)
        self.started = time.time() - began

    def pids(self):
        return [pid for process in self.processes for pid in tree(process.pid)]

    def url(self, operation):
        return f"http://127.0.0.1:{PORT}" + self.subject.path.format(operation=operation)

    def body(self, operation):
        return DATA / f"request.{operation}.{'xml' if self.subject.soap else 'json'}"

    def kind(self):
        return "text/xml; charset=utf-8" if self.subject.soap else "application/json"

    def ask(self, operation):
        fields = {"content-type": self.kind(), "SOAPAction": f'"urn:bench:records#{operation}"', **self.subject.fields}
        request = urllib.request.Request(self.url(operation), data=self.body(operation).read_bytes(), headers=fields)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return answer.read()

    def check(self, kind):
        """One answer must hold what the service said."""
        operation, _ = KINDS[kind]
        if kind == "fault":
            return
        answer = self.ask(operation)
        needed = b"R-2025-000017" if kind.startswith("put") else b"1000000001"
        assert needed in answer, (operation, answer[:200])
        if kind == "large":
            rows = answer.count(b"updated")
            assert rows in (data.LARGE_ROWS, 2 * data.LARGE_ROWS), rows

    def load(self, kind, connections, seconds):
        """So many seconds of calls; the fields of wrk's line."""
        operation, _ = KINDS[kind]
        script = WORK / "call.lua"
        script.write_text(data.wrk_script(self.body(operation), self.kind(), operation, self.subject.fields))
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(script), self.url(operation)]
        output = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
        line = next(line for line in output.splitlines() if line.startswith("RESULT"))
        return dict(zip(("calls", "microseconds", "p50", "p99", "refused", "broken"), map(int, line.split()[1:])))

    def round(self, kind, connections, seconds):
        before = cpu_seconds(self.pids())
        found = self.load(kind, connections, seconds)
        cpu = cpu_seconds(self.pids()) - before
        calls = max(found["calls"], 1)
        return dict(cpu_ms=cpu / calls * 1000, per_second=calls / found["microseconds"] * 1e6, p50=found["p50"] / 1000, p99=found["p99"] / 1000,
                    refused=found["refused"], broken=found["broken"], calls=calls)

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def measure(name, subject, kind, options):
    """A process of its own for each kind, so that its peak of memory belongs to it."""
    running = Running(subject)
    try:
        time.sleep(0.3)
        running.check(kind)
        idle = memory_mb(running.pids(), "VmRSS")
        connections = options.connections or KINDS[kind][1]
        running.load(kind, connections, subject.warm)
        rounds = [running.round(kind, connections, options.seconds) for _ in range(options.rounds)]
        found = {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
        found.update(subject=name, kind=kind, connections=connections, idle_mb=idle, peak_mb=memory_mb(running.pids(), "VmHWM"), started=running.started,
                     cpu_least=min(r["cpu_ms"] for r in rounds), cpu_most=max(r["cpu_ms"] for r in rounds))
        return found
    finally:
        running.stop()
        time.sleep(0.2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--subjects", default=",".join(SUBJECTS))
    parser.add_argument("--kinds", default="small,medium,large,put100k")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=0)
    options = parser.parse_args()
    data.write(DATA)
    upstream = subprocess.Popen(["taskset", "-c", "1", str(subjects.tools() / "upstream"), str(DATA), str(WSDL), str(UPSTREAM_PORT)])
    time.sleep(0.3)
    try:
        for name in options.subjects.split(","):
            try:
                subject = SUBJECTS[name]()
                for kind in options.kinds.split(","):
                    found = measure(name, subject, kind, options)
                    with open(options.out, "a") as out:
                        out.write(json.dumps(found) + "\n")
                    print(f"{name:20} {kind:8} {found['cpu_ms']:9.4f} ms of CPU ({found['cpu_least']:.4f} to {found['cpu_most']:.4f}) {found['per_second']:9.0f}/s "
                          f"p50 {found['p50']:.2f} p99 {found['p99']:.2f} ms, {found['idle_mb']:.0f} to {found['peak_mb']:.0f} MB, started in {found['started']:.3f} s, "
                          f"{found['refused']:.0f} refused, {found['broken']:.0f} broken", flush=True)
            except Exception as error:  # one that cannot be started leaves the others
                print(f"{name}: not measured: {error!r}"[:400], flush=True)
    finally:
        upstream.terminate()
        upstream.wait()


main()
