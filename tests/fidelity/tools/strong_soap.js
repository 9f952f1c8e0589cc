// strong-soap: `soap.createClient`.
//
//   strong_soap.js WSDL JOBS MODULES
const { use, start, load, P } = require('./client.js');
const { soap } = load('strong-soap');

const created = new Promise((done, failed) => {
  soap.createClient(process.argv[2], {}, (error, client) => (error ? failed(error) : done(client)));
});

start(created.then((client) => use(client, {
  call: (operation, value) => new Promise((done, failed) => {
    client[operation](value, (wrong, result, envelope, header) => (wrong ? failed(wrong) : done([result, header])));
  }),
  attributes: '$attributes',
  quota: ['<t:quota xmlns:t="urn:castile:fidelity"><t:left>3141</t:left></t:quota>'],
  own: {
    Derived: { shape: { $attributes: { $xsiType: `{${P}}Circle` }, name: 's', radius: 31 } },
    Nil: { note: null },
    NilItem: { items: { item: ['a', null, 'b'] } },
    Substitution: { cat: { name: 'n1' } },
    Declared: { stamp: { by: 'ana' } },
    Undeclared: { $xml: '<u:free xmlns:u="urn:one"><u:k>v1</u:k></u:free>' },
    AnyAttribute: { thing: { $attributes: { 'p:level': '5', 'xmlns:p': P }, name: 'n' } },
    TwoNames: { code: ['x1', 'y2'] },
  },
})));
