// strong-soap: `soap.createClient`.
//
//   strong_soap.js WSDL JOBS MODULES
const { work, load } = require('./common.js');
const { soap } = load('strong-soap');

const P = 'urn:castile:fidelity:parts';

function main(error, client) {
  if (error) throw error;
  const call = (operation, value) => new Promise((done, failed) => {
    client[operation](value, (wrong, result, envelope, header) => (wrong ? failed(wrong) : done([result, header])));
  });
  const get = async (row, variant) => {
    try {
      const [result, header] = await call(`get${row}`, { variant });
      return row === 'Header' ? { result, header } : result;
    } catch (wrong) {
      if (row === 'Fault' && wrong.root) return wrong.root.Envelope.Body.Fault;
      throw wrong;
    }
  };
  const put = (row, value) => () => call(`put${row}`, { id: 1, ...value });
  return work(get, {
    Derived: put('Derived', { shape: { $attributes: { $xsiType: `{${P}}Circle` }, name: 's', radius: 31 } }),
    Attribute: put('Attribute', { price: { $attributes: { currency: 'EUR' }, $value: 12 } }),
    Long: put('Long', { value: '9007199254740993' }),
    Unsigned: put('Unsigned', { value: '18446744073709551615' }),
    Decimal: put('Decimal', { value: '12.50' }),
    Digits: put('Digits', { value: '12345678901234567.123456789' }),
    Double: put('Double', { value: 'INF' }),
    Boolean: put('Boolean', { value: true }),
    Nil: put('Nil', { note: null }),
    NilItem: put('NilItem', { items: { item: ['a', null, 'b'] } }),
    Empty: put('Empty', { note: '' }),
    OneItem: put('OneItem', { items: { item: ['a'] } }),
    NoItem: put('NoItem', { items: {} }),
    List: put('List', { codes: 'x1 y2 z3' }),
    Union: put('Union', { value: '007' }),
    Mixed: put('Mixed', { para: { $value: 'AC', b: 'B' } }),
    Substitution: put('Substitution', { cat: { name: 'n1' } }),
    Declared: put('Declared', { stamp: { by: 'ana' } }),
    Undeclared: put('Undeclared', { $xml: '<u:free xmlns:u="urn:one"><u:k>v1</u:k></u:free>' }),
    AnyAttribute: put('AnyAttribute', { thing: { $attributes: { 'p:level': '5', 'xmlns:p': P }, name: 'n' } }),
    Choice: put('Choice', { steps: { a: [1, 3], b: 2 } }),
    TwoNames: put('TwoNames', { code: ['x1', 'y2'] }),
    QName: put('QName', { value: { $attributes: { 'xmlns:q': 'urn:a' }, $value: 'q:red' } }),
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
      client.addSoapHeader('<t:quota xmlns:t="urn:castile:fidelity"><t:left>3141</t:left></t:quota>');
      try {
        return await put('Header', { name: 'n' })();
      } finally {
        client.clearSoapHeaders();
      }
    },
  });
}

soap.createClient(process.argv[2], {}, (error, client) => {
  Promise.resolve().then(() => main(error, client)).catch((wrong) => { console.error(wrong); process.exit(1); });
});
