"""zeep against the gateway: loads ?wsdl and calls every operation of a sample service, at every port.

  zeep_client.py WSDL_ADDRESS SERVICE
"""
import datetime, decimal, sys

import zeep
from zeep import xsd
from zeep.helpers import serialize_object

calls = 0


def called(answer, check=lambda a: True):
    global calls
    calls += 1
    assert check(answer), f'call {calls}: {serialize_object(answer)}'
    return answer


def countries(client):
    for port in ('CountriesSoap', 'CountriesSoap12'):
        service = client.bind('Countries', port)
        called(service.GetCountry(code='LK'), lambda a: len(a.code) == 2 and isinstance(a.area, decimal.Decimal))
        called(service.ListCountries(continent='Asia', limit=3), lambda a: isinstance(a.total, int) and a.ListCountriesResult is not None)
        country = dict(code='PT', name='Portugal', continent='Europe', population=10_467_366, area=decimal.Decimal('92230.00'),
                       currency=['EUR'], founded=xsd.Nil)
        called(service.AddCountry(country=country), lambda a: len(a) == 2)


def orders(client):
    service = client.service
    types = 'urn:castile:samples:orders:types'
    amount = dict(_value_1=decimal.Decimal('12.50'), currency='EUR')
    line = dict(sku='A-1', quantity=2, description='A <shirt> & more', price=amount, size='M', part=[])
    card = client.get_type(f'{{{types}}}Card')(payer='Ana', token='t-1', expires=(2027, 5, None))
    order = dict(version='1.0', line=[line], locker=dict(_value_1='17', operator='CTT'), payment=card, tags=['gift', 'blue'],
                 attachment=b'\x00\x01\xff')
    headers = {'shop': {'name': 'lisbon', 'trace': True}}
    called(service.PlaceOrder(order=order, _soapheaders=headers), lambda a: a.id > 0 and a.total.currency)
    called(service.GetOrder(id=5, _soapheaders=headers), lambda a: a.payment.payer is not None and isinstance(a.placed, datetime.datetime))
    called(service.FindOrders(reference='r', status=['placed', 'packed']), lambda a: isinstance(a, list))
    called(service.CancelOrder(id=5, reason=xsd.Nil))


def inventory(client):
    service = client.service
    place = dict(warehouse='north', aisle=3, bin='b')
    called(service.StockOf(sku='A-000001', minimum=0), lambda a: isinstance(a.total, int))
    called(service.Move(sku='A-000001', quantity=5, **{'from': place}, to=place), lambda a: isinstance(a, datetime.datetime))
    called(service.Counted(count=dict(by='Rui', sku='A-000001', location=place, quantity=7)), lambda a: a is None)
    called(service.Empty(location=place), lambda a: a is None)


if __name__ == '__main__':
    address, name = sys.argv[1:]
    {'countries': countries, 'orders': orders, 'inventory': inventory}[name](zeep.Client(address))
    print(f'{calls} calls')
