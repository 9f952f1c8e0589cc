// For clients that make a proxy of the WSDL: an operation is called with an object, and the data is the object of the reply.
const { work, load } = require('./common.js');

const T = 'urn:castile:fidelity';
const P = 'urn:castile:fidelity:parts';

// `call(operation, value)` gives `[result, header]`; `attributes` is the member that says attributes, `quota` what `addSoapHeader` is told of
// the header; `own` has the rows that are said in the client's own way.
function use(client, { call, attributes, quota, own }) {
  const get = async (row, variant) => {
    try {
      const [result, header] = await call(`get${row}`, { variant });
      return row === 'Header' ? { result, header } : result;
    } catch (error) {
      if (row === 'Fault' && error.root) return error.root.Envelope.Body.Fault;
      throw error;
    }
  };
  const contents = {
    Attribute: { price: { [attributes]: { currency: 'EUR' }, $value: 12 } },
    Long: { value: '9007199254740993' },
    Unsigned: { value: '18446744073709551615' },
    Decimal: { value: '12.50' },
    Digits: { value: '12345678901234567.123456789' },
    Double: { value: 'INF' },
    Boolean: { value: true },
    Empty: { note: '' },
    OneItem: { items: { item: ['a'] } },
    NoItem: { items: {} },
    List: { codes: 'x1 y2 z3' },
    Union: { value: '007' },
    Mixed: { para: { $value: 'AC', b: 'B' } },
    Choice: { steps: { a: [1, 3], b: 2 } },
    QName: { value: { [attributes]: { 'xmlns:q': 'urn:a' }, $value: 'q:red' } },
    Local: { value: '2026-03-01T10:00:00' },
    Midnight: { value: '2026-03-01T24:00:00' },
    Fraction: { value: '2026-03-01T10:00:00.123456789Z' },
    Zone: { value: '2026-03-01+02:00' },
    Binary: { value: 'AAH/' },
    Markup: { value: '<a> & b' },
    Space: { value: '  a\tb  ' },
    Return: { value: 'a\r\nb' },
    Fixed: { thing: { name: 'n' } },
    ...own,
  };
  const put = (row, value) => () => call(`put${row}`, { id: 1, ...value });
  const puts = Object.fromEntries(Object.entries(contents).map(([row, value]) => [row, put(row, value)]));
  puts.Header = async () => {
    client.addSoapHeader(...quota);
    try {
      return await put('Header', { name: 'n' })();
    } finally {
      client.clearSoapHeaders();
    }
  };
  return work(get, puts);
}

// Says what went wrong before there was a client.
const start = (begun) => begun.catch((error) => { console.error(error); process.exit(1); });

module.exports = { use, start, load, T, P };
