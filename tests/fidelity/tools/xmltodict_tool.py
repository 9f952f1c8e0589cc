"""xmltodict: `parse` with namespaces resolved, `unparse` for requests.

  xmltodict_tool.py WSDL JOBS
"""
import xmltodict

import common
import converter
from converter import P, SOAP, T, XSI

NAMES = {T: None, P: 'p', SOAP: 'soap', XSI: 'xsi'}


def get(row, variant):
    envelope = xmltodict.parse(converter.ask(row, variant), process_namespaces=True, namespaces=NAMES)['soap:Envelope']
    body = envelope['soap:Body']
    body.pop('@xmlns', None)
    answer = next(v for k, v in body.items() if not k.startswith('@'))
    return {'header': envelope['soap:Header'], 'answer': answer} if 'soap:Header' in envelope else answer


def put(row, content, header=None):
    envelope = {'@xmlns:soap': SOAP, '@xmlns:p': P, '@xmlns:xsi': XSI, '@xmlns': T}
    if header:
        envelope['soap:Header'] = header
    envelope['soap:Body'] = {f'put{row}': {'id': '1', **content}}
    return lambda: converter.post(xmltodict.unparse({'soap:Envelope': envelope})).decode()


PUTS = {
    'Derived': {'shape': {'@xsi:type': 'p:Circle', 'p:name': 's', 'p:radius': '31'}},
    'Attribute': {'price': {'@currency': 'EUR', '#text': '12'}},
    'Long': {'value': 9007199254740993},
    'Unsigned': {'value': 18446744073709551615},
    'Decimal': {'value': '12.50'},
    'Digits': {'value': '12345678901234567.123456789'},
    'Double': {'value': 'INF'},
    'Boolean': {'value': True},
    'Nil': {'note': {'@xsi:nil': 'true'}},
    'NilItem': {'items': {'item': ['a', {'@xsi:nil': 'true'}, 'b']}},
    'Empty': {'note': ''},
    'OneItem': {'items': {'item': ['a']}},
    'NoItem': {'items': None},
    'List': {'codes': 'x1 y2 z3'},
    'Union': {'value': '007'},
    'Mixed': {'para': {'#text': 'AC', 'b': 'B'}},
    'Substitution': {'cat': {'p:name': 'n1'}},
    'Declared': {'p:stamp': {'p:by': 'ana'}},
    'Undeclared': {'u:free': {'@xmlns:u': 'urn:one', 'u:k': 'v1'}},
    'AnyAttribute': {'thing': {'@p:level': '5', 'name': 'n'}},
    'Choice': {'steps': {'a': ['1', '3'], 'b': '2'}},
    'TwoNames': {'code': 'x1', 'p:code': 'y2'},
    'QName': {'value': {'@xmlns:q': 'urn:a', '#text': 'q:red'}},
    'Local': {'value': '2026-03-01T10:00:00'},
    'Midnight': {'value': '2026-03-01T24:00:00'},
    'Fraction': {'value': '2026-03-01T10:00:00.123456789Z'},
    'Zone': {'value': '2026-03-01+02:00'},
    'Binary': {'value': 'AAH/'},
    'Markup': {'value': '<a> & b'},
    'Space': {'value': '  a\tb  '},
    'Return': {'value': 'a\r\nb'},
    'Fixed': {'thing': {'name': 'n'}},
    'Header': {'name': 'n'},
}
common.work(get, {row: put(row, content, {'quota': {'left': '3141'}} if row == 'Header' else None) for row, content in PUTS.items()})
