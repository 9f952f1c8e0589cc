// What the JavaScript tools share: the jobs, and how an answer is said.
const fs = require('fs');

// A value as JSON: dates, bytes and big integers as their holder can read them.
function plain(value) {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined).map(([k, v]) => [k, plain(v)]));
}

async function say(row, variant, act) {
  let said;
  try {
    said = { row, variant, data: plain(await act()) };
  } catch (error) {
    said = { row, variant, error: String((error && error.message) || error) };
  }
  console.log(JSON.stringify(said));
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

module.exports = { work, load };
