// A reader calls an API from both consoles in a real browser. Arguments: the folder with node_modules, the browser, the portal's address, the gateway's, a
// password, a key, a folder for screenshots or none. Prints what is wrong, a line each; exit status 1 where there is something.
import { createRequire } from 'node:module';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [modules, executablePath, base, gateway, password, key, shots] = process.argv.slice(2);
const require = createRequire(join(modules, 'x.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const wrong = [];
if (shots) mkdirSync(shots, { recursive: true });
const profile = mkdtempSync(join(tmpdir(), 'castile-consoles-'));
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];
const context = await chromium.launchPersistentContext(profile, { executablePath, args, headless: true, viewport: { width: 1200, height: 900 } });
await context.route('**/*', (route) => {
  const url = route.request().url();
  const known = url.startsWith(`${base}/`) || url.startsWith(`${gateway}/`) || url.startsWith('data:');
  if (!known) wrong.push(`a page asks for ${url}`);
  return known ? route.continue() : route.abort();
});
context.on('console', (message) => { if (message.type() === 'error') wrong.push(`the browser says: ${message.text()}`); });
context.on('weberror', (error) => wrong.push(`a script fails: ${error.error()}`));
context.on('dialog', (dialog) => { wrong.push(`a dialog opens: ${dialog.message()}`); dialog.dismiss(); });
try {
  await journey(await context.newPage());
} catch (error) {
  wrong.push(String(error));
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
for (const line of wrong) console.log(line);
process.exit(wrong.length ? 1 : 0);

async function judge(page, name) {
  await page.evaluate(axe);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    for (const v of found.violations.filter((v) => ['serious', 'critical'].includes(v.impact))) {
      wrong.push(`${name}, ${colorScheme}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
    }
    if (shots) await page.screenshot({ path: join(shots, `${name}-${colorScheme}.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

async function journey(page) {
  await page.goto(`${base}/log-in`);
  await page.getByLabel('Name').fill('sue');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('link', { name: 'Countries' }).click();
  await page.getByRole('link', { name: 'REST console' }).click();
  await page.getByLabel('API key').fill(key);
  await page.locator('.opblock', { hasText: '/GetCountry' }).first().locator('.opblock-summary-control').click();
  await judge(page, 'rest-console');
  await page.getByRole('button', { name: 'Execute' }).click();
  const live = page.locator('.live-responses-table .response .response-col_status');
  await live.waitFor();
  const status = (await live.textContent()).trim();
  if (!status.startsWith('200')) wrong.push(`the REST console gets ${status}`);
  // The key is known to the other console of this tab.
  await page.goto(`${base}/apis/countries/soap`);
  if (await page.getByLabel('API key').inputValue() !== key) wrong.push('the key is not kept for the SOAP console');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('As a REST caller reads it').waitFor();
  if (!/200 OK/.test(await page.getByRole('status').first().textContent())) wrong.push('the SOAP console gets no answer');
  await judge(page, 'soap-console');
  // What was called is kept every few seconds.
  const shows = async () => {
    await page.goto(`${base}/usage?api=countries`);
    const rows = await page.locator('tbody tr', { hasText: 'GetCountry' }).allTextContents();
    return ['REST', 'SOAP'].every((kind) => rows.some((row) => row.includes(kind) && row.includes('demo')));
  };
  const deadline = Date.now() + 30000;
  while (!await shows()) {
    if (Date.now() > deadline) { wrong.push('the usage does not show both calls'); break; }
    await page.waitForTimeout(300);
  }
  await judge(page, 'usage');
}
