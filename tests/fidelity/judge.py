"""The machine rules: what a tool's data says of a reply, and what of a request reached the service."""
import json
import re

from lxml import etree

from rows import ENVELOPE, ROWS

XSI = 'http://www.w3.org/2001/XMLSchema-instance'
XS = 'http://www.w3.org/2001/XMLSchema'
SOAP = 'http://schemas.xmlsoap.org/soap/envelope/'
PARTS = 'urn:castile:fidelity:parts'


class Digits(str):
    """A JSON number by its digits."""


def load(line):
    """A tool's line, with the numbers as they stand there."""
    return json.loads(line, parse_float=Digits, parse_int=Digits)


def text(data):
    """Data as one line, for comparing and for showing."""
    if isinstance(data, Digits):
        return str(data)
    if isinstance(data, dict):
        return '{' + ', '.join(f'{text(k)}: {text(v)}' for k, v in data.items()) + '}'
    if isinstance(data, list):
        return '[' + ', '.join(map(text, data)) + ']'
    return json.dumps(data, ensure_ascii=False)


def kind(data):
    return 'number' if isinstance(data, Digits) else 'boolean' if isinstance(data, bool) else 'text'


def scalars(data, path=()):
    """(path, value) of every value in the data, in its order."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from scalars(value, path + (key,))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from scalars(value, path + (index,))
    else:
        yield path, data


def spelt(value):
    return value if isinstance(value, str) else json.dumps(value)


def short(words, most=150):
    words = re.sub(r' at 0x[0-9a-f]+', '', words)
    return words if len(words) <= most else words[:most - 1] + '…'


def reply(row, seen):
    """(verdict, evidence) from {variant: {'data': …} or {'error': …}}."""
    failed = [v for v in row.reply if 'error' in seen.get(v, {'error': 'no answer'})]
    if failed:
        return 'error', f'{failed[0]}: {short(seen.get(failed[0], {}).get("error", "no answer"))}'
    data = {v: seen[v]['data'] for v in row.reply}
    for group in [list(row.reply)] if row.differ is None else row.differ:
        for i, first in enumerate(group):
            for second in group[i + 1:]:
                if text(data[first]) == text(data[second]):
                    return 'lost', f'{first} and {second} are both {short(text(data[first]))}'
    for variant, wanted in row.values.items():
        found = [spelt(value) for _, value in scalars(data[variant])]
        for value in wanted:
            if value not in found:
                return 'changed', f'{variant}: no {json.dumps(value)} in {short(text(data[variant]))}'
    for variant, wanted in row.pieces.items():
        whole = '\n'.join(spelt(value) for _, value in scalars(data[variant]))
        for value in wanted:
            if not any(one in whole for one in ([value] if isinstance(value, str) else value)):
                return 'lost', f'{variant}: nothing of {json.dumps(value)} in {short(text(data[variant]))}'
    for name, wanted in row.kinds.items():
        for variant in row.reply:
            found = [value for path, value in scalars(data[variant]) if path and re.search(rf'\b{name}$', str([p for p in path if isinstance(p, str)][-1]))]
            if [kind(value) for value in found] != [wanted]:
                return 'changed', f'{name} is no {wanted} in {short(text(data[variant]))}'
    for (a, x), (b, y) in row.place:
        places = [next(path for path, value in scalars(data[v]) if spelt(value) == what) for v, what in ((a, x), (b, y))]
        if places[0] != places[1]:
            return 'changed', f'{a}: {short(text(data[a]), 70)}, but {b}: {short(text(data[b]), 70)}'
    for first, second in row.same:
        if text(data[first]) != text(data[second]):
            return 'changed', f'{first}: {short(text(data[first]), 70)}, but {second}: {short(text(data[second]), 70)}'
    return 'kept', short(text(data[next(iter(row.reply))]))


def infoset(element, mixed=False):
    """An element as text that two equal infosets share: no prefixes, no white space between elements, QName values resolved."""
    attributes = {}
    for name, value in element.attrib.items():
        if name == f'{{{XSI}}}type':
            value = resolved(element, value)
        elif name == f'{{{XSI}}}nil':
            value = 'true' if value in ('1', 'true') else 'false'
        elif name.startswith(f'{{{XSI}}}'):
            continue
        attributes[name] = value
    inner = [element.text or '']
    children = [c for c in element if isinstance(c.tag, str)]
    for child in children:
        inner += [infoset(child), child.tail or '']
    if children and not any(piece.strip() for piece in inner[::2]):
        inner = inner[1::2]
    body = ''.join(inner)
    if element.tag == '{urn:castile:fidelity}value' and element.getparent() is not None and element.getparent().tag.endswith('putQName'):
        body = resolved(element, body)
    if attributes.get(f'{{{XSI}}}nil') == 'false':
        del attributes[f'{{{XSI}}}nil']
    return f'<{element.tag}' + ''.join(f' {k}="{v}"' for k, v in sorted(attributes.items())) + f'>{body}</>'


def resolved(element, name):
    prefix, _, local = name.strip().rpartition(':')
    namespace = element.nsmap.get(prefix or None)
    return f'{{{namespace}}}{local}' if namespace else name


def undeclared_types(element, types):
    """xsi:type that says what the WSDL says is not a difference: only those of derived types stay."""
    for one in element.iter(etree.Element):
        kind = one.get(f'{{{XSI}}}type')
        if kind is not None and resolved(one, kind) not in types:
            del one.attrib[f'{{{XSI}}}type']


DERIVED = {f'{{{PARTS}}}{name}' for name in ('Circle', 'Point', 'Dot')}


def request(row, seen, received, schema):
    """(verdict, evidence) from what the tool said and the envelope that came, or None."""
    if received is None:
        return 'error', short(seen.get('error', 'nothing came'))
    try:
        envelope = etree.fromstring(received)
    except etree.XMLSyntaxError as e:
        return 'error', f'not XML: {short(str(e))}'
    body = envelope.find(f'{{{SOAP}}}Body')
    found = [c for c in body if isinstance(c.tag, str)] if body is not None else []
    wanted = etree.fromstring(ENVELOPE.format(header='', body=f'<t:put{row.name}><t:id>1</t:id>{row.request}</t:put{row.name}>'))[0][0]
    if len(found) != 1:
        return 'error', f'{len(found)} elements in the body'
    valid = schema.validate(etree.fromstring(etree.tostring(found[0])))
    why = '' if valid else '; not valid: ' + short(schema.error_log[0].message.replace('{urn:castile:fidelity}', 't:'), 120)
    undeclared_types(found[0], DERIVED)
    shown = ''.join(etree.tostring(c, encoding='unicode') for c in found[0] if c.tag != '{urn:castile:fidelity}id')
    shown = short(re.sub(r' xmlns(:[\w-]+)?="[^"]*"', '', shown).strip() or 'nothing but the id')
    if infoset(found[0]) != infoset(wanted):
        return ('changed' if valid else 'invalid'), shown + why
    if not valid:
        return 'invalid', shown + why
    if row.header:
        expected = etree.fromstring(ENVELOPE.format(header='', body=row.header))[0][0]
        blocks = envelope.findall(f'{{{SOAP}}}Header/*')
        for block in blocks:
            undeclared_types(block, DERIVED)
        if infoset(expected) not in [infoset(block) for block in blocks]:
            return 'lost', 'no such header block'
    return 'kept', shown


BY_NAME = {row.name: row for row in ROWS}
