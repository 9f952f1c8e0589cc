#!/usr/bin/env python3
"""A gateway under mixed calls for as long as you like: nothing of it may grow.

soak.py [--minutes 60] [--per-second 150] [--castile PATH]

Good and bad JSON calls, raw SOAP, faults, callers that leave or dawdle, a service that misbehaves in a dozen ways, publishing in between. Resident memory,
open files, threads and tasks are read every five seconds. After the first fifth of the time memory may rise by less than 1 MB an hour (the slope of
the line through the lower half of each minute's readings), the others not at all. Loopback only; it ends by itself.
"""
import argparse
import http.client
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
LK = b'{"code":"LK"}'
ENVELOPE = (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetCountry xmlns="urn:castile:samples:countries">'
            b"<code>LK</code></GetCountry></s:Body></s:Envelope>")
REPLY = (b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetCountryResponse xmlns="urn:castile:samples:countries" '
         b'xmlns:t="urn:castile:samples:countries:types"><GetCountryResult><t:code>LK</t:code></GetCountryResult></GetCountryResponse></s:Body></s:Envelope>')


def whole(head, body):
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n" + head + b"\r\n" + body


LENGTH = b"content-length: %d\r\n" % len(REPLY)
# What the bad service does: bytes, then seconds of silence before the end; None resets the connection.
TRICKS = [
    (whole(LENGTH, REPLY), 0), (whole(LENGTH, REPLY[:50]), 0), (whole(LENGTH, REPLY[:50]), 3), (b"", 0), (b"", 3), (None, 0), (b"SSH-2.0\r\n", 0),
    (whole(b"content-length: 7\r\n", REPLY), 0), (whole(LENGTH + b"x: " + b"y" * 200_000 + b"\r\n", REPLY), 0), (b"HTTP/1.1 103 Early\r\n\r\n" * 100, 1),
    (whole(b"content-encoding: gzip\r\n" + LENGTH, REPLY), 0), (whole(b"transfer-encoding: chunked\r\n", b"zz\r\n"), 0), (whole(b"", b"<x/>" * 3_000_000), 0),
]


def bad_service(listener):
    def serve(connection):
        chance = random.Random()
        with connection:
            try:
                connection.settimeout(5)
                while connection.recv(65536):
                    what, silence = chance.choice(TRICKS)
                    if what is None:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                        return
                    connection.sendall(what)
                    time.sleep(silence)
                    if what != TRICKS[0][0]:
                        return
            except OSError:
                pass

    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def read(url, timeout=10):
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=timeout).read().decode()


def wait_for(url):
    for _ in range(100):
        try:
            return read(url)
        except OSError:
            time.sleep(0.1)
    raise SystemExit("it does not start")


class Gateway:
    """`castile serve` with a good API, one of the bad service, and the mock behind the good one."""

    def __init__(self, binary, home):
        self.port, self.admin, mock = free_port(), free_port(), free_port()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        threading.Thread(target=bad_service, args=(self.listener,), daemon=True).start()
        for name, port in (("countries", mock), ("bad", self.listener.getsockname()[1])):
            wsdl = home / "apis" / name / "wsdl"
            shutil.copytree(ROOT / "wsdl/countries", wsdl)
            self.file = home / "apis/countries/api.yaml"
            (wsdl.parent / "api.yaml").write_text(
                f'version: 1\napi: {{ name: {name} }}\nsource: {{ wsdl: wsdl/service.wsdl }}\nendpoint: {{ url: "http://127.0.0.1:{port}/", timeout: 2s }}\n'
                "security: [none]\npassthrough: true\n")
        settings = home / "castile.yaml"
        settings.write_text(f'listen: {{ gateway: {{ address: "127.0.0.1:{self.port}" }}, admin: {{ address: "127.0.0.1:{self.admin}" }}, portal: {{ address: "127.0.0.1:{free_port()}" }} }}\n'
                            "limits: { upstream: { breaker: { failures: 0 } } }\n")
        log = open(home / "log", "wb")
        self.processes = [
            subprocess.Popen([binary, "mock", str(ROOT / "wsdl/countries/service.wsdl"), "--port", str(mock), "--fault", "0.05", "--seed", "1"], env=ENVIRONMENT, stdout=log, stderr=log),
            subprocess.Popen([binary, "serve", "--config", str(settings)], cwd=home, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=log),
        ]
        self.process = self.processes[1]
        wait_for(f"http://127.0.0.1:{self.admin}/readyz")

    def stop(self):
        self.listener.close()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(45)

    def publish(self):
        """The same again, with another text: a snapshot more."""
        text = self.file.read_text().split("# ")[0]
        self.file.write_text(f"{text}# {time.time()}\n")

    def reading(self):
        """Resident bytes, open files, threads, tasks."""
        folder = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        metrics = read(f"http://127.0.0.1:{self.admin}/metrics")
        tasks = next(float(line.split()[-1]) for line in metrics.splitlines() if line.startswith("castile_tasks "))
        return int(status["VmRSS"].split()[0]) * 1024, len(os.listdir(folder / "fd")), int(status["Threads"]), tasks

    def call(self, chance, counts):
        """One call of a caller of some kind."""
        kind = chance.choices(("good", "wrong", "soap", "bad", "nowhere", "large", "leaves", "dawdles"), (50, 10, 15, 12, 3, 5, 4, 1))[0]
        api = "bad" if kind == "bad" else "countries"
        path, body, type_ = f"/{api}/1/GetCountry", LK, "application/json"
        if kind == "wrong":
            body = chance.choice((b'{"code":7}', b"{", b'{"cod":"LK"}', b'{"code":"LK","code":"LK"}', b"\xff"))
        elif kind == "soap":
            path, body, type_ = f"/{api}/1", ENVELOPE, "text/xml"
        elif kind == "nowhere":
            path = f"/{chance.getrandbits(40)}"
        elif kind == "large":
            body = b'{"code":"' + b"L" * chance.randrange(1 << 20) + b'"}'
        if kind in ("leaves", "dawdles"):
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                s.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" % path.encode() + LK[:chance.randrange(14)])
                time.sleep(chance.random() * (0.01 if kind == "leaves" else 2))
            counts[kind] += 1
            return
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", path, body, {"content-type": type_, "soapaction": '""'} if kind == "soap" else {"content-type": type_})
            answer = connection.getresponse()
            answer.read()
            counts[f"{kind} {answer.status}"] += 1
        except (OSError, http.client.HTTPException) as error:
            counts[f"{kind} {type(error).__name__}"] += 1
        finally:
            connection.close()


def slope(points):
    """Of the line through points (least squares)."""
    xs, ys = zip(*points)
    mx, my = statistics.mean(xs), statistics.mean(ys)
    return sum((x - mx) * (y - my) for x, y in points) / sum((x - mx) ** 2 for x in xs)


def judge(readings, seconds):
    """What grew after the first fifth of the time; `readings` are lists that begin with seconds."""
    after = [r for r in readings if r[0] > seconds / 5]
    minutes = {}
    for at, *values in after:
        minutes.setdefault(int(at // 60), []).append((at, *values))
    floor = [point for group in minutes.values() for point in sorted((r[1], r[0]) for r in group)[: max(1, len(group) // 2)]]
    rise = slope([(at, memory) for memory, at in floor]) * 3600 / 1e6
    print(f"memory {after[0][1] / 1e6:.1f} MB, then {after[-1][1] / 1e6:.1f} MB: {rise:+.2f} MB/h")
    bad = rise >= 1
    half = len(after) // 2
    for column, name in ((2, "open files"), (3, "threads"), (4, "tasks")):
        first, last = (max(r[column] for r in part) for part in (after[:half], after[half:]))
        print(f"{name}: at most {first:.0f} in the first half, {last:.0f} in the second")
        bad |= last > first * 1.1 + 5
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--per-second", type=float, default=150)
    parser.add_argument("--castile", default=str(ROOT / "target/release/castile"))
    options = parser.parse_args()
    seconds = options.minutes * 60
    home = Path(tempfile.mkdtemp(prefix="castile-soak-"))
    gateway = Gateway(options.castile, home)
    counts, readings, began, workers = Counter(), [], time.time(), 8

    def worker(number):
        chance = random.Random(number)
        while time.time() - began < seconds:
            due = time.time() + workers / options.per_second
            gateway.call(chance, counts)
            time.sleep(max(0, due - time.time()))

    threads = [threading.Thread(target=worker, args=(n,)) for n in range(workers)]
    for thread in threads:
        thread.start()
    try:
        while time.time() - began < seconds:
            time.sleep(5)
            readings.append((time.time() - began, *gateway.reading()))
            if len(readings) % 12 == 0:
                gateway.publish()
        for thread in threads:
            thread.join()
        print(json.dumps(dict(sorted(counts.items()))))
        bad = judge(readings, seconds)
        alive = gateway.process.poll() is None
    finally:
        gateway.stop()
        shutil.rmtree(home, ignore_errors=True)
    bad |= not alive or any(counts[name] for name in counts if name.startswith("good") and name not in ("good 200", "good 422", "good 500"))
    sys.exit("something grew, or a good call failed" if bad else 0)


main()
