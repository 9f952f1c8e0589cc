"""suds-community: `client.service`, its own objects.

  suds_tool.py WSDL JOBS
"""
import datetime
import sys

import suds
import suds.client
import suds.sax.element
import suds.sudsobject

import common

T, P = '{urn:castile:fidelity}', '{urn:castile:fidelity:parts}'
client = suds.client.Client(sys.argv[1], cache=None)
service = client.service


def shown(value):
    """A suds object with its class, which is its XML type, and its fields."""
    if isinstance(value, suds.sudsobject.Object):
        return {'#class': type(value).__name__, **{name: shown(field) for name, field in value}}
    if isinstance(value, list):
        return [shown(v) for v in value]
    if isinstance(value, tuple):
        return [shown(v) for v in value]
    if isinstance(value, suds.sax.element.Element):
        return {'#markup': value.plain()}
    return str(value) if isinstance(value, str) else common.plain(value)


def get(row, variant):
    try:
        return shown(getattr(service, 'get' + row)(variant))
    except suds.WebFault as fault:
        if row != 'Fault':
            raise
        return shown(fault.fault)


def typed(of, **fields):
    made = client.factory.create(of)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def free():
    element = suds.sax.element.Element('free', ns=('u', 'urn:one'))
    element.append(suds.sax.element.Element('k', ns=('u', 'urn:one')).setText('v1'))
    return element


def header():
    quota = typed(T + 'quota', left=3141)
    client.set_options(soapheaders={'quota': quota})
    try:
        return service.putHeader(1, 'n')
    finally:
        client.set_options(soapheaders=())


common.work(get, {
    'Derived': lambda: service.putDerived(1, typed(P + 'Circle', name='s', radius=31)),
    'Attribute': lambda: service.putAttribute(1, typed(P + 'Price', _currency='EUR', value=12)),
    'Long': lambda: service.putLong(1, 9007199254740993),
    'Unsigned': lambda: service.putUnsigned(1, 18446744073709551615),
    'Decimal': lambda: service.putDecimal(1, '12.50'),
    'Digits': lambda: service.putDigits(1, '12345678901234567.123456789'),
    'Double': lambda: service.putDouble(1, 'INF'),
    'Boolean': lambda: service.putBoolean(1, True),
    'Nil': lambda: service.putNil(1, suds.null()),
    'NilItem': lambda: service.putNilItem(1, typed(T + 'ArrayOfText', item=['a', suds.null(), 'b'])),
    'Empty': lambda: service.putEmpty(1, ''),
    'OneItem': lambda: service.putOneItem(1, typed(T + 'ArrayOfText', item=['a'])),
    'NoItem': lambda: service.putNoItem(1, typed(T + 'ArrayOfText', item=[])),
    'List': lambda: service.putList(1, 'x1 y2 z3'),
    'Union': lambda: service.putUnion(1, '007'),
    'Mixed': lambda: service.putMixed(1, typed(T + 'Para', b=['B'], value='AC')),
    'Substitution': lambda: service.putSubstitution(1, {'name': 'n1'}),
    'Declared': lambda: service.putDeclared(1, typed(P + 'stamp', by='ana')),
    'Undeclared': lambda: service.putUndeclared(1, free()),
    'AnyAttribute': lambda: service.putAnyAttribute(1, {'name': 'n', '_level': '5'}),
    'Choice': lambda: service.putChoice(1, {'a': [1, 3], 'b': [2]}),
    'TwoNames': lambda: service.putTwoNames(1, 'x1', 'y2'),
    'QName': lambda: service.putQName(1, 'q:red'),
    'Local': lambda: service.putLocal(1, datetime.datetime(2026, 3, 1, 10)),
    'Midnight': lambda: service.putMidnight(1, '2026-03-01T24:00:00'),
    'Fraction': lambda: service.putFraction(1, '2026-03-01T10:00:00.123456789Z'),
    'Zone': lambda: service.putZone(1, '2026-03-01+02:00'),
    'Binary': lambda: service.putBinary(1, 'AAH/'),
    'Markup': lambda: service.putMarkup(1, '<a> & b'),
    'Space': lambda: service.putSpace(1, '  a\tb  '),
    'Return': lambda: service.putReturn(1, 'a\r\nb'),
    'Fixed': lambda: service.putFixed(1, {'name': 'n'}),
    'Header': header,
})
