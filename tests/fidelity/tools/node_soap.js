// node-soap: `createClientAsync`.
//
//   node_soap.js WSDL JOBS MODULES
const { use, start, load, T, P } = require('./client.js');
const soap = load('soap');

async function main() {
  // Its own readers go by way of Number and Date: the documented `customDeserializer` keeps the text of what they would change.
  const kept = Object.fromEntries(['long', 'unsignedLong', 'decimal', 'double', 'date', 'dateTime'].map((type) => [type, (text) => text]));
  const options = { preserveWhitespace: true, handleNilAsNull: true, customDeserializer: kept };
  const client = await soap.createClientAsync(process.argv[2], options);
  const nil = { attributes: { 'xsi:nil': 'true' } };
  await use(client, {
    call: async (operation, value) => {
      const [result, , header] = await client[`${operation}Async`](value);
      return [result, header];
    },
    attributes: 'attributes',
    quota: [{ quota: { left: 3141 } }, '', 't', T],
    own: {
      Derived: { shape: { attributes: { xsi_type: { type: 'Circle', xmlns: P, prefix: 'p' } }, name: 's', radius: 31 } },
      Nil: { note: nil },
      NilItem: { items: { item: ['a', nil, 'b'] } },
      Substitution: { 't:cat': { 'p:name': 'n1' } },
      Declared: { 'p:stamp': { 'p:by': 'ana' } },
      Undeclared: { 'u:free': { attributes: { 'xmlns:u': 'urn:one' }, 'u:k': 'v1' } },
      AnyAttribute: { thing: { attributes: { 'p:level': '5' }, name: 'n' } },
      TwoNames: { 't:code': 'x1', 'p:code': 'y2' },
    },
  });
}

start(main());
