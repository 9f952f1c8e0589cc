// fast-xml-parser: XMLParser with attributes, values as text; XMLBuilder for requests.
//
//   fast_xml_parser.js WSDL JOBS MODULES
const { convert, load } = require('./converter.js');
const { XMLParser, XMLBuilder } = load('fast-xml-parser');

const parser = new XMLParser({
  ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false, trimValues: false, htmlEntities: true,
});
const builder = new XMLBuilder({ ignoreAttributes: false, suppressBooleanAttributes: false });

convert({
  read: (text) => parser.parse(text),
  write: (object) => builder.build(object),
  attributes: (all) => Object.fromEntries(Object.entries(all).map(([name, value]) => [`@_${name}`, value])),
  text: '#text',
});
