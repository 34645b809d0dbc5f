// Reads pages of the report in a browser, as people do, and says what is wrong with them.
//
//   node browser_test.mjs NODE_MODULES CHROMIUM FOLDER
//
// FOLDER has varied.html, hostile.html, beside.html, quiet.html and big.html, as testing/sample_report.h makes them. Each line
// of output is a check that held or FAILED; the exit code is 1 if any failed.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, executablePath, folder] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, 'x.js'))('playwright-core');

let failures = 0;
const check = (what, held, detail = '') => {
  if (!held) ++failures;
  const said = typeof detail === 'string' ? detail : JSON.stringify(detail);
  console.log(`${held ? 'held' : 'FAILED'}: ${what}${held || said === '' ? '' : `: ${said.slice(0, 2000)}`}`);
};

// In an administrator's container Chromium's own sandbox does not start; the pages are ours.
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

const urlOf = (name, hash = '') => pathToFileURL(join(folder, `${name}.html`)).href + hash;

// Opens a page and notes all that it says, asks and loads.
const open = async (name, hash = '', options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const noise = [];
  page.on('console', (message) => noise.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => noise.push(`error: ${error}`));
  page.on('dialog', (dialog) => {
    noise.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== urlOf(name) && !request.url().startsWith('data:')) noise.push(`request: ${request.url()}`);
  });
  await page.goto(urlOf(name, hash));
  return { page, context, noise };
};

// Goes to an address, and waits until the measurement that it names is open. (Playwright's own wait for a function would need
// what the page's policy forbids.)
const openByAddress = async (page, href) => {
  await page.evaluate((hash) => { location.hash = hash; }, href);
  for (let i = 0; i < 200; ++i) {
    const opened = await page.evaluate((hash) => {
      const link = document.querySelector('tr.open th a');
      return link !== null && link.getAttribute('href') === hash && document.querySelectorAll('tr.open + .detail .panel').length === 1;
    }, href);
    if (opened) return true;
    await page.waitForTimeout(25);
  }
  return false;
};

const visibleRows = (page) => page.$$eval('table.measurements > tbody > tr:not(.detail)', (rows) => rows.filter((row) => !row.hidden).map((row) => row.id.slice(2)));
const hashOf = (page) => page.evaluate(() => decodeURIComponent(location.hash));
const countOf = (page, verdict) => page.$eval(`a.count[data-verdict="${verdict}"] b`, (count) => Number(count.textContent));

// Attributes of pictures that are no numbers.
const badNumbers = (page) => page.$$eval('svg, svg *', (elements) => elements.flatMap((element) =>
  Array.from(element.attributes).filter((attribute) => /NaN|Infinity|undefined|null/.test(attribute.value) && attribute.name !== 'aria-label')
    .map((attribute) => `${element.tagName} ${attribute.name}=${attribute.value}`)));

// Text that is hard to read: less than 4.5 to 1 against what is behind it (WCAG 2.2, 1.4.3).
const faintTexts = (page) => page.evaluate(() => {
  const parse = (color) => {
    const [red, green, blue, alpha] = color.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha: alpha === undefined ? 1 : alpha };
  };
  const luminance = (rgb) => {
    const [red, green, blue] = rgb.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.alpha === 1) return color.rgb;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  for (const element of document.querySelectorAll('body *')) {
    const ownText = Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!ownText || !element.checkVisibility() || element.closest('script, style, option, [aria-hidden], :disabled')) continue;
    const style = getComputedStyle(element);
    const isSvg = element.namespaceURI.endsWith('svg');
    if (isSvg && element.tagName === 'title') continue;
    const [one, other] = [luminance(parse(isSvg ? style.fill : style.color).rgb), luminance(behind(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) faint.add(`${element.tagName}.${element.getAttribute('class') || ''} "${element.textContent.trim().slice(0, 30)}" ${contrast.toFixed(2)}`);
  }
  return [...faint];
});

// The first screen.
{
  const { page, context, noise } = await open('varied');
  check('the title says what was found', /Red/.test(await page.title()), await page.title());
  check('what needs somebody is on the first screen', await page.$eval('#needs-you .card', (card) => card.getBoundingClientRect().top < innerHeight));
  check('all measurements are one click away', await page.$eval('#all', (all) => !all.open));
  await page.click('#all > summary');
  check('and open', await page.$eval('#all', (all) => all.open));
  const ratios = await page.$$eval('td.glyph svg', (glyphs) => glyphs.length);
  check('rows have small pictures', ratios > 5, ratios);
  check('the chain of stages is drawn', (await page.$$('[data-chain] svg rect.bar')).length === 5, await page.$$eval('[data-chain]', (places) => places.map((place) => place.textContent)));

  // Filters.
  const all = (await visibleRows(page)).length;
  await page.selectOption('#filter-verdict', 'red');
  const red = await visibleRows(page);
  check('a filter by verdict shows its rows', red.length > 0 && red.length < all && red.includes('audio.vad.red'), red);
  check('a filter is in the address', (await hashOf(page)) === '#verdict=red', await hashOf(page));
  await page.fill('#filter-name', 'vad');
  check('filters are combined in the address', (await hashOf(page)) === '#verdict=red&name=vad', await hashOf(page));
  const redVad = await visibleRows(page);
  check('filters are combined', redVad.length > 0 && redVad.length < red.length && redVad.every((name) => name.includes('vad')), redVad);
  check('the summary counts what the filters show', (await countOf(page, 'red')) === redVad.length, await countOf(page, 'red'));
  check('other counts say what a click on them finds', (await countOf(page, 'yellow')) === 1, await countOf(page, 'yellow'));
  check('what needs somebody is filtered, too', (await page.$$eval('#needs-you .card', (cards) => cards.filter((card) => !card.hidden && card.dataset.name && !card.dataset.name.includes('vad')).length)) === 0);
  await page.fill('#filter-name', 'VAD PROC');
  check('titles are found, in any case', (await visibleRows(page)).includes('audio.vad.red'));
  await page.fill('#filter-name', 'nothing of the kind');
  check('without a match it says so', await page.isVisible('text=No measurement matches the filters.'));
  check('and nothing is shown', (await visibleRows(page)).length === 0);
  await page.click('#filter-clear');
  check('clearing shows all again', (await visibleRows(page)).length === all);
  await page.selectOption('#filter-kind', 'test');
  const tests = await visibleRows(page);
  check('a filter by kind', tests.includes('audio.test.noisy') && !tests.includes('audio.vad.red'), tests);
  await page.selectOption('#filter-kind', '');
  await page.selectOption('#filter-owner', '@parlance/room');
  check('a filter by owner', (await visibleRows(page)).join() === 'audio.test.noisy', await visibleRows(page));
  check('the owner is in the address', (await hashOf(page)) === '#owner=@parlance/room', await hashOf(page));
  await page.click('table.components a:has-text("@parlance/audio")');
  check('an owner of a component is a filter', (await visibleRows(page)).length === all && (await page.inputValue('#filter-owner')) === '@parlance/audio');
  await page.selectOption('#filter-owner', '');
  await page.selectOption('#filter-verdict', 'accepted');
  check('a filter by what is accepted', (await visibleRows(page)).join() === 'audio.vad.accepted', await visibleRows(page));
  await page.goBack();
  check('a step back undoes a filter', (await visibleRows(page)).length === all);
  await page.click('a.count[data-verdict="yellow"]');
  check('a count is a filter', (await hashOf(page)) === '#verdict=yellow' && (await page.inputValue('#filter-verdict')) === 'yellow');
  check('the filters stay in sight', await page.$eval('#filters', (form) => form.getBoundingClientRect().top >= 0));

  // A measurement.
  await page.click('#needs-you a:has-text("VAD Processing")');
  await page.waitForSelector('.panel');
  check('a link opens its measurement', (await hashOf(page)).includes('m=audio.vad.red'), await hashOf(page));
  const words = await page.textContent('.panel');
  for (const part of ['It is red because', 'Requirement missed', 'bytes_per_second', '1.31 times the baseline', 'Change 1:', 'best of these runs', 'the axis begins', 'The axis begins at', 'median 0.338', '--filter', 'history audio.vad.red']) {
    check(`an open measurement says "${part}"`, words.toLowerCase().includes(part.toLowerCase()), words.slice(0, 1500));
  }
  check('its pictures', (await page.$$('.panel svg.chart')).length === 3, (await page.$$('.panel svg.chart')).length);
  check('the requirement is on the distribution', (await page.$$('.panel line.limit.missed')).length === 1);
  check('samples are ticks', (await page.$$('.panel line.sample')).length > 100);
  check('the noisy machine is on the trend', (await page.$$('.panel circle.hollow')).length === 6, (await page.$$('.panel circle.hollow')).length);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.click('.panel .copy >> nth=0');
  await page.waitForSelector('.panel .copy:has-text("Copied")');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check('the command is copied', copied.startsWith('bazel run //perf -- --component audio --filter'), copied);
  await page.click('.panel .close');
  check('it closes', (await page.$$('.panel')).length === 0);

  // Every one of them.
  const names = await page.$$eval('table.measurements th a', (links) => links.map((link) => link.getAttribute('href')));
  for (const href of names) {
    check(`${decodeURIComponent(href)} opens`, await openByAddress(page, href));
    const bad = await badNumbers(page);
    check('  and has numbers only', bad.length === 0, bad.slice(0, 5));
  }
  check('one is open at a time', (await page.$$('.panel')).length === 1);
  check('nothing was said, asked or loaded', noise.length === 0, noise);
  await context.close();
}

// Addresses.
{
  const { page, context, noise } = await open('varied', '#verdict=yellow&name=vad&m=audio.vad.red');
  await page.waitForSelector('.panel');
  check('an address opens a measurement that its filters do not show', (await visibleRows(page)).includes('audio.vad.red'));
  check('it is in sight', await page.$eval('tr.open', (row) => row.getBoundingClientRect().top >= 0 && row.getBoundingClientRect().top < innerHeight));
  check('an address sets the fields', (await page.inputValue('#filter-name')) === 'vad' && (await page.inputValue('#filter-verdict')) === 'yellow');
  await page.evaluate(() => { location.hash = '#m=audio.none%'; });
  await page.waitForSelector('text=This report has no measurement');
  check('an unknown measurement is said', (await page.textContent('#no-match')).includes('audio.none%'));
  await page.evaluate(() => { location.hash = '#verdict=<img src=x onerror=alert(1)>&kind=none&x=y&=&m'; });
  await page.waitForSelector('text=No measurement matches the filters.');
  check('an address is no HTML', (await page.$$('img')).length === 0);
  check('nothing was said, asked or loaded by addresses', noise.length === 0, noise);
  await context.close();
}

// Keys.
{
  const { page, context } = await open('varied');
  await page.keyboard.press('/');
  check('/ goes to the filter by name', await page.evaluate(() => document.activeElement.id === 'filter-name'));
  check('and types nothing', (await page.inputValue('#filter-name')) === '');
  await page.keyboard.type('vad.red');
  check('typing filters', (await visibleRows(page)).length === 1);
  for (let i = 0; i < 40; ++i) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(() => document.activeElement.matches('table.measurements th a'))) break;
  }
  check('Tab reaches the row', await page.evaluate(() => document.activeElement.matches('table.measurements th a')));
  check('it says that it is closed', (await page.evaluate(() => document.activeElement.getAttribute('aria-expanded'))) === 'false');
  await page.keyboard.press('Enter');
  check('Enter opens it', (await page.$$('.panel')).length === 1);
  check('it says that it is open', (await page.evaluate(() => document.activeElement.getAttribute('aria-expanded'))) === 'true');
  await page.keyboard.press('Escape');
  check('Escape closes it', (await page.$$('.panel')).length === 0);
  check('and stays there', await page.evaluate(() => document.activeElement.matches('table.measurements th a')));
  await page.keyboard.press('Space');
  check('Space opens it, too', (await page.$$('.panel')).length === 1);
  await page.keyboard.press('/');
  await page.keyboard.press('Escape');
  check('Escape clears the filter', (await page.inputValue('#filter-name')) === '');
  await context.close();
}

// Text of others.
{
  const { page, context, noise } = await open('hostile');
  const links = await page.$$eval('table.measurements th a', (all) => all.map((link) => ({ href: link.getAttribute('href'), text: link.textContent })));
  check('every title is there', links.length === 12, links.length);
  check('titles are as they were given', ['</script><script>alert(3)</script>', '<!-- <script>', 'percent %3Cscript%3E 100% & a=b#c+d e'].every((title) => links.some((link) => link.text === title)), links);
  check('emoji are kept', links.some((link) => link.text.includes('\u{1F680}')));
  check('what turns text is shown as an escape', links.every((link) => !link.text.includes('\u202E')));
  for (const { href, text } of links) {
    check(`opens by its address: ${text.slice(0, 40)}`, await openByAddress(page, href));
    const bad = await badNumbers(page);
    check('  and has numbers only', bad.length === 0, bad.slice(0, 5));
  }
  await page.fill('#filter-name', '<script>');
  check('no element is made of text', (await page.$$('img, main script, iframe, object, a[href^="javascript"], [onerror], [onload], [onmouseover]')).length === 0);
  check('there are two scripts, the page\'s own', (await page.$$('script')).length === 2);
  check('long titles do not widen the page', await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  check('nothing was said, asked or loaded by text of others', noise.length === 0, noise);
  // What escaping lets through, the policy still stops.
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.injected = true';
    document.body.append(script);
  });
  check('the policy stops other scripts', await page.evaluate(() => window.injected === undefined));
  await context.close();
}

// Two builds side by side, and a run that needs nobody.
{
  const { page, context, noise } = await open('beside', '#m=audio.slower');
  await page.waitForSelector('.panel');
  check('both builds\' samples are drawn', (await page.$$('.panel line.baseline.sample')).length > 50);
  const flames = await page.$$eval('.panel g > rect.frame', (boxes) => boxes.map((box) => box.parentElement.textContent));
  const words = await page.$eval('.panel .explanation', (element) => element.textContent);
  check('who allocates is in a table', words.includes('by who asks for them') && words.includes('+2 (1 to 3)'), words);
  check('what to look at next is said', words.includes('Look next at cache misses.'), words);
  check('what it executes is drawn', flames.length === 4, flames);
  check('what grew says so without colour', flames.some((words) => words.includes('a::Push \u25B2 +380')), flames);
  check('names are no HTML', (await page.$$('.panel img')).length === 0 && flames.some((words) => words.includes('<img')), flames);
  check('and is a table', (await page.textContent('.panel table.functions')).includes('+410 (440 to 850)'), await page.textContent('.panel table.functions'));
  for (const width of [700, 1100]) {
    await page.setViewportSize({ width, height: 800 });
    const beyond = await page.$$eval('.panel, .panel table, .panel figure', (parts) =>
      parts.filter((part) => part.getBoundingClientRect().right > innerWidth + 1).map((part) => `${part.className} ${part.tagName}`));
    check(`all of what is open is seen in ${width} pixels`, beyond.length === 0, beyond);
    const covered = await page.evaluate(() => {
      const boxes = [...document.querySelectorAll('.panel table, .panel figure')].map((part) => part.getBoundingClientRect());
      return boxes.some((one, i) => boxes.some((other, j) => i < j && one.left < other.right - 1 && other.left < one.right - 1 &&
        one.top < other.bottom - 1 && other.top < one.bottom - 1));
    });
    check(`nothing covers anything in ${width} pixels`, !covered);
  }
  check('numbers only in flames', (await badNumbers(page)).length === 0, await badNumbers(page));
  check('texts of flames can be read', (await faintTexts(page)).length === 0, await faintTexts(page));
  await openByAddress(page, '#m=audio.unresolved');
  check('a range without ends has arrows', (await page.$$('.panel path.interval')).length === 2);
  check('numbers only', (await badNumbers(page)).length === 0, await badNumbers(page));
  check('nothing was said, asked or loaded beside', noise.length === 0, noise);
  await context.close();
  const quiet = await open('quiet');
  check('without owners there is no filter for them', !(await quiet.page.isVisible('#filter-owner')));
  check('a quiet run says so', await quiet.page.isVisible('text=Nothing needs you: of 3 measurements that were compared, none is worse beyond its line.'));
  check('nothing was said, asked or loaded in quiet', quiet.noise.length === 0, quiet.noise);
  await quiet.context.close();
}

// Light, dark, print, narrow, and without script.
for (const colorScheme of ['light', 'dark']) {
  for (const name of ['varied', 'quiet', 'beside']) {
    const { page, context } = await open(name, name === 'varied' ? '#m=audio.vad.red' : '', { colorScheme });
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    check(`${name} is ${colorScheme}`, (colorScheme === 'dark') === (Number(background.match(/\d+/)[0]) < 60), background);
    const faint = await faintTexts(page);
    check(`${name}, ${colorScheme}: all text can be read`, faint.length === 0, faint);
    await context.close();
  }
}
{
  const { page, context } = await open('varied', '#m=audio.vad.red', { colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  check('paper is white', (await page.evaluate(() => getComputedStyle(document.body).backgroundColor)) === 'rgb(255, 255, 255)');
  check('paper has no filters', !(await page.isVisible('#filters')));
  check('paper has what needs somebody', await page.isVisible('#needs-you .card'));
  await context.close();
  const narrow = await open('varied', '#m=audio.vad.red', { viewport: { width: 390, height: 800 } });
  check('a telephone need not be moved sideways', await narrow.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), await narrow.page.evaluate(() => document.documentElement.scrollWidth));
  await narrow.context.close();
  const plain = await open('varied', '#m=audio.vad.stable', { javaScriptEnabled: false });
  check('without script: what was found', await plain.page.isVisible('h1:has-text("Red")'));
  check('without script: what needs somebody', await plain.page.isVisible('#needs-you .card >> nth=0'));
  check('without script: no filters', !(await plain.page.isVisible('#filters')));
  check('without script: a chain is a table', await plain.page.isVisible('.chain table >> text=Thinking'));
  await plain.context.close();
}

// Size. How long it takes is for a person to judge: machines differ.
{
  const { page, context, noise } = await open('big');
  const opened = await page.evaluate(() => performance.getEntriesByType('navigation')[0].loadEventEnd);
  const before = Date.now();
  await page.selectOption('#filter-verdict', 'stable');
  const filtered = Date.now() - before;
  const start = Date.now();
  await openByAddress(page, '#m=audio.component_number.measurement_321');
  console.log(`the big page: opened in ${opened.toFixed(0)} ms, filtered in ${filtered} ms, a measurement opened in ${Date.now() - start} ms`);
  check('the big page has all measurements', (await visibleRows(page)).length === 500);
  check('the big page has numbers only', (await badNumbers(page)).length === 0);
  check('nothing was said, asked or loaded by the big page', noise.length === 0, noise);
  await context.close();
}

await browser.close();
console.log(failures === 0 ? 'all held' : `${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
