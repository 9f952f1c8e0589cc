// What the JavaScript tools share: the jobs, how an answer is said, and the requests that all of them say alike.
const fs = require('fs');

// A value as JSON: dates, bytes and big integers as their holder can read them.
function said(value) {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(said);
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined).map(([k, v]) => [k, said(v)]));
}

async function say(row, variant, act) {
  let line;
  try {
    line = { row, variant, data: said(await act()) };
  } catch (error) {
    line = { row, variant, error: String((error && error.message) || error) };
  }
  console.log(JSON.stringify(line));
}

// `get(row, variant)` for each reply; `puts[row]()` for each request.
async function work(get, puts) {
  for (const { row, variants, put } of JSON.parse(fs.readFileSync(process.argv[3]))) {
    for (const variant of variants) await say(row, variant, () => get(row, variant));
    if (put && puts[row]) await say(row, null, puts[row]);
  }
}

// The module of that name in the folder where npm put it.
const load = (name) => require(require('path').join(process.argv[4], name));

// Requests of plain values, by row.
const plain = {
  Long: { value: '9007199254740993' },
  Unsigned: { value: '18446744073709551615' },
  Decimal: { value: '12.50' },
  Digits: { value: '12345678901234567.123456789' },
  Double: { value: 'INF' },
  Boolean: { value: true },
  Empty: { note: '' },
  OneItem: { items: { item: ['a'] } },
  List: { codes: 'x1 y2 z3' },
  Union: { value: '007' },
  Choice: { steps: { a: [1, 3], b: 2 } },
  Local: { value: '2026-03-01T10:00:00' },
  Midnight: { value: '2026-03-01T24:00:00' },
  Fraction: { value: '2026-03-01T10:00:00.123456789Z' },
  Zone: { value: '2026-03-01+02:00' },
  Binary: { value: 'AAH/' },
  Markup: { value: '<a> & b' },
  Space: { value: '  a\tb  ' },
  Return: { value: 'a\r\nb' },
  Fixed: { thing: { name: 'n' } },
};

module.exports = { work, load, plain };
