// xml2js: parseStringPromise with its defaults; Builder for requests.
//
//   xml2js.js WSDL JOBS MODULES
const { convert, load } = require('./converter.js');
const xml2js = load('xml2js');

const builder = new xml2js.Builder({ renderOpts: { pretty: false } });

convert({
  read: (text) => xml2js.parseStringPromise(text),
  write: (object) => builder.buildObject(object),
  attributes: (all) => ({ $: all }),
  text: '_',
});
