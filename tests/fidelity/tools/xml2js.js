// xml2js: parseStringPromise with its defaults; Builder for requests.
//
//   xml2js.js WSDL JOBS MODULES
const { work, load, post, ask, SOAP, T, P, XSI } = require('./converter.js');
const xml2js = load('xml2js');

const builder = new xml2js.Builder({ renderOpts: { pretty: false } });
const local = (object, name) => object[Object.keys(object).find((key) => key.endsWith(`:${name}`))];

async function get(row, variant) {
  const envelope = local(await xml2js.parseStringPromise(await ask(row, variant)), 'Envelope');
  const [[body], [header] = []] = [local(envelope, 'Body'), local(envelope, 'Header')];
  const [answer] = Object.values(body)[0];
  return header ? { header, answer } : answer;
}

const put = (row, content, header) => () =>
  post(builder.buildObject({
    'soap:Envelope': {
      $: { 'xmlns:soap': SOAP, xmlns: T, 'xmlns:p': P, 'xmlns:xsi': XSI },
      ...(header && { 'soap:Header': header }),
      'soap:Body': { [`put${row}`]: { id: 1, ...content } },
    },
  }));

const contents = {
  Derived: { shape: { $: { 'xsi:type': 'p:Circle' }, 'p:name': 's', 'p:radius': 31 } },
  Attribute: { price: { $: { currency: 'EUR' }, _: '12' } },
  Long: { value: '9007199254740993' },
  Unsigned: { value: '18446744073709551615' },
  Decimal: { value: '12.50' },
  Digits: { value: '12345678901234567.123456789' },
  Double: { value: 'INF' },
  Boolean: { value: true },
  Nil: { note: { $: { 'xsi:nil': 'true' } } },
  NilItem: { items: { item: ['a', { $: { 'xsi:nil': 'true' } }, 'b'] } },
  Empty: { note: '' },
  OneItem: { items: { item: ['a'] } },
  NoItem: { items: '' },
  List: { codes: 'x1 y2 z3' },
  Union: { value: '007' },
  Mixed: { para: { _: 'AC', b: 'B' } },
  Substitution: { cat: { 'p:name': 'n1' } },
  Declared: { 'p:stamp': { 'p:by': 'ana' } },
  Undeclared: { 'u:free': { $: { 'xmlns:u': 'urn:one' }, 'u:k': 'v1' } },
  AnyAttribute: { thing: { $: { 'p:level': '5' }, name: 'n' } },
  Choice: { steps: { a: [1, 3], b: 2 } },
  TwoNames: { code: 'x1', 'p:code': 'y2' },
  QName: { value: { $: { 'xmlns:q': 'urn:a' }, _: 'q:red' } },
  Local: { value: '2026-03-01T10:00:00' },
  Midnight: { value: '2026-03-01T24:00:00' },
  Fraction: { value: '2026-03-01T10:00:00.123456789Z' },
  Zone: { value: '2026-03-01+02:00' },
  Binary: { value: 'AAH/' },
  Markup: { value: '<a> & b' },
  Space: { value: '  a\tb  ' },
  Return: { value: 'a\r\nb' },
  Fixed: { thing: { name: 'n' } },
  Header: { name: 'n' },
};
work(get, Object.fromEntries(Object.entries(contents).map(([row, content]) => [row, put(row, content, row === 'Header' && { quota: { left: 3141 } })])));
