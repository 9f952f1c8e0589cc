"""docs/fidelity.md from what was seen."""
from rows import ROWS

MARKS = {'kept': 'kept', 'lost': '**lost**', 'changed': '**changed**', 'invalid': '**invalid**', 'error': '**error**'}

HEAD = '''# What SOAP tools keep of a message
One service with the constructs that real WSDLs have and that tools differ in, each tool called against it, and a rule for what counts. This page is
written by a script and says only what it saw; the tests run the script again and fail where a column is no longer true.

```console
./tests/run.sh install                                         # the tools of PyPI, npm and Debian
cargo build
target/foreign/py/bin/python tests/fidelity/run.py             # every tool that is installed; writes this page
target/foreign/py/bin/python tests/fidelity/run.py --check     # fails where this page says otherwise
```

The service is [service.wsdl](../tests/fidelity/service.wsdl), the rows are [rows.py](../tests/fidelity/rows.py), the rules
[judge.py](../tests/fidelity/judge.py), each tool's use a file in [tools/](../tests/fidelity/tools). A tool that could do better in another use is a fault
of that file: send a change.

'''

RULES = '''## The rules
**Replies.** The service sends two or more replies for a row. *error*: the tool refuses one of them. *lost*: replies that mean different things give the caller the same data, or a
value is nowhere in it. *changed*: a value is there, but not as it was sent (other digits, another kind, a list as one text), or replies that mean
the same (other prefixes, another spelling of true, folded base64) give different data. *kept*: none of these. What is compared is everything that the
caller holds: fields, keys, classes, attributes, native values with all their digits.

**Requests.** What reached the service is compared with what was to be said, as infosets: prefixes, white space between elements and an `xsi:type`
that repeats the declaration do not count. *error*: nothing came, or no XML. *invalid*: the schema refuses it (libxml2). *changed*: valid, but it says something else. *kept*: the same.
Where a tool takes a string for a number or a date, a string was given to it, so that its own types take nothing away.

The converters (xmltodict, fast-xml-parser, xml2js) know no schema: they keep the text of what is written, and leave to the caller what is a number, a
list, an array, nil, or which namespace a prefix means. Castile's JSON numbers have every digit; a caller whose JSON reader makes them binary floats (JavaScript's `JSON.parse`)
asks for `numbers: string` in the API's definition.

'''


def counts(found):
    """{side: (rows kept, rows)}."""
    sides = {}
    for entry in found.values():
        for side, (verdict, _) in entry.items():
            kept, all_ = sides.get(side, (0, 0))
            sides[side] = (kept + (verdict == 'kept'), all_ + 1)
    return sides


def table(results, side):
    lines = ['| | ' + ' | '.join(r['name'] for r in results.values()) + ' |', '| --- |' + ' --- |' * len(results)]
    for row in ROWS:
        if not (row.reply if side == 'reply' else row.request is not None):
            continue
        note = f' ({row.note})' if row.note else ''
        marks = [MARKS[r['rows'][row.name][side][0]] if side in r['rows'].get(row.name, {}) else '' for r in results.values()]
        lines.append(f'| {row.title}{note} | ' + ' | '.join(marks) + ' |')
    lines.append('| **kept** | ' + ' | '.join('{} of {}'.format(*counts(r['rows'])[side]) for r in results.values()) + ' |')
    return '\n'.join(lines) + '\n\n'


def cell(text):
    """Evidence as code in a table's cell."""
    flat = text.replace('|', '¦').replace('\n', '⏎').replace('\r', '␍').replace('\t', '⇥').replace('`', 'ˋ')
    return f'`{flat}`'


def evidence(results):
    out = ['## What was seen\nOf everything that was not kept.\n\n']
    for result in results.values():
        rows = [(row.title, side, *found) for row in ROWS for side, found in result['rows'].get(row.name, {}).items() if found[0] != 'kept']
        if not rows:
            continue
        out.append(f'### {result["name"]} {result["version"]}\n| | | | |\n| --- | --- | --- | --- |\n')
        out += [f'| {title} | {side} | {verdict} | {cell(seen)} |\n' for title, side, verdict, seen in rows]
        out.append('\n')
    return ''.join(out).rstrip() + '\n'


def render(results):
    used = '## The tools\n| tool | version | used as |\n| --- | --- | --- |\n' + ''.join(
        f'| {r["name"]} | {r["version"]} | {r["mode"]} |\n' for r in results.values()) + '\n'
    return HEAD + '## Replies\n' + table(results, 'reply') + '## Requests\n' + table(results, 'request') + RULES + used + evidence(results)
