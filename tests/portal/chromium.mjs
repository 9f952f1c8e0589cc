// A developer's way through the portal in a real browser, and axe-core on every page: light, dark, on a phone. Arguments: the folder with
// node_modules, the browser, the portal's address, a password, a folder for screenshots or none. Prints what is wrong, a line each; exit status 1 where
// there is something.
import { createRequire } from 'node:module';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [modules, executablePath, base, password, shots] = process.argv.slice(2);
const require = createRequire(join(modules, 'x.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const wrong = [];
if (shots) mkdirSync(shots, { recursive: true });
const profile = mkdtempSync(join(tmpdir(), 'castile-chromium-'));
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];

const context = await chromium.launchPersistentContext(profile, { executablePath, args, headless: true, viewport: { width: 1200, height: 900 } });
await watch(context);
try {
  await journey(context);
  await withoutScripts();
} catch (error) {
  wrong.push(String(error));
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
for (const line of wrong) console.log(line);
process.exit(wrong.length ? 1 : 0);

// Nothing but the portal is asked, and nothing is refused by its own policy.
async function watch(context) {
  await context.route('**', (route) => {
    const { hostname, protocol } = new URL(route.request().url());
    if (hostname === '127.0.0.1' || protocol === 'data:') return route.continue();
    wrong.push(`a page asks for ${route.request().url()}`);
    return route.abort();
  });
  context.on('console', (message) => {
    // A page that says no with a status is no fault of the page.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) wrong.push(`the console says: ${message.text()}`);
  });
  context.on('weberror', (error) => wrong.push(`a script fails: ${error.error()}`));
  context.on('dialog', (dialog) => { wrong.push(`a dialog opens: ${dialog.message()}`); dialog.dismiss(); });
}

// Everything in light; in dark the colours; on a phone the width.
async function judge(page, name) {
  await page.evaluate(axe);
  for (const [look, colorScheme, rules] of [['light', 'light', null], ['dark', 'dark', ['color-contrast']]]) {
    await page.emulateMedia({ colorScheme });
    const options = { resultTypes: ['violations'], ...(rules ? { runOnly: rules } : {}) };
    const found = await page.evaluate((options) => window.axe.run(document, options), options);
    for (const v of found.violations.filter((v) => ['serious', 'critical', 'moderate'].includes(v.impact))) {
      wrong.push(`${name}, ${look}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
    }
    await shot(page, `${name}-${look}`);
  }
  await page.setViewportSize({ width: 360, height: 800 });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (over > 0) wrong.push(`${name}: on a phone the page is ${over} px wider than the window`);
  await shot(page, `${name}-phone`);
  await page.setViewportSize({ width: 1200, height: 900 });
}

async function shot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

async function logIn(page, name) {
  await page.goto(`${base}/log-in`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('link', { name }).waitFor();
}

async function journey(context) {
  const page = await context.newPage();
  await page.goto(base);
  await judge(page, 'catalogue');
  // The first thing that the keyboard reaches is the way past the header.
  await page.keyboard.press('Tab');
  if (await page.evaluate(() => document.activeElement.textContent) !== 'Skip to content') wrong.push('the skip link is not the first');
  await page.goto(`${base}/log-in`);
  await judge(page, 'log-in');
  await page.goto(`${base}/sign-up`);
  await judge(page, 'sign-up');
  await page.goto(`${base}/nowhere`);
  await judge(page, 'not-found');
  await logIn(page, 'sue');
  await page.getByLabel('Search the APIs').fill('country');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Countries' }).click();
  await judge(page, 'api');
  await page.getByRole('link', { name: 'Code that calls' }).first().click();
  await judge(page, 'code');
  await page.goto(`${base}/applications`);
  await judge(page, 'applications');
  await page.getByLabel('Name').fill('from a browser');
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await page.getByRole('button', { name: 'Make a key' }).click();
  const key = await page.locator('.once code').textContent();
  if (!/^key_[\w-]{43}$/.test(key)) wrong.push(`this is no key: ${key}`);
  // The script may come after the text.
  await page.getByRole('button', { name: 'Copy Key' }).waitFor().catch(() => wrong.push('the key cannot be copied'));
  for (const summary of await page.locator('summary').all()) await summary.click();
  await judge(page, 'application');
  await page.goto(`${base}/account`);
  await judge(page, 'account');
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await logIn(page, 'ada');
  for (const at of ['', '/plans', '/audit', '/instances']) {
    await page.goto(`${base}/admin${at}`);
    await judge(page, `admin${at.replace('/', '-')}`);
  }
  await page.close();
}

async function withoutScripts() {
  const browser = await chromium.launch({ executablePath, args, headless: true });
  try {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    await watch(plain);
    const page = await plain.newPage();
    await logIn(page, 'sid');
    await page.goto(`${base}/applications`);
    await page.getByLabel('Name').fill('without scripts');
    await page.getByRole('button', { name: 'Register' }).click();
    await page.getByRole('button', { name: 'Subscribe' }).click();
    await page.getByRole('button', { name: 'Make a key' }).click();
    if (!/^key_/.test(await page.locator('.once code').textContent())) wrong.push('without scripts there is no key');
  } finally {
    await browser.close();
  }
}
