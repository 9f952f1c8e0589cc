// For converters that know no service: an envelope is posted by hand, and the data is what the converter makes of the reply.
const { work, load } = require('./common.js');

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

module.exports = { work, load, post, ask, SOAP, T, P, XSI };
