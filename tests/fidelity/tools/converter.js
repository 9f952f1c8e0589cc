// For converters that know no service: an envelope is posted by hand, and the data is what the converter makes of the reply.
const { work, load, plain } = require('./common.js');

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const T = 'urn:castile:fidelity';
const P = 'urn:castile:fidelity:parts';
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const address = process.argv[2].split('?')[0];

async function post(body) {
  const answer = await fetch(address, { method: 'POST', body, headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '""' } });
  return answer.text();
}

const ask = (row, variant) =>
  post(`<s:Envelope xmlns:s="${SOAP}" xmlns:t="${T}"><s:Body><t:get${row}><t:variant>${variant}</t:variant></t:get${row}></s:Body></s:Envelope>`);

// Where a converter makes an array of everything, the one item of it.
const one = (value) => (Array.isArray(value) ? value[0] : value);
const local = (object, name) => one(object[Object.keys(object).find((key) => key.endsWith(`:${name}`))]);

// `read(text)` gives the object of an envelope, `write(object)` its text; `attributes({ name: value })` are the members that say attributes,
// `text` is the name of text beside them.
function convert({ read, write, attributes, text }) {
  async function get(row, variant) {
    const envelope = local(await read(await ask(row, variant)), 'Envelope');
    const [body, header] = [local(envelope, 'Body'), local(envelope, 'Header')];
    const answer = one(Object.values(body)[0]);
    return header ? { header, answer } : answer;
  }

  const nil = attributes({ 'xsi:nil': 'true' });
  const contents = {
    ...plain,
    Derived: { shape: { ...attributes({ 'xsi:type': 'p:Circle' }), 'p:name': 's', 'p:radius': 31 } },
    Attribute: { price: { ...attributes({ currency: 'EUR' }), [text]: '12' } },
    Nil: { note: nil },
    NilItem: { items: { item: ['a', nil, 'b'] } },
    NoItem: { items: '' },
    Mixed: { para: { [text]: 'AC', b: 'B' } },
    Substitution: { cat: { 'p:name': 'n1' } },
    Declared: { 'p:stamp': { 'p:by': 'ana' } },
    Undeclared: { 'u:free': { ...attributes({ 'xmlns:u': 'urn:one' }), 'u:k': 'v1' } },
    AnyAttribute: { thing: { ...attributes({ 'p:level': '5' }), name: 'n' } },
    TwoNames: { code: 'x1', 'p:code': 'y2' },
    QName: { value: { ...attributes({ 'xmlns:q': 'urn:a' }), [text]: 'q:red' } },
    Header: { name: 'n' },
  };
  const put = (row) => () =>
    post(write({
      'soap:Envelope': {
        ...attributes({ 'xmlns:soap': SOAP, xmlns: T, 'xmlns:p': P, 'xmlns:xsi': XSI }),
        ...(row === 'Header' && { 'soap:Header': { quota: { left: 3141 } } }),
        'soap:Body': { [`put${row}`]: { id: 1, ...contents[row] } },
      },
    }));
  return work(get, Object.fromEntries(Object.keys(contents).map((row) => [row, put(row)])));
}

module.exports = { convert, load };
