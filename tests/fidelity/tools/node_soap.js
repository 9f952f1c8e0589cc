// node-soap: `createClientAsync`.
//
//   node_soap.js WSDL JOBS MODULES
const { work, load } = require('./common.js');
const soap = load('soap');

const T = 'urn:castile:fidelity';
const P = 'urn:castile:fidelity:parts';

async function main() {
  // Its own readers go by way of Number and Date: the documented `customDeserializer` keeps the text of what they would change.
  const kept = Object.fromEntries(['long', 'unsignedLong', 'decimal', 'double', 'date', 'dateTime'].map((type) => [type, (text) => text]));
  const options = { preserveWhitespace: true, handleNilAsNull: true, customDeserializer: kept };
  const client = await soap.createClientAsync(process.argv[2], options);
  // The value with the header that came beside it.
  const get = async (row, variant) => {
    try {
      const [result, , header] = await client[`get${row}Async`]({ variant });
      return row === 'Header' ? { result, header } : result;
    } catch (error) {
      if (row === 'Fault' && error.root) return error.root.Envelope.Body.Fault;
      throw error;
    }
  };
  const put = (row, value) => () => client[`put${row}Async`]({ id: 1, ...value });
  await work(get, {
    Derived: put('Derived', { shape: { attributes: { xsi_type: { type: 'Circle', xmlns: P, prefix: 'p' } }, name: 's', radius: 31 } }),
    Attribute: put('Attribute', { price: { attributes: { currency: 'EUR' }, $value: 12 } }),
    Long: put('Long', { value: '9007199254740993' }),
    Unsigned: put('Unsigned', { value: '18446744073709551615' }),
    Decimal: put('Decimal', { value: '12.50' }),
    Digits: put('Digits', { value: '12345678901234567.123456789' }),
    Double: put('Double', { value: 'INF' }),
    Boolean: put('Boolean', { value: true }),
    Nil: put('Nil', { note: { attributes: { 'xsi:nil': 'true' } } }),
    NilItem: put('NilItem', { items: { item: ['a', { attributes: { 'xsi:nil': 'true' } }, 'b'] } }),
    Empty: put('Empty', { note: '' }),
    OneItem: put('OneItem', { items: { item: ['a'] } }),
    NoItem: put('NoItem', { items: {} }),
    List: put('List', { codes: 'x1 y2 z3' }),
    Union: put('Union', { value: '007' }),
    Mixed: put('Mixed', { para: { $value: 'AC', b: 'B' } }),
    Substitution: put('Substitution', { 't:cat': { 'p:name': 'n1' } }),
    Declared: put('Declared', { 'p:stamp': { 'p:by': 'ana' } }),
    Undeclared: put('Undeclared', { 'u:free': { attributes: { 'xmlns:u': 'urn:one' }, 'u:k': 'v1' } }),
    AnyAttribute: put('AnyAttribute', { thing: { attributes: { 'p:level': '5' }, name: 'n' } }),
    Choice: put('Choice', { steps: { a: [1, 3], b: 2 } }),
    TwoNames: put('TwoNames', { 't:code': 'x1', 'p:code': 'y2' }),
    QName: put('QName', { value: { attributes: { 'xmlns:q': 'urn:a' }, $value: 'q:red' } }),
    Local: put('Local', { value: '2026-03-01T10:00:00' }),
    Midnight: put('Midnight', { value: '2026-03-01T24:00:00' }),
    Fraction: put('Fraction', { value: '2026-03-01T10:00:00.123456789Z' }),
    Zone: put('Zone', { value: '2026-03-01+02:00' }),
    Binary: put('Binary', { value: 'AAH/' }),
    Markup: put('Markup', { value: '<a> & b' }),
    Space: put('Space', { value: '  a\tb  ' }),
    Return: put('Return', { value: 'a\r\nb' }),
    Fixed: put('Fixed', { thing: { name: 'n' } }),
    Header: async () => {
      client.addSoapHeader({ quota: { left: 3141 } }, '', 't', T);
      try {
        return await put('Header', { name: 'n' })();
      } finally {
        client.clearSoapHeaders();
      }
    },
  });
}

main().catch((error) => { console.error(error); process.exit(1); });
