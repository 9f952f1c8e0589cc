"""zeep: `client.service`, its own objects.

  zeep_tool.py WSDL JOBS
"""
import collections
import datetime
import decimal
import sys

import zeep
from lxml import etree
from zeep import xsd
from zeep.helpers import serialize_object
from zeep.xsd.valueobjects import CompoundValue

import common

T, P = '{urn:castile:fidelity}', '{urn:castile:fidelity:parts}'
client = zeep.Client(sys.argv[1], settings=zeep.Settings(strict=False))
service = client.service


def shown(value):
    """A zeep object with its class, which is its XML type, and its fields."""
    if isinstance(value, CompoundValue):
        return {'#class': type(value).__name__, **{name: shown(value[name]) for name in value}}
    if isinstance(value, (list, tuple, collections.deque)):
        return [shown(v) for v in value]
    if isinstance(value, dict):
        return {str(k): shown(v) for k, v in value.items()}
    if isinstance(value, xsd.AnyObject):
        return {'#element': str(value.xsd_elm), 'value': shown(value.value)}
    return common.plain(value)


def get(row, variant):
    try:
        return shown(getattr(service, 'get' + row)(variant=variant))
    except zeep.exceptions.Fault as fault:
        if row != 'Fault':
            raise
        detail = fault.detail
        # The documented way to a typed detail: parse it by the type that the WSDL gives it.
        typed = client.get_element(P + 'problem').parse(detail[0], client.wsdl.types) if detail is not None and len(detail) else None
        return {'code': fault.code, 'message': fault.message, 'detail': shown(typed)}


def free():
    element = etree.Element('{urn:one}free', nsmap={'u': 'urn:one'})
    etree.SubElement(element, '{urn:one}k').text = 'v1'
    return element


def typed(of, **fields):
    return client.get_type(of)(**fields)


def element(of, **fields):
    found = client.get_element(of)
    return xsd.AnyObject(found, found(**fields))


Circle = lambda: typed(P + 'Circle', name='s', radius=31)
common.work(get, {
    'Derived': lambda: service.putDerived(id=1, shape=Circle()),
    'Attribute': lambda: service.putAttribute(id=1, price={'_value_1': 12, 'currency': 'EUR'}),
    'Long': lambda: service.putLong(id=1, value=9007199254740993),
    'Unsigned': lambda: service.putUnsigned(id=1, value=18446744073709551615),
    'Decimal': lambda: service.putDecimal(id=1, value=decimal.Decimal('12.50')),
    'Digits': lambda: service.putDigits(id=1, value=decimal.Decimal('12345678901234567.123456789')),
    'Double': lambda: service.putDouble(id=1, value='INF'),
    'Boolean': lambda: service.putBoolean(id=1, value=True),
    'Nil': lambda: service.putNil(id=1, note=xsd.Nil),
    'NilItem': lambda: service.putNilItem(id=1, items={'item': ['a', xsd.Nil, 'b']}),
    'Empty': lambda: service.putEmpty(id=1, note=''),
    'OneItem': lambda: service.putOneItem(id=1, items={'item': ['a']}),
    'NoItem': lambda: service.putNoItem(id=1, items={'item': []}),
    'List': lambda: service.putList(id=1, codes=['x1', 'y2', 'z3']),
    'Union': lambda: service.putUnion(id=1, value='007'),
    'Mixed': lambda: service.putMixed(id=1, para={'_value_1': 'AC', 'b': ['B']}),
    'Substitution': lambda: service.putSubstitution(id=1, cat={'name': 'n1'}),
    'Declared': lambda: service.putDeclared(id=1, _value_1=element(P + 'stamp', by='ana')),
    'Undeclared': lambda: service.putUndeclared(id=1, _value_1=free()),
    'AnyAttribute': lambda: service.putAnyAttribute(id=1, thing={'name': 'n', '_attr_1': {P + 'level': '5'}}),
    'Choice': lambda: service.putChoice(id=1, steps={'_value_1': [{'a': 1}, {'b': 2}, {'a': 3}]}),
    'TwoNames': lambda: service.putTwoNames(1, 'x1', 'y2'),
    'QName': lambda: service.putQName(id=1, value=etree.QName('urn:a', 'red')),
    'Local': lambda: service.putLocal(id=1, value=datetime.datetime(2026, 3, 1, 10)),
    'Midnight': lambda: service.putMidnight(id=1, value='2026-03-01T24:00:00'),
    'Fraction': lambda: service.putFraction(id=1, value='2026-03-01T10:00:00.123456789Z'),
    'Zone': lambda: service.putZone(id=1, value='2026-03-01+02:00'),
    'Binary': lambda: service.putBinary(id=1, value=b'\x00\x01\xff'),
    'Markup': lambda: service.putMarkup(id=1, value='<a> & b'),
    'Space': lambda: service.putSpace(id=1, value='  a\tb  '),
    'Return': lambda: service.putReturn(id=1, value='a\r\nb'),
    'Fixed': lambda: service.putFixed(id=1, thing={'name': 'n'}),
    'Header': lambda: service.putHeader(id=1, name='n', _soapheaders={'quota': {'left': 3141}}),
})
