"""A gateway with APIs before the service of the comparison with others, calls of it, and a service that never answers."""
import contextlib
import http.client
import socket
import subprocess
import threading
import time
from collections import Counter

import data
import subjects
from subjects import ADMIN_PORT, API, ENVIRONMENT, OPEN, PORT, UPSTREAM_PORT, WORK, WSDL

DATA = WORK / "data"
HOME = WORK / "load"
OPERATIONS = {"small": "GetRecord", "large": "ExportRecords"}
SETTINGS = """listen:
  gateway: {{ address: "127.0.0.1:{port}" }}
  admin: {{ address: "127.0.0.1:{admin}" }}
{more}
"""


def load(url, kind, connections, seconds):
    """So many seconds of calls by wrk on the second core; the fields of its last line."""
    script = WORK / f"load.{kind}.lua"
    script.write_text(data.wrk_script(DATA / f"request.{OPERATIONS[kind]}.json", "application/json", OPERATIONS[kind], {}))
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "70s", "--latency", "-s", str(script), url]
    output = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("RESULT"))
    return dict(zip(("calls", "microseconds", "p50", "p99", "refused", "broken"), map(int, line.split()[1:])))


@contextlib.contextmanager
def upstream():
    """The service, on the second core."""
    data.write(DATA)
    process = subprocess.Popen(["taskset", "-c", "1", str(subjects.tools() / "upstream"), str(DATA), str(WSDL), str(UPSTREAM_PORT)])
    try:
        time.sleep(0.3)
        yield
    finally:
        process.terminate()
        process.wait()


class Silent:
    """A service that takes every connection and every request, and says nothing."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        while True:
            try:
                self.kept.append(self.listener.accept()[0])
            except OSError:
                return

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.kept:
            connection.close()


class Castile:
    """A gateway on the first core: the API `records` with more lines of its file, others of the same WSDL by name and port of their service."""

    def __init__(self, more, settings="", **others):
        subjects.quiet("rm", "-rf", str(HOME))
        apis = {"records": (UPSTREAM_PORT, f"{OPEN}\n{more}"), **{name: (port, OPEN) for name, port in others.items()}}
        for name, (port, lines) in apis.items():
            folder = HOME / "apis" / name
            (folder / "wsdl").mkdir(parents=True)
            (folder / "wsdl/records.wsdl").write_bytes(WSDL.read_bytes())
            text = API.format(upstream=port, more=lines).replace("name: records, context: /records", f"name: {name}, context: /{name}")
            (folder / "api.yaml").write_text(text)
        (HOME / "castile.yaml").write_text(SETTINGS.format(port=PORT, admin=ADMIN_PORT, more=settings))

    def __enter__(self):
        binary = subjects.binary()
        with open(WORK / "subjects.log", "ab") as log:
            command = ["taskset", "-c", "0", binary, "serve", "--config", str(HOME / "castile.yaml")]
            self.process = subprocess.Popen(command, cwd=HOME, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=log)
        subjects.wait_ready()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def url(self, api, operation):
        return f"http://127.0.0.1:{PORT}/{api}/1/{operation}"

    def memory(self, field):
        """In MiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024

    def parallel(self, operation, kind, body, callers, seconds):
        """Calls by so many callers at once, until the time is over; how often each status came."""
        statuses, until, lock = Counter(), time.time() + seconds, threading.Lock()

        def caller():
            while time.time() < until:
                connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=70)
                try:
                    connection.request("POST", f"/records/1/{operation}", body, {"content-type": kind})
                    answer = connection.getresponse()
                    answer.read()
                    status = answer.status
                except OSError as error:
                    status = type(error).__name__
                finally:
                    connection.close()
                with lock:
                    statuses[status] += 1

        threads = [threading.Thread(target=caller) for _ in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return dict(statuses)
