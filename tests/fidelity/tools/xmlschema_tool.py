"""xmlschema: the reply's body decoded, and requests encoded, by the WSDL's schemas.

  xmlschema_tool.py WSDL JOBS
"""
import decimal
import sys

import xmlschema
from lxml import etree
from xmlschema.extras.wsdl import Wsdl11Document

import common
import converter
from converter import P, SOAP, T

schema = Wsdl11Document(sys.argv[1], allow='all').schema
XSI = 'http://www.w3.org/2001/XMLSchema-instance'
NAMES = {'t': T, 'p': P, 'xsi': XSI}


def decoded(element):
    return schema.to_dict(element, decimal_type=decimal.Decimal, keep_empty=True, namespaces=NAMES, cdata_prefix='#')


def get(row, variant):
    envelope = etree.fromstring(converter.ask(row, variant))
    answer = envelope.find(f'{{{SOAP}}}Body')[0]
    if row == 'Fault':
        answer = answer.find('detail')[0]
    header = envelope.find(f'{{{SOAP}}}Header/*')
    return common.plain(decoded(answer) if header is None else [decoded(header), decoded(answer)])


def markup(element):
    return etree.tostring(element, encoding='unicode')


def put(row, content, header=None):
    def act():
        body = schema.encode({'t:id': 1, **content}, path=f't:put{row}', namespaces={**NAMES, 'q': 'urn:a'}, cdata_prefix='#', etree_element_class=etree.Element)
        block = ''
        if header:
            block = f'<s:Header>{markup(schema.encode(header, path="t:quota", namespaces=NAMES, etree_element_class=etree.Element))}</s:Header>'
        converter.post(f'<s:Envelope xmlns:s="{SOAP}">{block}<s:Body>{markup(body)}</s:Body></s:Envelope>')
    return act


PUTS = {
    'Derived': {'t:shape': {'@xsi:type': 'p:Circle', 'p:name': 's', 'p:radius': 31}},
    'Attribute': {'t:price': {'@currency': 'EUR', '$': 12}},
    'Long': {'t:value': 9007199254740993},
    'Unsigned': {'t:value': 18446744073709551615},
    'Decimal': {'t:value': decimal.Decimal('12.50')},
    'Digits': {'t:value': decimal.Decimal('12345678901234567.123456789')},
    'Double': {'t:value': float('inf')},
    'Boolean': {'t:value': True},
    'Nil': {'t:note': {'@xsi:nil': 'true'}},
    'NilItem': {'t:items': {'t:item': ['a', {'@xsi:nil': 'true'}, 'b']}},
    'Empty': {'t:note': ''},
    'OneItem': {'t:items': {'t:item': ['a']}},
    'NoItem': {'t:items': {}},
    'List': {'t:codes': ['x1', 'y2', 'z3']},
    'Union': {'t:value': '007'},
    'Mixed': {'t:para': {'#1': 'A', 't:b': ['B'], '#2': 'C'}},
    'Substitution': {'t:cat': {'p:name': 'n1'}},
    'Declared': {'p:stamp': {'p:by': 'ana'}},
    'Undeclared': {'{urn:one}free': {'{urn:one}k': 'v1'}},
    'AnyAttribute': {'t:thing': {'@p:level': 5, 't:name': 'n'}},
    'Choice': {'t:steps': {'t:a': [1, 3], 't:b': [2]}},
    'TwoNames': {'t:code': 'x1', 'p:code': 'y2'},
    'QName': {'t:value': 'q:red'},
    'Local': {'t:value': '2026-03-01T10:00:00'},
    'Midnight': {'t:value': '2026-03-01T24:00:00'},
    'Fraction': {'t:value': '2026-03-01T10:00:00.123456789Z'},
    'Zone': {'t:value': '2026-03-01+02:00'},
    'Binary': {'t:value': 'AAH/'},
    'Markup': {'t:value': '<a> & b'},
    'Space': {'t:value': '  a\tb  '},
    'Return': {'t:value': 'a\r\nb'},
    'Fixed': {'t:thing': {'t:name': 'n'}},
    'Header': {'t:name': 'n'},
}
common.work(get, {row: put(row, content, {'t:left': 3141} if row == 'Header' else None) for row, content in PUTS.items()})
