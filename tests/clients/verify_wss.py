"""Verifies envelopes that Castile secured, with zeep's and lxml's own eyes: signature, digest, timestamp, addressing.

  verify_wss.py CERTIFICATE.pem USER PASSWORD ENVELOPE.xml…
"""
import base64, datetime, hashlib, sys

from lxml import etree
from zeep.wsse.signature import verify_envelope

WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
DS = 'http://www.w3.org/2000/09/xmldsig#'
NS = dict(wsse=WSSE, wsu=WSU, ds=DS, wsa='http://www.w3.org/2005/08/addressing')


def one(tree, path):
    found = tree.xpath(path, namespaces=NS)
    assert len(found) == 1, f'{len(found)} of {path}'
    return found[0]


def moment(text):
    return datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%S.%fZ').replace(tzinfo=datetime.timezone.utc)


def verify(path, certificate, user, password):
    tree = etree.parse(path).getroot()
    verify_envelope(tree, certificate)
    # What is referred to is what counts: the Body, the stamp, the token, the addressing headers.
    signed = {r.get('URI')[1:] for r in tree.xpath('//ds:Reference', namespaces=NS)}
    names = {etree.QName(e).localname for e in tree.iter() if e.get(f'{{{WSU}}}Id') in signed}
    assert {'Body', 'Timestamp', 'UsernameToken', 'BinarySecurityToken'} <= names, names
    token = one(tree, '//wsse:UsernameToken')
    assert one(token, 'wsse:Username').text == user
    nonce, created = base64.b64decode(one(token, 'wsse:Nonce').text), one(token, 'wsu:Created').text
    assert len(nonce) >= 16
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()
    assert one(token, 'wsse:Password').text == digest
    stamp = one(tree, '//wsu:Timestamp')
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = moment(one(stamp, 'wsu:Created').text), moment(one(stamp, 'wsu:Expires').text)
    assert begin - datetime.timedelta(minutes=5) <= now < end, (begin, now, end)
    # A changed byte must not pass.
    body = one(tree, '/*/*[local-name()="Body"]')
    body.append(etree.Element('more'))
    try:
        verify_envelope(tree, certificate)
    except Exception:
        return
    raise AssertionError('a changed Body passes')


certificate, user, password, *envelopes = sys.argv[1:]
for envelope in envelopes:
    verify(envelope, certificate, user, password)
print(len(envelopes), 'verified')
