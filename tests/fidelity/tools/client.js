// For clients that make a proxy of the WSDL: an operation is called with an object, and the data is the object of the reply.
const { work, load, plain } = require('./common.js');

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
    ...plain,
    Attribute: { price: { [attributes]: { currency: 'EUR' }, $value: 12 } },
    NoItem: { items: {} },
    Mixed: { para: { $value: 'AC', b: 'B' } },
    QName: { value: { [attributes]: { 'xmlns:q': 'urn:a' }, $value: 'q:red' } },
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
