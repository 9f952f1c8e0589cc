"""Castile: imports the WSDL from its address, serves it, and calls it with JSON.

  castile.py WSDL JOBS CASTILE FOLDER
"""
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import common

wsdl, _, castile, folder = sys.argv[1:]
settings = dict(os.environ, CASTILE_NETWORK__ALLOW='127.0.0.0/8', CASTILE_LISTEN__GATEWAY__ADDRESS='127.0.0.1:0',
                CASTILE_LISTEN__PORTAL__ADDRESS='127.0.0.1:0',
                CASTILE_LISTEN__ADMIN__ADDRESS='127.0.0.1:0')

PUTS = {
    'Derived': '{"id": 1, "shape": {"$type": "Circle", "name": "s", "radius": 31}}',
    'Attribute': '{"id": 1, "price": {"@currency": "EUR", "$value": 12}}',
    'Long': '{"id": 1, "value": 9007199254740993}',
    'Unsigned': '{"id": 1, "value": 18446744073709551615}',
    'Decimal': '{"id": 1, "value": 12.50}',
    'Digits': '{"id": 1, "value": 12345678901234567.123456789}',
    'Double': '{"id": 1, "value": "INF"}',
    'Boolean': '{"id": 1, "value": true}',
    'Nil': '{"id": 1, "note": null}',
    'NilItem': '{"id": 1, "items": ["a", null, "b"]}',
    'Empty': '{"id": 1, "note": ""}',
    'OneItem': '{"id": 1, "items": ["a"]}',
    'NoItem': '{"id": 1, "items": []}',
    'List': '{"id": 1, "codes": ["x1", "y2", "z3"]}',
    'Union': '{"id": 1, "value": "007"}',
    'Mixed': '{"id": 1, "para": {"$content": ["A", {"b": "B"}, "C"]}}',
    'Substitution': '{"id": 1, "cat": {"name": "n1"}}',
    'Declared': '{"id": 1, "stamp": {"by": "ana"}}',
    'Undeclared': '{"id": 1, "free": {"$ns": "urn:one", "k": "v1"}}',
    'AnyAttribute': '{"id": 1, "thing": {"@{urn:castile:fidelity:parts}level": "5", "name": "n"}}',
    'Choice': '{"id": 1, "steps": [{"a": 1}, {"b": 2}, {"a": 3}]}',
    'TwoNames': '{"id": 1, "code": "x1", "p:code": "y2"}',
    'QName': '{"id": 1, "value": "{urn:a}red"}',
    'Local': '{"id": 1, "value": "2026-03-01T10:00:00"}',
    'Midnight': '{"id": 1, "value": "2026-03-01T24:00:00"}',
    'Fraction': '{"id": 1, "value": "2026-03-01T10:00:00.123456789Z"}',
    'Zone': '{"id": 1, "value": "2026-03-01+02:00"}',
    'Binary': '{"id": 1, "value": "AAH/"}',
    'Markup': '{"id": 1, "value": "<a> & b"}',
    'Space': '{"id": 1, "value": "  a\\tb  "}',
    'Return': '{"id": 1, "value": "a\\r\\nb"}',
    'Fixed': '{"id": 1, "thing": {"name": "n"}}',
    'Header': '{"id": 1, "$headers": {"quota": {"left": 3141}}, "name": "n"}',
}


def post(base, operation, body):
    """The answer's JSON as it came; of a fault's problem document what is the fault's; any other refusal is an error."""
    request = urllib.request.Request(f'{base}/{operation}', body.encode(), {'Content-Type': 'application/json'})
    try:
        with urllib.request.urlopen(request) as answer:
            return common.Raw(answer.read().decode() or 'null')
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        problem = json.loads(text)
        if 'fault' in problem:
            return problem['fault']
        raise ValueError(text) from None


subprocess.run([castile, 'import', wsdl, '--name', 'fidelity', '--dir', f'{folder}/apis'], env=settings, cwd=folder, check=True,
               stdout=subprocess.DEVNULL)
# What is measured is the mapping: no key is asked for.
definition = f'{folder}/apis/fidelity/api.yaml'
with open(definition) as file:
    text = file.read()
with open(definition, 'w') as file:
    file.write(text.replace('security: [api_key, oauth2]\n', ''))
server = subprocess.Popen([castile, 'serve', '--dir', f'{folder}/apis'], env=settings, cwd=folder, stderr=subprocess.PIPE, text=True)
try:
    for line in server.stderr:
        if line.startswith('{') and (said := json.loads(line)).get('message') == 'serving':
            base = f'http://{said["gateway"]}/fidelity/1'
            break
    else:
        raise SystemExit('castile serve ended')
    ask = lambda row, variant: post(base, f'get{row}', json.dumps({'variant': variant}))
    common.work(ask, {row: (lambda row=row, body=body: post(base, f'put{row}', body)) for row, body in PUTS.items()})
finally:
    server.terminate()
    server.communicate()
