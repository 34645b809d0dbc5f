// What both tests in a browser do: open pages, wait, and say what held.
import { createRequire } from 'node:module';
import { join } from 'node:path';

let failures = 0;
export const check = (what, held, detail = '') => {
  if (!held) ++failures;
  const said = typeof detail === 'string' ? detail : JSON.stringify(detail);
  console.log(`${held ? 'held' : 'FAILED'}: ${what}${held || said === '' ? '' : `: ${said.slice(0, 2000)}`}`);
};
export const finish = () => {
  console.log(failures === 0 ? 'all held' : `${failures} failed`);
  process.exit(failures === 0 ? 0 : 1);
};

// Waits until `condition` holds. How long it may take is no figure: machines differ.
export const until = async (what, condition, detail = () => '') => {
  const end = performance.now() + 60000;
  while (performance.now() < end) {
    if (await condition()) {
      check(what, true);
      return true;
    }
    await new Promise((resolve) => { setTimeout(resolve, 25); });
  }
  check(what, false, await detail());
  return false;
};

// Chromium whose microphone hears the file; without one, it has none. `isAllowed`: whether pages are given it unasked.
export const startBrowser = async (modules, executablePath, { sound, isAllowed = true, more = [] } = {}) => {
  const { chromium } = createRequire(join(modules, 'x.js'))('playwright-core');
  const args = ['--no-sandbox', ...more];
  if (isAllowed) args.push('--use-fake-ui-for-media-stream');
  if (sound !== undefined) args.push('--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${sound}`);
  return chromium.launch({ executablePath, args });
};

// Opens the page, and notes all that it complains of. That a connection is refused is told by the browser itself.
export const openPage = async (browser, url, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1180, height: 820 }, ...options });
  const page = await context.newPage();
  const noise = [];
  page.on('console', (message) => {
    if (!/WebSocket connection to|Failed to load resource/.test(message.text())) noise.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => noise.push(`error: ${error.stack}`));
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host) noise.push(`request: ${request.url()}`);
  });
  // What is seen for a moment only: phases with their words, and texts of messages.
  await page.addInitScript(() => {
    window.seen = [];
    // Those of elements: what drives the browser has its own.
    window.numListeners = 0;
    const listen = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (...all) {
      if (this instanceof Element) ++window.numListeners;
      return listen.apply(this, all);
    };
    const look = () => {
      const phase = `${document.body.dataset.phase}: ${document.getElementById('phase').textContent}`;
      for (const text of [phase, ...Array.from(document.querySelectorAll('.words'), (words) => words.textContent)]) {
        if (!window.seen.includes(text)) window.seen.push(text);
      }
    };
    addEventListener('DOMContentLoaded', () => new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true }));
  });
  await page.goto(url);
  return { page, context, noise };
};

export const phaseOf = (page) => page.getAttribute('body', 'data-phase');
export const textOf = (page, selector) => page.$eval(selector, (element) => element.textContent.replace(/\s+/g, ' ').trim());
export const isConnected = async (page) => (await page.getAttribute('#connection', 'data-state')) === 'open';

// The messages: "user done: what time is it", and the like.
export const messages = (page) => page.$$eval('#transcript .entry', (entries) => entries.map((entry) => {
  const [, kind, status = ''] = entry.className.split(' ');
  const words = entry.querySelector('.words') ?? entry;
  return `${kind} ${status}: ${words.textContent.replace(/\s+/g, ' ').trim()}`;
}));

export const hasSeen = (page, text) => page.evaluate((wanted) => window.seen.some((each) => each.includes(wanted)), text);

export const type = async (page, text) => {
  await page.fill('#message', text);
  await page.press('#message', 'Enter');
};

// Text that is hard to read: less than 4.5 to 1 against what is behind it (WCAG 2.2, 1.4.3).
export const faintTexts = (page) => page.evaluate(() => {
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
    if (!ownText || !element.checkVisibility() || element.matches('.unseen, noscript') || element.closest('[aria-disabled="true"]')) continue;
    const [one, other] = [luminance(parse(getComputedStyle(element).color).rgb), luminance(behind(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) faint.add(`${element.tagName}.${element.className} "${element.textContent.trim().slice(0, 30)}" ${contrast.toFixed(2)}`);
  }
  return [...faint];
});
