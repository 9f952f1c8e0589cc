// node-soap against the gateway: loads ?wsdl and calls every operation of a sample service.
//
//   node_client.js MODULES WSDL_ADDRESS SERVICE
const [modules, address, name] = process.argv.slice(2);
const soap = require(require('path').join(modules, 'soap'));
const assert = require('assert');

let calls = 0;

async function call(client, operation, request, check = () => true) {
  const [answer] = await client[`${operation}Async`](request);
  calls += 1;
  assert.ok(check(answer), `${operation}: ${JSON.stringify(answer)}`);
}

const services = {
  async countries(client) {
    await call(client, 'GetCountry', { code: 'LK' }, (a) => a.GetCountryResult.code.length === 2);
    await call(client, 'ListCountries', { continent: 'Asia', limit: 3 }, (a) => Number(a.total) >= 0);
    const country = { code: 'PT', name: 'Portugal & <all>', continent: 'Europe', population: 10467366, area: '92230.00', currency: ['EUR'], founded: '1143-10-05' };
    await call(client, 'AddCountry', { country }, (a) => a.AddCountryResult.length === 2);
  },
  async orders(client) {
    client.addSoapHeader({ 'tns:Shop': { 'tns:name': 'lisbon' } });
    await call(client, 'GetOrder', { id: 5 }, (a) => a.order.payment.payer.length > 0);
    client.clearSoapHeaders();
    await call(client, 'FindOrders', { reference: 'r', status: ['placed', 'packed'] });
    await call(client, 'CancelOrder', { id: 5, reason: 'late' });
  },
  async inventory(client) {
    const place = { warehouse: 'north', aisle: 3, bin: 'b' };
    await call(client, 'StockOf', { sku: 'A-000001', minimum: 0 }, (a) => Number(a.total) >= 0);
    await call(client, 'Move', { sku: 'A-000001', quantity: 5, from: place, to: place }, (a) => a.moved !== undefined);
    await call(client, 'Empty', { location: place });
  },
};

soap
  .createClientAsync(address)
  .then((client) => services[name](client))
  .then(() => console.log(`${calls} calls`))
  .catch((error) => {
    console.error(error.response ? `${error.message}\n${error.response.status} ${error.response.data}` : error);
    process.exit(1);
  });
