"""What is compared: how each is started, where it listens, and what its callers send."""
import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target/peers"
WSDL = HERE / "records.wsdl"
UPSTREAM_PORT = 9100
PORT = 9200
ENVIRONMENT = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}


@dataclass
class Subject:
    """`commands` are started in this order; `soap`: it gets envelopes, not JSON; `warm` seconds pass before anything is counted."""
    commands: list
    soap: bool = False
    path: str = "/{operation}"
    warm: int = 1
    environment: dict = field(default_factory=dict)
    fields: dict = field(default_factory=dict)


def quiet(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=ENVIRONMENT, **more).stdout


# ---- nginx and PHP -------------------------------------------------------------------------------------------------------------------

NGINX = """daemon off; worker_processes 1; user root; pid {work}/nginx.pid; error_log {work}/nginx.log; events {{ worker_connections 1024; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 100000000; client_max_body_size 64m; client_body_buffer_size 1m;
  client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fastcgi; uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  {inside}
}}
"""
PASS = """upstream service {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_buffers 8 64k; proxy_buffer_size 16k; proxy_max_temp_file_size 0; }} }}"""
FASTCGI = """server {{ listen 127.0.0.1:{port}; location / {{ fastcgi_pass unix:{work}/fpm.sock; fastcgi_param SCRIPT_FILENAME {here}/php/index.php;
    fastcgi_param REQUEST_URI $request_uri; fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;
    fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param PEERS_WSDL {wsdl}; fastcgi_buffers 32 64k; fastcgi_max_temp_file_size 0; }} }}"""
FPM = """[global]
error_log = {work}/fpm.log
pid = {work}/fpm.pid
daemonize = no
[www]
user = root
group = root
listen = {work}/fpm.sock
listen.backlog = 1024
pm = static
pm.max_children = 16
pm.max_requests = 0
php_admin_value[memory_limit] = 512M
"""


def nginx(name, inside):
    work = WORK / name
    work.mkdir(parents=True, exist_ok=True)
    names = dict(work=work, upstream=UPSTREAM_PORT, port=PORT, here=HERE, wsdl=WSDL)
    (work / "nginx.conf").write_text(NGINX.format(work=work, inside=inside.format(**names)))
    return ["nginx", "-c", str(work / "nginx.conf")], names


def nginx_pass():
    return Subject([nginx("nginx", PASS)[0]], soap=True)


def php():
    command, names = nginx("php", FASTCGI)
    (WORK / "php/fpm.conf").write_text(FPM.format(**names))
    fpm = next(p.name for p in sorted(Path("/usr/sbin").glob("php-fpm*")))
    return Subject([[fpm, "-R", "-y", str(WORK / "php/fpm.conf")], command])


# ---- the others ----------------------------------------------------------------------------------------------------------------------

def tools():
    quiet("cargo", "build", "--release", "--quiet", "--manifest-path", str(HERE / "tools/Cargo.toml"), "--target-dir", str(WORK / "tools"))
    return WORK / "tools/release"


def floor():
    return Subject([[str(tools() / "floor"), str(UPSTREAM_PORT), str(PORT)]], soap=True)


def node():
    if not (HERE / "node/node_modules").exists():
        quiet("npm", "install", "--silent", "--no-package-lock", cwd=HERE / "node")
    return Subject([["node", str(HERE / "node/soap.js"), str(WSDL), str(PORT)]], warm=3)


def zeep():
    python = WORK / "python/bin/python"
    if not python.exists():
        quiet(sys.executable, "-m", "venv", str(WORK / "python"))
        quiet(str(python), "-m", "pip", "install", "--quiet", "-r", str(HERE / "python/requirements.txt"))
    serve = [str(python), "-m", "uvicorn", "--app-dir", str(HERE / "python"), "app:app", "--port", str(PORT), "--log-level", "warning", "--no-access-log"]
    return Subject([serve], environment={"PEERS_WSDL": str(WSDL)})


def jaxws():
    out = WORK / "java"
    if not (out / "classpath").exists():
        quiet(str(HERE / "java/build.sh"), str(out))
    options = ["-Xmx512m", "-XX:+UseSerialGC", "-Dsun.net.httpserver.nodelay=true"]
    return Subject([["java", *options, "-cp", (out / "classpath").read_text().strip(), "Peer", str(WSDL), str(PORT)]], warm=6)


# ---- Castile -------------------------------------------------------------------------------------------------------------------------

API = """version: 1
api: {{ name: records, context: /records }}
source: {{ wsdl: wsdl/records.wsdl }}
endpoint: {{ url: "http://127.0.0.1:{upstream}/soap" }}
{more}
"""
SETTINGS = """listen:
  gateway: {{ address: "127.0.0.1:{port}" }}
  admin: {{ address: "127.0.0.1:{admin}" }}
limits: {{ in_flight: 4096 }}
"""
ADMIN_PORT = 9201


def binary():
    return os.environ.get("CASTILE", str(ROOT / "target/release/castile"))


def castile(name, more, full=False, soap=False):
    """An API of its own settings; with `full` a caller that has all that the gateway can know of it."""
    home = WORK / name
    quiet("rm", "-rf", str(home))
    (home / "apis/records/wsdl").mkdir(parents=True)
    (home / "apis/records/wsdl/records.wsdl").write_bytes(WSDL.read_bytes())
    (home / "apis/records/api.yaml").write_text(API.format(upstream=UPSTREAM_PORT, more=more))
    (home / "castile.yaml").write_text(SETTINGS.format(port=PORT, admin=ADMIN_PORT))
    path = "/records/1" if soap else "/records/1/{operation}"
    subject = Subject([[binary(), "serve", "--config", str(home / "castile.yaml")]], soap=soap, path=path)
    if full:
        subject.fields["apikey"] = subscriber_key(home, subject)
    return subject


def wait_ready():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(100):
        try:
            opener.open(f"http://127.0.0.1:{ADMIN_PORT}/readyz", timeout=5).read()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server is not ready")


def subscriber_key(home, subject):
    """Starts the server once to make an application, its subscription and its key."""
    server = subprocess.Popen(subject.commands[0], cwd=home, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(*arguments):
        return quiet(binary(), "--server", f"http://127.0.0.1:{ADMIN_PORT}", "--config", str(home / "castile.yaml"), *arguments, cwd=home)

    try:
        wait_ready()
        run("plan", "create", "peers", "--quota", "1000000000 per hour")
        run("app", "create", "peers")
        run("subscription", "create", "--app", "peers", "--api", "records", "--plan", "peers")
        return json.loads(run("key", "create", "--app", "peers", "--output", "json"))["key"]
    finally:
        server.terminate()
        server.wait(30)


OPEN = "security: [none]\nbackend_jwt: false"
FULL = "security: [api_key]\nplans: [peers]\nlimits: { api: 1000000/s }"

SUBJECTS = {
    "nginx": nginx_pass,
    "hyper": floor,
    "castile-bare": lambda: castile("bare", OPEN),
    "castile-full": lambda: castile("full", FULL, full=True),
    "castile-passthrough": lambda: castile("passthrough", OPEN, soap=True),
    "node-soap": node,
    "jax-ws": jaxws,
    "php": php,
    "zeep": zeep,
}
