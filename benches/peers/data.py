"""The messages of the comparison, the same on every machine: the service's answers, the requests as JSON and as SOAP, scripts for wrk."""
import json
import random
from pathlib import Path
from xml.sax.saxutils import escape

WORDS = "steel valve pump gasket rotor flange bearing seal motor filter hose clamp sensor relay bolt cap".split()
NAMES = ["Ärmel & Söhne", "Smith <Tools>", 'the "big" one', "O'Neil", "plain part", "Łódź works", "日本 部品", "tab & gap"]
CITIES = ["Berlin", "Lyon", "Osaka", "Leeds", "Porto", "Graz"]
FIRST = 10**9
LARGE_ROWS = 2150
LARGE_REQUEST_BYTES = 100_000


def record(rng, i, full=True):
    """A row of an answer; `full` has the parts that may be missing."""
    name = f"{rng.choice(NAMES)} {rng.choice(WORDS)} {rng.choice(WORDS)} {i}"
    text = f'<ns:record status="{rng.choice(["OPEN", "CLOSED", "HELD"])}" rev="{rng.randint(1, 99)}"><ns:id>{FIRST + i}</ns:id><ns:name>{escape(name)}</ns:name>'
    text += f'<ns:quantity>{rng.randint(-5, 5000)}</ns:quantity><ns:price currency="EUR">{rng.randint(0, 99999)}.{rng.randint(0, 99):02d}</ns:price>'
    text += f'<ns:weight>{round(rng.random() * 100, 3)}</ns:weight><ns:active>{rng.choice(["true", "false"])}</ns:active>'
    text += f'<ns:created>20{rng.randint(10, 25)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}</ns:created>'
    text += f'<ns:updated>2025-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}T{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:00Z</ns:updated>'
    if not full:
        return text + "</ns:record>"
    for _ in range(rng.randint(0, 2)):
        text += f"<ns:tag>{rng.choice(WORDS)}</ns:tag>"
    text += f"<ns:supplier><ns:code>S{rng.randint(100, 999)}</ns:code>"
    if rng.random() < 0.6:
        text += f"<ns:address><ns:street>{rng.randint(1, 200)} Main &amp; Side St</ns:street><ns:city>{rng.choice(CITIES)}</ns:city><ns:country>DE</ns:country></ns:address>"
    text += "</ns:supplier>"
    if rng.random() < 0.2:
        text += '<ns:note xsi:nil="true"/>'
    elif rng.random() < 0.2:
        text += "<ns:note>first line &#10; second &quot;line&quot;</ns:note>"
    return text + "</ns:record>"


def new_record(rng, i):
    """A row of a request, as JSON."""
    return {
        "id": FIRST + i, "name": f"{rng.choice(NAMES)} {rng.choice(WORDS)} {i}", "quantity": rng.randint(0, 5000), "amount": rng.randint(0, 9999999) / 100,
        "weight": round(rng.random() * 100, 3), "active": rng.random() < 0.5, "created": f"20{rng.randint(10, 25)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        "tag": [rng.choice(WORDS) for _ in range(rng.randint(1, 3))],
        "supplier": {"code": f"S{rng.randint(100, 999)}", "address": {"street": f"{rng.randint(1, 200)} Main & Side St", "city": rng.choice(CITIES), "country": "DE"}},
    }


def envelope(body):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
            f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>{body}</soap:Body></soap:Envelope>')


def answer(operation, inner):
    return envelope(f'<ns:{operation}Response xmlns:ns="urn:bench:records">{inner}</ns:{operation}Response>')


def elements(value):
    """A JSON object as elements of the service's namespace."""
    out = []
    for name, items in value.items():
        for item in items if isinstance(items, list) else [items]:
            text = elements(item) if isinstance(item, dict) else escape({True: "true", False: "false"}.get(item, str(item)) if isinstance(item, bool) else str(item))
            out.append(f"<ns:{name}>{text}</ns:{name}>")
    return "".join(out)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def wrk_script(body, kind, operation, fields):
    """A script that sends one body again and again and says what was counted in one line."""
    lines = [f'local f = io.open("{body}", "rb"); local body = f:read("*a"); f:close()', 'wrk.method = "POST"; wrk.body = body',
             f'wrk.headers["Content-Type"] = "{kind}"', f'wrk.headers["SOAPAction"] = "\\"urn:bench:records#{operation}\\""']
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in fields.items()]
    lines.append('done = function(s, l, r) io.write(string.format("RESULT %d %d %d %d %d %d\\n", s.requests, s.duration, l:percentile(50), l:percentile(99), '
                 "s.errors.status, s.errors.connect + s.errors.read + s.errors.write + s.errors.timeout)) end")
    return "\n".join(lines) + "\n"


def write(folder: Path):
    """Makes all messages; `request.OPERATION.json`, `request.OPERATION.xml` and the answers."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(7)

    def save(name, text):
        (folder / name).write_bytes(text.encode())

    def rows(count):
        return f"<ns:total>{count}</ns:total><ns:records>" + "".join(record(rng, i) for i in range(count)) + "</ns:records>"

    save("small.xml", answer("GetRecord", record(rng, 1, full=False)))
    save("medium.xml", answer("ListRecords", rows(20)))
    save("large.xml", answer("ExportRecords", rows(LARGE_ROWS)))
    for operation in ("PutRecord", "ImportRecords"):
        save(f"{operation}.ack.xml", answer(operation, "<ns:accepted>1</ns:accepted><ns:reference>R-2025-000017</ns:reference>"))
    fault = '<ns:RecordFault xmlns:ns="urn:bench:records"><ns:code>404</ns:code><ns:reason>no such record</ns:reason></ns:RecordFault>'
    save("fault.xml", envelope(f"<soap:Fault><faultcode>soap:Client</faultcode><faultstring>no such record</faultstring><detail>{fault}</detail></soap:Fault>"))
    put, many = {"record": new_record(rng, 1)}, {"record": []}
    while len(compact(many).encode()) < LARGE_REQUEST_BYTES:
        many["record"].append(new_record(rng, len(many["record"])))
    requests = {
        "GetRecord": {"id": 1000000001}, "ListRecords": {"warehouse": "W & 1", "limit": 20}, "ExportRecords": {"warehouse": "W & 1"},
        "PutRecord": put, "ImportRecords": many, "CheckRecord": {"id": 5},
    }
    for operation, request in requests.items():
        save(f"request.{operation}.json", compact(request))
        save(f"request.{operation}.xml", envelope(f'<ns:{operation} xmlns:ns="urn:bench:records">{elements(request)}</ns:{operation}>'))
