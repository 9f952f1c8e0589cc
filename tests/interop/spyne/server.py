"""Spyne with one service at /soap11 and /soap12, on a port of its own that it prints.

What a method is given stands in the file PEER_LOG, a JSON line for each call, with the classes that Spyne made of xsi:type.
"""
import datetime
import decimal
import json
import os
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import (Application, Array, Boolean, ByteArray, ComplexModel, Date, DateTime, Decimal, Double, Duration, Enum, Fault, Integer, Integer64,
                   ServiceBase, Time, Unicode, UnsignedInteger64, XmlAttribute, rpc)
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication

NAMESPACE = 'urn:castile:interop:spyne'
Color = Enum('red', 'green', type_name='Color')


class Session(ComplexModel):
    __namespace__ = NAMESPACE
    token = Unicode(min_occurs=1)


class Receipt(ComplexModel):
    __namespace__ = NAMESPACE
    number = Integer64


class Animal(ComplexModel):
    __namespace__ = NAMESPACE
    name = Unicode(min_occurs=1, nillable=False)
    tag = XmlAttribute(Unicode)


class Cat(Animal):
    __namespace__ = NAMESPACE
    lives = Integer64


class Dog(Animal):
    __namespace__ = NAMESPACE
    good = Boolean


class Order(ComplexModel):
    __namespace__ = NAMESPACE
    id = UnsignedInteger64
    total = Decimal
    exact = Integer
    ratio = Double
    placed = DateTime
    due = Date
    at = Time
    took = Duration
    color = Color
    note = Unicode
    empty = Unicode
    proof = ByteArray
    urgent = Boolean
    pet = Animal
    pets = Array(Animal)
    codes = Integer64(max_occurs='unbounded')


class Refused(Fault):
    __namespace__ = NAMESPACE
    limit = Decimal


def shown(value):
    if isinstance(value, ComplexModel):
        named = {name: shown(getattr(value, name, None)) for name in type(value).get_flat_type_info(type(value))}
        return {'#class': type(value).__name__, **named}
    if isinstance(value, bytes):
        return {'bytes': value.hex()}
    if isinstance(value, (list, tuple)):
        # Spyne has the pieces of a byte array as a list.
        return {'bytes': b''.join(value).hex()} if value and all(isinstance(v, bytes) for v in value) else [shown(v) for v in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, datetime.timedelta)):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def received(ctx, **data):
    kind = ctx.transport.req_env.get('CONTENT_TYPE', '')
    with open(os.environ['PEER_LOG'], 'a') as log:
        log.write(json.dumps({'what': ctx.method_name, 'soap': kind, 'data': {k: shown(v) for k, v in data.items()}}) + '\n')


class Shop(ServiceBase):
    __in_header__ = Session
    __out_header__ = Receipt

    @rpc(Order, _returns=Order)
    def place(ctx, order):
        received(ctx, session=ctx.in_header, order=order)
        ctx.out_header = Receipt(number=9007199254740993)
        return order


class Zoo(ServiceBase):
    @rpc(Integer64, _returns=Array(Animal))
    def animals(ctx, count):
        received(ctx, count=count)
        if count < 0:
            return None
        return [Cat(name=f'c{n}', lives=n) if n % 2 else Dog(name=f'd{n}', good=True, tag='x') for n in range(1, count + 1)]

    @rpc(Unicode, _returns=Unicode, _throws=Refused)
    def fail(ctx, how):
        received(ctx, how=how)
        if how == 'declared':
            # Spyne writes a fault's own fields beside its detail, and its detail in no namespace.
            refused = Refused('Client.Bank', 'Refused by the bank', detail={'Refused': {'limit': '100.10'}})
            refused.limit = decimal.Decimal('100.10')
            raise refused
        if how == 'client':
            raise Fault('Client', 'What is this?')
        if how == 'server':
            raise Fault('Server', 'The disk of db7 is full')
        if how == 'crash':
            raise ValueError('a secret of db7')
        return how


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def application(soap, name):
    return Application([Shop, Zoo], NAMESPACE, name=name, in_protocol=soap(validator='lxml'), out_protocol=soap(polymorphic=True))


by_path = {'soap11': WsgiApplication(application(Soap11, 'Shop11')), 'soap12': WsgiApplication(application(Soap12, 'Shop12'))}


def route(environment, start):
    return by_path[environment['PATH_INFO'].strip('/').split('/')[0]](environment, start)


server = make_server('127.0.0.1', 0, route, handler_class=Quiet)
print(f'http://127.0.0.1:{server.server_port}', flush=True)
server.serve_forever()
