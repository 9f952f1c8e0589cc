"""The rows of docs/fidelity.md: for each what the service replies and what must be seen of it, and what must reach the service.

A reply's variants are asked for by name (`getX` with that name). `t:` and `p:` are the namespaces of service.wsdl.
"""
from dataclasses import dataclass, field

ENVELOPE = '''<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="urn:castile:fidelity" \
xmlns:p="urn:castile:fidelity:parts" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{header}<soap:Body>{body}</soap:Body></soap:Envelope>'''


@dataclass
class Row:
    name: str
    title: str
    # Variant → the children of getXResponse after its id; a value that begins with `<soap:Envelope` is the whole reply.
    reply: dict = field(default_factory=dict)
    # Sets of variants that mean different things, so that the data must differ. None: all of them.
    differ: list | None = None
    # Pairs of variants that mean the same, so that the data must not differ.
    same: list = field(default_factory=list)
    # Variant → values that must be in the data, each as one value (a list: any of these spellings).
    values: dict = field(default_factory=dict)
    # Variant → pieces of text that must be in the data, also within something longer.
    pieces: dict = field(default_factory=dict)
    # Two (variant, value): the value must be at the same place of the data.
    place: list = field(default_factory=list)
    # Field → the kind its value must have: number, text or boolean.
    kinds: dict = field(default_factory=dict)
    # The children of putX, after its id, that must reach the service; header: the header block.
    request: str | None = None
    header: str | None = None
    note: str = ''


def one(value, name='value'):
    return f'<t:{name}>{value}</t:{name}>'


def items(*inner):
    return '<t:items>' + ''.join(inner) + '</t:items>'


def item(text):
    return f'<t:item>{text}</t:item>'


def shape(kind, more=''):
    return f'<t:shape xsi:type="p:{kind}"><p:name>s</p:name>{more}</t:shape>'


def whole(body, header=''):
    return ENVELOPE.format(body=body, header=header)


def problem(limit):
    detail = f'<detail><p:problem><p:reason>full</p:reason><p:limit>{limit}</p:limit></p:problem></detail>'
    return whole(f'<soap:Fault><faultcode>soap:Client</faultcode><faultstring>no</faultstring>{detail}</soap:Fault>')


def headed(left):
    return whole('<t:getHeaderResponse><t:id>1</t:id><t:name>n</t:name></t:getHeaderResponse>',
                 f'<soap:Header><t:quota><t:left>{left}</t:left></t:quota></soap:Header>')


def other_prefixes(text):
    return whole(text).replace('<t:', '<ns7:').replace('</t:', '</ns7:').replace('xmlns:t=', 'xmlns:ns7=').replace('soap:', 'S:').replace(':soap=', ':S=')


def qname(prefix, namespace):
    return f'<t:value xmlns:{prefix}="{namespace}">{prefix}:red</t:value>'


NIL = '<t:item xsi:nil="true"/>'
WHO = '<t:who><t:name>Ana</t:name><t:age>41</t:age></t:who>'

ROWS = [
    Row('Derived', 'derived types (`xsi:type`) of an abstract base', {
        'circle': shape('Circle', '<p:radius>31</p:radius>'), 'point': shape('Point'), 'dot': shape('Dot')},
        values={'circle': ['31', 's']}, request=shape('Circle', '<p:radius>31</p:radius>'),
        note='two of the derived types have the same fields, so only the type tells them apart'),
    Row('Attribute', 'an attribute beside text', {
        'euro': '<t:price currency="EUR">12</t:price>', 'dollar': '<t:price currency="USD">12</t:price>'},
        values={'euro': ['EUR', '12']}, request='<t:price currency="EUR">12</t:price>'),
    Row('Long', '`xs:long` 9007199254740993 (2^53+1)', {'odd': one('9007199254740993'), 'even': one('9007199254740992')},
        values={'odd': ['9007199254740993']}, request=one('9007199254740993')),
    Row('Unsigned', '`xs:unsignedLong` 18446744073709551615', {'most': one('18446744073709551615'), 'less': one('18446744073709551614')},
        values={'most': ['18446744073709551615']}, request=one('18446744073709551615')),
    Row('Decimal', '`xs:decimal` 12.50', {'fifty': one('12.50')}, values={'fifty': ['12.50']}, request=one('12.50'),
        note='the digits as sent'),
    Row('Digits', '`xs:decimal` with 26 digits', {'many': one('12345678901234567.123456789')}, values={'many': ['12345678901234567.123456789']},
        request=one('12345678901234567.123456789')),
    Row('Double', '`xs:double` INF, -INF, NaN', {'inf': one('INF'), 'minus': one('-INF'), 'nan': one('NaN'), 'half': one('0.5')},
        values={'half': ['0.5']}, request=one('INF')),
    Row('Boolean', '`xs:boolean` in both spellings', {'one': one('1'), 'true': one('true'), 'zero': one('0')}, differ=[['one', 'zero']],
        same=[('one', 'true')], request=one('true')),
    Row('Kinds', 'a number, the text of a number, a boolean', {
        'all': '<t:number>7</t:number><t:word>7</t:word><t:flag>true</t:flag>'},
        kinds={'number': 'number', 'word': 'text', 'flag': 'boolean'}, note='each as a value of that kind'),
    Row('Nil', 'nil, absent and empty of one element', {
        'nil': '<t:note xsi:nil="true"/>', 'absent': '', 'empty': '<t:note/>', 'text': one('x', 'note')},
        values={'text': ['x']}, request='<t:note xsi:nil="true"/>'),
    Row('NilItem', 'a nil item in an array', {
        'nil': items(item('a'), NIL, item('b')), 'without': items(item('a'), item('b')), 'empty': items(item('a'), '<t:item/>', item('b'))},
        values={'nil': ['a', 'b']}, request=items(item('a'), NIL, item('b'))),
    Row('Empty', 'an empty string and an absent one', {'empty': '<t:note/>', 'absent': ''}, request='<t:note/>'),
    Row('OneItem', 'an array of one item is an array', {'one': items(item('a')), 'two': items(item('a'), item('b'))},
        values={'two': ['a', 'b']}, place=[(('one', 'a'), ('two', 'a'))], request=items(item('a'))),
    Row('NoItem', 'an empty array and an absent one', {'empty': '<t:items/>', 'absent': '', 'one': items(item('a'))}, request='<t:items/>'),
    Row('List', '`xs:list`', {'three': one('x1 y2 z3', 'codes')}, values={'three': ['x1', 'y2', 'z3']}, request=one('x1 y2 z3', 'codes'),
        note='each item is a value of its own'),
    Row('Union', 'the text 007 of a union of int and string', {'bond': one('007'), 'seven': one('7')}, values={'bond': ['007']}, request=one('007')),
    Row('Mixed', 'mixed content', {
        'around': '<t:para>A<t:b>B</t:b>C</t:para>', 'before': '<t:para>AC<t:b>B</t:b></t:para>', 'after': '<t:para><t:b>B</t:b>AC</t:para>'},
        pieces={'around': ['A', 'B', 'C']}, request='<t:para>A<t:b>B</t:b>C</t:para>', note='where the text stands between the elements'),
    Row('Substitution', 'members of a substitution group, head abstract and of another namespace', {
        'cat': '<t:cat><p:name>n1</p:name></t:cat>', 'dog': '<t:dog><p:name>n1</p:name></t:dog>'},
        pieces={'cat': ['n1']}, request='<t:cat><p:name>n1</p:name></t:cat>'),
    Row('Declared', 'a wildcard with an element that the WSDL declares', {
        'stamp': '<p:stamp><p:by>ana</p:by></p:stamp>', 'seal': '<p:seal><p:by>ana</p:by></p:seal>'},
        pieces={'stamp': ['ana']}, request='<p:stamp><p:by>ana</p:by></p:stamp>'),
    Row('Undeclared', 'a wildcard with an element that nobody declares', {
        'one': '<u:free xmlns:u="urn:one"><u:k>v1</u:k></u:free>', 'other': '<u:free xmlns:u="urn:other"><u:k>v1</u:k></u:free>',
        'more': '<u:free xmlns:u="urn:one"><u:k>v2</u:k></u:free>'},
        pieces={'one': ['v1']}, request='<u:free xmlns:u="urn:one"><u:k>v1</u:k></u:free>'),
    Row('AnyAttribute', 'an attribute that only a wildcard admits', {
        'five': '<t:thing p:level="5"><t:name>n</t:name></t:thing>', 'six': '<t:thing p:level="6"><t:name>n</t:name></t:thing>'},
        pieces={'five': ['5']}, request='<t:thing p:level="5"><t:name>n</t:name></t:thing>'),
    Row('Added', 'an element newer than the WSDL', {
        'with': one('n', 'name') + one('late', 'added'), 'without': one('n', 'name')}, pieces={'with': ['n', 'late']}),
    Row('Choice', 'the order of a repeated choice', {
        'aba': '<t:steps><t:a>1</t:a><t:b>2</t:b><t:a>3</t:a></t:steps>', 'aab': '<t:steps><t:a>1</t:a><t:a>3</t:a><t:b>2</t:b></t:steps>'},
        values={'aba': ['1', '2', '3']}, request='<t:steps><t:a>1</t:a><t:b>2</t:b><t:a>3</t:a></t:steps>'),
    Row('TwoNames', 'one local name in two namespaces', {
        'first': one('x1', 'code') + '<p:code>y2</p:code>', 'second': one('y2', 'code') + '<p:code>x1</p:code>'},
        values={'first': ['x1', 'y2']}, request=one('x1', 'code') + '<p:code>y2</p:code>'),
    Row('QName', '`xs:QName`', {'a': qname('q', 'urn:a'), 'b': qname('q', 'urn:b'), 'z': qname('z', 'urn:a')}, differ=[['a', 'b']],
        same=[('a', 'z')], request=qname('q', 'urn:a')),
    Row('Prefix', 'other prefixes for the same namespaces', {
        'ours': WHO, 'theirs': other_prefixes(f'<t:getPrefixResponse><t:id>1</t:id>{WHO}</t:getPrefixResponse>')}, differ=[], same=[('ours', 'theirs')],
        values={'ours': ['Ana', '41'], 'theirs': ['Ana', '41']}),
    Row('Local', '`xs:dateTime` with and without a zone', {
        'none': one('2026-03-01T10:00:00'), 'utc': one('2026-03-01T10:00:00Z'), 'two': one('2026-03-01T10:00:00+02:00')},
        request=one('2026-03-01T10:00:00')),
    Row('Midnight', '`xs:dateTime` 24:00:00', {'midnight': one('2026-03-01T24:00:00')},
        pieces={'midnight': [['2026-03-01T24:00:00', '2026-03-02T00:00:00']]}, request=one('2026-03-01T24:00:00')),
    Row('Fraction', '`xs:dateTime` with nanoseconds', {'nine': one('2026-03-01T10:00:00.123456789Z')},
        pieces={'nine': ['123456789']}, request=one('2026-03-01T10:00:00.123456789Z')),
    Row('Zone', '`xs:date` with a zone', {'plus': one('2026-03-01+02:00'), 'minus': one('2026-03-01-05:00'), 'none': one('2026-03-01')},
        request=one('2026-03-01+02:00')),
    Row('Binary', '`xs:base64Binary`, also folded', {'plain': one('AAH/'), 'folded': one('AA\n  H/')}, differ=[], same=[('plain', 'folded')],
        values={'plain': ['AAH/']}, request=one('AAH/')),
    Row('Markup', 'markup in a string, escaped or CDATA', {
        'escaped': one('&lt;a&gt; &amp; b'), 'cdata': one('<![CDATA[<a> & b]]>')}, differ=[], same=[('escaped', 'cdata')],
        values={'escaped': ['<a> & b']}, request=one('&lt;a&gt; &amp; b')),
    Row('Space', 'white space in a string', {'space': one('  a\tb  '), 'none': one('a b'), 'only': one('   ')},
        values={'space': ['  a\tb  '], 'only': ['   ']}, request=one('  a\tb  ')),
    Row('Return', 'a carriage return in a string', {'cr': one('a&#13;\nb')}, values={'cr': ['a\r\nb']}, request=one('a&#13;\nb')),
    Row('Default', 'the default of an empty element', {'empty': '<t:value/>', 'five': one('5'), 'six': one('6')}, differ=[['empty', 'six']],
        same=[('empty', 'five')], values={'six': ['6']}),
    Row('Fixed', 'a required fixed attribute that the caller leaves out', request='<t:thing version="2.0"><t:name>n</t:name></t:thing>'),
    Row('Header', 'a declared header', {'three': headed('3141'), 'four': headed('4141')}, values={'three': ['3141', 'n']},
        request=one('n', 'name'), header='<t:quota><t:left>3141</t:left></t:quota>'),
    Row('Fault', 'a declared fault and its detail', {'odd': problem('9007199254740993'), 'even': problem('9007199254740992')},
        pieces={'odd': ['full', '9007199254740993']}),
]
