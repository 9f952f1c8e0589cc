"""Writes oracle.jsonl: what the reference mapping (values.py, which asks libxml2 for dates, names and patterns) says of simple types.

Usage: python make_oracle.py DIRECTORY_OF_VALUES_PY > oracle.jsonl       (needs lxml)
First line: {"texts": […], "jsons": […], "subjects": […]}, which the others name by index. Then one line per type:
{"type": T, "decode": {text: JSON text}, "encode": {JSON text: text}, "same": [[texts that mean the same]]}, what is refused left out, or
{"type": T, "matches": [subjects]} for patterns. 0 for a result: libxml2 failed.
T: "int" | {"list": T} | {"union": [T]} | {"base": T, "facets": [[name, value]]}
"""
import json, sys
sys.path.insert(0, sys.argv[1])
from lxml import etree
import values
from values import Simple, Bad, builtin
from jsonio import Num, loads, dumps

SCOPE = etree.Element('x', nsmap={'p': 'urn:p', None: 'urn:d'})
NAMES = {'urn:p': 'p', 'urn:q': 'q'}

TEXTS = ['', ' ', 'a', ' a  b ', 'a\tb\nc', 'true', 'false', '1', '0', '2', 'TRUE', ' true ', '+1', '-1', '007', '-0', '+0', '12.50', '+.5', '.5', '5.', '-.5',
         '00.10', '-0.0', '1e2', '1E2', '1.50E+3', '-1e-5', '.5E3', '5.e1', 'e5', '1e', 'INF', '-INF', '+INF', 'NaN', 'nan', '.', '+', '-', '1 2', '1,000', '0x10',
         '127', '128', '-129', '255', '256', '32768', '65536', '2147483647', '2147483648', '-2147483649', '4294967296', '9223372036854775807',
         '9223372036854775808', '18446744073709551616', '123456789012345678901234567890.0987654321', '1' * 1001, '١٢',
         '2024-02-29', '2023-02-29', '1900-02-29', '2000-02-29', '2024-13-01', '2024-00-10', '2024-04-31', '0000-01-01', '-0001-01-01', '12024-01-01',
         '02024-01-01', '-12024-01-01', '2024-1-1', '2024-01-01Z', '2024-01-01+14:00', '2024-01-01+14:01', '2024-01-01-13:59', '2024-01-01+15:00', '2024-01-01z',
         '24-01-01', '2024-01-01T00:00:00', '2024-01-01T24:00:00', '2024-01-01T24:00:01', '2024-01-01T23:59:60', '2024-01-01T23:59:59.999999999999999999999',
         '2024-01-01T12:00:00.', '2024-01-01T12:00', '2024-01-01T12:00:00Z', '2024-01-01T12:00:00+02:00', '2024-01-01 12:00:00', '2024-01-01T12:60:00',
         '2024-01-01T25:00:00', '12:00:00', '24:00:00', '24:00:00.0', '24:00:00.1', '23:59:59.5Z', '1:00:00', '12:00:00-05:30', '12:00:00+5:30', '2024', '-2024', '0000', '99999', '02024', '2024Z',
         '2024-05', '2024-13', '2024-05+01:00', '--05-31', '--02-29', '--02-30', '--04-31', '--12-25Z', '--05', '--13', '--05Z', '---31', '---32', '---01-05:00', '---1',
         'P1Y', 'P1Y2M3DT4H5M6.7S', '-P1D', 'P', 'PT', 'P1YT', 'PT1M', 'P1M', 'P1S', 'PT1.5M', 'P1.5Y', 'PT.5S', 'PT5.S', 'P1M1Y', 'PT1S1M', '+P1D', 'P-1D', 'P1D2D', 'P0D', 'PT36H',
         'ab', 'abc', 'AbCdEf', 'QUI=', 'QUJD', 'QQ==', 'Q===', 'Q=Q=', 'QQ=', 'QU I=', 'QUJDQUJD\n', 'QR==', '=', 'A', '0g', '0F', 'fF', '12 34',
         'en', 'de-AT', 'en-US-x-y', 'e', 'abcdefghi', 'en_US', '-en', 'en-', 'i-klingon', 'x-123456789', '1a', 'a1', 'a:b', 'p:x', 'xml:lang', ':a', 'a:', 'a:b:c', '_a', 'é', '日本', 'a.b-c', '-a', '·a', 'a·',
         'http://a/b?c=d&e', 'a b c', 'foo bar', 'a  b', 'x\u00a0y', '\u00a0x']
JSONS = ['null', 'true', 'false', '0', '1', '-1', '1.0', '1e2', '1E-2', '100e-2', '1.5', '-0', '-0.0', '12.50', '0.5', '1e999', '1e1000', '1e1001', '1e-1000', '1e99999999', '127', '128', '-128', '255', '256', '-129',
         '2147483647', '2147483648', '9223372036854775807', '9223372036854775808', '18446744073709551615', '18446744073709551616', '123456789012345678901234567890.5', '9' * 1000, '9' * 1001,
         '[]', '["a"]', '["a","b"]', '["a b"]', '[""]', '[1,2]', '[true]', '[null]', '{}', '"a\\u0000b"', '"a\\u0001"', '"a\\ufffeb"', '"a\\rb"', '"{urn:q}x"', '"{urn:q}x y"', '"{}x"', '"{urn:q}"', '"{urn:q"', '"x:y"']

P, U, L = lambda b, *f: {'base': b, 'facets': [list(x) for x in f]}, lambda *m: {'union': list(m)}, lambda i: {'list': i}
pat = lambda b, *ps: P(b, *[('pattern', p) for p in ps])
enum = lambda b, *vs: P(b, *[('enumeration', v) for v in vs])
TYPES = sorted(values.BUILTIN) + [
    L('int'), L('string'), L('QName'), L('boolean'), L('date'), P(L('string'), ('length', '2')), P(L('NMTOKEN'), ('minLength', '1'), ('maxLength', '2')), pat(L('int'), r'\d \d'), enum(L('int'), '1 2', '1'),
    U('int', 'string'), U('int', 'decimal'), U('boolean'), U('boolean', 'int'), U('int', enum('string', 'auto', 'a  b')), U(enum('token', 'foo bar', 'a b'), 'string'), U('date', 'dateTime'),
    U('QName', 'int'), U('int', 'QName'), U(L('int'), 'string'), U('float', 'double'), U(U('int', 'boolean'), 'date'), P(U('int', enum('string', 'INF')), ('pattern', r'\d|INF')), enum(U('int', 'date'), '1', '2024-02-29'), U('byte', 'short'),
    P('int', ('minInclusive', '1'), ('maxInclusive', '99')), P('int', ('minExclusive', '1'), ('maxExclusive', '255')), P(P('int', ('minInclusive', '-5')), ('maxInclusive', '128')), P('decimal', ('minInclusive', '0.5'), ('maxExclusive', '12.51')),
    P('decimal', ('totalDigits', '4'), ('fractionDigits', '2')), P('decimal', ('fractionDigits', '0')), P('integer', ('totalDigits', '3')), P('decimal', ('totalDigits', '1')), P('double', ('minInclusive', '0'), ('maxInclusive', '1500')), P('long', ('maxInclusive', '9223372036854775806')),
    P('string', ('length', '3')), P('string', ('minLength', '2'), ('maxLength', '4')), P('token', ('maxLength', '3')), P('base64Binary', ('length', '2')), P('base64Binary', ('maxLength', '3')), P('hexBinary', ('minLength', '1'), ('maxLength', '2')), P('anyURI', ('minLength', '1')), P('NCName', ('maxLength', '2')),
    P('string', ('whiteSpace', 'collapse')), P('string', ('whiteSpace', 'replace')), P('string', ('whiteSpace', 'collapse'), ('enumeration', 'a b'), ('enumeration', 'a')), P('string', ('whiteSpace', 'collapse'), ('pattern', 'a b')),
    enum('decimal', '1.0', '12.5', '0'), enum('int', '1', '007', '127'), enum('boolean', 'true'), enum('string', 'a', 'abc', ''), enum('hexBinary', '0f', 'AB'), enum('base64Binary', 'QUI='), enum('double', '100', 'INF', '1.5e3'), enum('NMTOKEN', 'a', 'ab'), enum(enum('string', 'a', 'ab', 'abc'), 'abc', 'zzz', 'a'),
    P('date', ('minInclusive', '2024-01-01'), ('maxInclusive', '2024-12-31')), P('date', ('minInclusive', '2024-01-01Z')), P('dateTime', ('minExclusive', '2024-01-01T00:00:00'), ('maxInclusive', '2024-01-01T12:00:00')), P('dateTime', ('minInclusive', '2024-01-01T10:00:00Z')), P('time', ('minInclusive', '12:00:00'), ('maxInclusive', '23:59:59.5')),
    P('gYear', ('minInclusive', '2000')), P('gYearMonth', ('maxInclusive', '2024-05')), P('duration', ('minInclusive', 'P1D'), ('maxInclusive', 'P1Y2M4D')), P('duration', ('minInclusive', 'PT36H')), P('gMonthDay', ('minInclusive', '--03-01')), P('gMonth', ('maxInclusive', '--05')), P('gDay', ('minExclusive', '---01')),
    pat('int', r'\d{3}'), pat('int', r'[0-9]+'), pat('decimal', r'\d+\.\d{2}'), pat('integer', r'0\d*', r'[1-9]'), pat('long', r'\+\d+'), pat('boolean', 'true', 'false'), pat('date', r'2024-.*'), pat(pat('string', '[a-z]*'), 'a.*'), pat('double', r'\d\.\d'), pat('unsignedByte', '[0-9]{1,3}'),
    P('string', ('pattern', '[A-Z]{2}'), ('maxLength', '1')),
]
PATTERNS = ['', 'a', 'a|b', '(a|b)c', 'a*', 'a+', 'a?', 'a{2}', 'a{2,}', 'a{2,3}', 'a{0}', '(ab){1,2}', '.', '.*', 'a.c', r'\.', r'\\', r'\|', r'\^', r'\-', r'\[\]', r'\{\}', r'\(\)', r'\?\*\+', r'\n', r'\r', r'\t',
            '^a$', 'a^b', 'a$', '[^a]', '[a^]', '[abc]', '[a-c]', '[a-cx-z]', '[-a]', '[a-]', '[^-a]', r'[a\-z]', r'[\^a]', r'[\]]', r'[\[]', r'[\\]', '[a-z-[aeiou]]', '[a-z-[aeiou-[e]]]', '[^a-z-[0-9]]', r'[\w-[\d]]', r'[\i-[:]][\c-[:]]*', r'\i\c*', r'\I', r'\C+', r'[\i]', r'[^\i]', r'[^\I]',
            r'\d', r'\d+', r'\D', r'[\d]', r'[^\d]', r'[\D]', r'[\d.]+', r'\s', r'\S', r'\s*', r'[\s]', r'[^\s]+', r'[\S]', r'\w', r'\w+', r'\W', r'[\w]+', r'[\W]', r'[^\W]', r'\p{L}', r'\p{Lu}', r'\P{L}', r'\p{N}+', r'\p{Nd}', r'\p{P}', r'\p{S}', r'\p{Z}', r'\p{Sc}', r'[\p{L}\p{N}]+', r'[^\p{L}]', r'[\P{L}]', r'\p{M}', r'\p{Cc}', r'\p{C}',
            r'\p{IsBasicLatin}', r'\p{IsBasicLatin}+', r'\P{IsBasicLatin}', r'\p{IsLatin-1Supplement}', r'\p{IsGreek}', r'\p{IsCyrillic}', r'[\p{IsHebrew}a]', r'\p{IsCJKUnifiedIdeographs}+', r'\p{IsArrows}', r'\p{IsNope}', r'\p{Xx}', r'\p{IsPrivateUse}', r'\p{IsCombiningMarksforSymbols}',
            r'[\da-fA-F]{8}-[\da-fA-F]{4}', r'\-?P(\d*D)?(T(\d*H)?(\d*M)?(\d*(\.\d*)?S)?)?', r"([a-zA-ZÀàÂâ](\. |[\-'\. ])?)*", r'\S*[0-9a-zA-Z]+\S*@\S*[0-9a-zA-Z]+\S*\.\S*[0-9a-zA-Z]+\S*', r'[ -~]{8,63}', r'[^:Z].*', r'([0-9]{1,2}|100)\.[0-9]{1,2}', r'((0x|0X)[0-9A-Fa-f]*)|([0-9]*)', r'[0-9][0-9]?[\.][0-9]', r'(([0-9]{2}(:))[0-9]{2})',
            '(a', 'a)', '[a', 'a**', 'a*?', '*a', '[]', '[z-a]', r'\q', '(?:a)', r'a\1', 'a{3,2}', '|a', 'a|', '()', '(|a)b', '(a*)*', '((a|b)*c){2}', 'a&&b', '[a&&b]', '[a~~b]', '#', ' ', '[ ]', 'a b', '[+--]', '[!-/]', r'[\n-\r]', '(((((a)))))', '[a-a]', '.{1,4000}', '[^x]{0,5}', 'ab|cd|ef', r'\d{1,3}(,\d{3})*']
SUBJECTS = ['', 'a', 'b', 'c', 'aa', 'aaa', 'aaaa', 'ab', 'ac', 'abab', 'bc', 'abc', 'axc', 'a\nc', 'x', 'e', 'z', 'A', 'Z', 'é', 'É', 'ß', 'α', 'Ω', 'ж', 'א', '日', '日本', '5', '0', '42', '٣', '²', '½', 'Ⅷ', '_', '-', '.', ':', '^', '$', '|', '\\', '[', ']', '[]', '{}', '()', '?*+', '&', '~', '#', '+', ',', '!', '/', ' ', '  ', '\t', '\n', '\r', '\u00a0', '\u2028', '€', '→', '₹', '\u0301', 'a\u0301', '\u20d0', '😀',
            '\ue000', '^a$', 'a^b', 'a$', 'a&', 'a b', '_a', ':a', 'a:b', 'a-b', 'foo bar', 'user@example.org', 'deadbeef-1234', 'P1D', '-PT5M', 'PT1.5S', '10.25', '100.5', '0x1F', '1.5', '12:30', '12,345,678', '1.2', 'acbc', 'aacbbc', 'cd', 'abcdefgh', 'Zebra', 'x' * 4000, 'x' * 4001, 'xxxxxx', 'bb', 'yyyyy', '1.2.3']
TYPES += [pat('string', p) for p in PATTERNS]


def make(t):
    if isinstance(t, str):
        return builtin(t)
    if 'list' in t:
        return Simple('t', 'list', item=make(t['list']))
    if 'union' in t:
        return Simple('t', 'union', members=[make(m) for m in t['union']])
    b = make(t['base'])
    ws = next((v for n, v in t['facets'] if n == 'whiteSpace'), None)
    return Simple('t', b.variety, b.prim, [[(n, v, SCOPE) for n, v in t['facets']]] + b.steps, b.item, b.members, ws or b.ws)


def results(inputs, f):
    """{index: result} of those that are not refused; {index: 0} where the reference cannot tell."""
    out = {}
    for i, x in enumerate(inputs):
        try:
            out[i] = f(x)
        except Bad:
            pass
        except etree.XMLSchemaValidateError:
            out[i] = 0
    return out


NUMBERS = JSONS + [json.dumps(x) for x in TEXTS]
write = lambda v: print(json.dumps(v, ensure_ascii=False, separators=(',', ':')))
write({'texts': TEXTS, 'jsons': NUMBERS, 'subjects': SUBJECTS})
for t in TYPES:
    s = make(t)
    encode = lambda x: s.encode(loads(x), lambda ns: NAMES.get(ns, 'n'))
    if isinstance(t, dict) and t.get('base') == 'string' and [f[0] for f in t['facets']] == ['pattern']:
        write({'type': t, 'matches': list(results(SUBJECTS, lambda x: encode(json.dumps(x))))})
        continue
    line = {'type': t, 'decode': results(TEXTS, lambda x: dumps(s.decode(x, SCOPE))), 'encode': results(NUMBERS, encode)}
    canons = {}
    for i in line['decode']:
        try:
            canons.setdefault(repr(s.canon(TEXTS[i], SCOPE)), []).append(i)
        except etree.XMLSchemaValidateError:
            pass
    line['same'] = list(canons.values())
    write(line)
