#!/usr/bin/env python3
"""What SOAP tools keep of a message: runs each tool against the torture service of this folder and judges by rule what it saw.

    target/foreign/py/bin/python tests/fidelity/run.py            every tool that is installed; writes docs/fidelity.md
    target/foreign/py/bin/python tests/fidelity/run.py --check    the same, but fails where the page says otherwise

A tool is a script in tools/ that loads the WSDL from a server that this script starts, asks for every reply and makes every request, and
prints what its caller has in hand, as JSON lines. The server keeps what reached it. rows.py has the rows, judge.py the rules.
What was seen is kept in results.json; a tool that is not installed keeps its column. --only NAME,… runs some; -v shows the evidence.
"""
import argparse
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from lxml import etree

import judge
import page
import tools
from rows import ENVELOPE, ROWS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
T = '{urn:castile:fidelity}'


class Service(http.server.ThreadingHTTPServer):
    """`/TOOL?wsdl` and `/TOOL`: the replies of rows.py; what was put is kept by tool and row."""

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.wsdl = (HERE / 'service.wsdl').read_text()
        self.address = f'http://127.0.0.1:{self.server_address[1]}'
        self.put = {}


def fault(reason):
    return ENVELOPE.format(header='', body=f'<soap:Fault><faultcode>soap:Client</faultcode><faultstring>{reason}</faultstring></soap:Fault>')


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        body = body.encode()
        self.send_response(status)
        self.send_header('Content-Type', 'text/xml; charset=utf-8')
        self.send_header('Content-Length', str(len(body)))
        # Not every client says whether it will reuse a connection: none is kept.
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        tool = re.match(r'/(\w*)', self.path).group(1)
        address = f'{self.server.address}/{tool}'
        self.answer(200, self.server.wsdl.replace('http://127.0.0.1:9000/', address))

    def do_POST(self):
        tool = re.match(r'/(\w*)', self.path).group(1)
        received = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        try:
            body = etree.fromstring(received).find(f'{{{judge.SOAP}}}Body')
            name = etree.QName(body[0]).localname
        except (etree.XMLSyntaxError, TypeError, IndexError, ValueError):
            # Not readable: kept under what it names, so that the judge can say so.
            found = re.search(rb'put(\w+)', received)
            if found:
                self.server.put[tool, found.group(1).decode()] = received
            return self.answer(500, fault('not readable'))
        row = judge.BY_NAME.get(name[3:])
        if row is None:
            return self.answer(500, fault('no such operation'))
        if name.startswith('put'):
            self.server.put[tool, name[3:]] = received
            return self.answer(200, ENVELOPE.format(header='', body=f'<t:{name}Response/>'))
        variant = ''.join(body[0].itertext()).strip()
        reply = row.reply[variant]
        if not reply.startswith('<soap:Envelope') and not reply.startswith('<S:Envelope'):
            reply = ENVELOPE.format(header='', body=f'<t:{name}Response><t:id>1</t:id>{reply}</t:{name}Response>')
        return self.answer(500 if 'Fault>' in reply else 200, '<?xml version="1.0" encoding="UTF-8"?>' + reply)


def schema():
    """The WSDL's schemas as one validator: the parts imported by the other."""
    wsdl = etree.parse(HERE / 'service.wsdl')
    with tempfile.TemporaryDirectory() as folder:
        parts, main = wsdl.findall(f'.//{{{judge.XS}}}schema')
        etree.ElementTree(parts).write(f'{folder}/parts.xsd')
        main.find(f'{{{judge.XS}}}import').set('schemaLocation', 'parts.xsd')
        etree.ElementTree(main).write(f'{folder}/main.xsd')
        return etree.XMLSchema(etree.parse(f'{folder}/main.xsd'))


def run(tool, service, validator, verbose):
    """{row: {'reply': [verdict, evidence], 'request': …}} of a tool."""
    jobs = [{'row': r.name, 'variants': list(r.reply), 'put': r.request is not None} for r in ROWS]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / 'jobs.json'
        path.write_text(json.dumps(jobs))
        log = Path(scratch) / 'log'
        with log.open('w') as errors:
            done = subprocess.run(tool.command(f'{service.address}/{tool.key}?wsdl', path, Path(scratch)), stdout=subprocess.PIPE, stderr=errors,
                                  stdin=subprocess.DEVNULL, timeout=300, text=True, env=dict(os.environ, TZ='UTC'))
        seen = {}
        for line in done.stdout.splitlines():
            if line.startswith('{"row"'):
                said = judge.load(line)
                seen.setdefault(said['row'], {})[said.get('variant') or 'put'] = said
        if verbose or done.returncode:
            sys.stderr.write(f'{tool.name}: exit {done.returncode}\n{log.read_text()[:4000]}\n')
        if not seen:
            raise SystemExit(f'{tool.name} said nothing')
    found = {}
    for row in ROWS:
        mine = seen.get(row.name, {})
        found[row.name] = entry = {}
        if row.reply:
            entry['reply'] = judge.reply(row, mine)
        if row.request is not None:
            entry['request'] = judge.request(row, mine.get('put', {}), service.put.get((tool.key, row.name)), validator)
    return found


def differences(name, before, now):
    for row in ROWS:
        for side in ('reply', 'request'):
            then, seen = (before.get(row.name, {}).get(side), now[row.name].get(side))
            if seen and (then is None or then[0] != seen[0]):
                yield f'{name}, {row.name} {side}: the page says {then and then[0]}, seen: {seen[0]}, {seen[1]}'


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--check', action='store_true')
    arguments.add_argument('--only')
    arguments.add_argument('-v', '--verbose', action='store_true')
    arguments.add_argument('--castile', default=os.environ.get('CASTILE', str(ROOT / 'target/debug/castile')))
    asked = arguments.parse_args()
    kept = HERE / 'results.json'
    results = json.loads(kept.read_text()) if kept.exists() else {}
    service = Service()
    threading.Thread(target=service.serve_forever, daemon=True).start()
    validator, wrong = schema(), []
    for tool in tools.all_tools(ROOT, asked.castile):
        if asked.only and tool.key not in asked.only.split(','):
            continue
        version = tool.version()
        if version is None:
            print(f'{tool.name}: not installed')
            continue
        before = results.get(tool.key, {})
        if asked.check and tool.key != 'castile' and before.get('version') != version:
            print(f'{tool.name} {version}: the page has {before.get("version")}')
            continue
        found = run(tool, service, validator, asked.verbose)
        counts = page.counts(found)
        print(f'{tool.name} {version}: ' + ', '.join(f'{side} {kept} of {all_}' for side, (kept, all_) in counts.items()))
        if asked.verbose:
            for row in ROWS:
                for side, (verdict, evidence) in found[row.name].items():
                    print(f'  {row.name:14}{side:9}{verdict:9}{evidence}')
        wrong += differences(tool.name, before.get('rows', {}), found)
        results[tool.key] = {'name': tool.name, 'version': version, 'mode': tool.mode, 'rows': found}
    service.shutdown()
    document = ROOT / 'docs/fidelity.md'
    if asked.check:
        kept_results = json.loads(kept.read_text())
        if document.read_text() != page.render(kept_results):
            wrong.append('docs/fidelity.md is not what results.json gives: run this script without --check')
        print('\n'.join(wrong))
        return 1 if wrong else 0
    order = [t.key for t in tools.all_tools(ROOT, asked.castile)]
    results = {key: results[key] for key in order if key in results}
    kept.write_text(json.dumps(results, indent=1, ensure_ascii=False) + '\n')
    document.write_text(page.render(results))
    return 0


if __name__ == '__main__':
    sys.exit(main())
