"""For converters that know no service: an envelope is posted by hand, and the data is what the converter makes of the reply's body."""
import sys
import urllib.error
import urllib.request

SOAP = 'http://schemas.xmlsoap.org/soap/envelope/'
T, P = 'urn:castile:fidelity', 'urn:castile:fidelity:parts'
XSI = 'http://www.w3.org/2001/XMLSchema-instance'
address = sys.argv[1].split('?')[0]


def post(envelope):
    """The reply's bytes, also of a fault."""
    body = envelope if isinstance(envelope, bytes) else envelope.encode()
    request = urllib.request.Request(address, body, {'Content-Type': 'text/xml; charset=utf-8', 'SOAPAction': '""'})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()


def ask(row, variant):
    return post(f'<s:Envelope xmlns:s="{SOAP}" xmlns:t="{T}"><s:Body><t:get{row}><t:variant>{variant}</t:variant></t:get{row}></s:Body></s:Envelope>')
