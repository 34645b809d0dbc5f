// The page in a browser, with the server as people start it: spoken questions, and what becomes of them.
//
//   node server_test.mjs NODE_MODULES CHROMIUM SERVE QUESTION.wav FOLDER [PICTURES]
//
// QUESTION.wav asks what time it is, and is silent for a second; FOLDER gets the database. Each line of output is a check that
// held or FAILED; the exit code is 1 if any failed. A folder PICTURES gets page_light.png and page_dark.png, which the README shows.
import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { check, finish, hasSeen, isConnected, messages, openPage, phaseOf, startBrowser, textOf, type, until } from './browser.mjs';

const [modules, chromium, program, question, folder, pictures] = process.argv.slice(2);

// Starts the server, and gives the page's address once it is known.
const startServer = async (...flags) => {
  const server = spawn(program, ['--db', join(folder, 'sessions.db'), '--port', '0', '--drain', '1s', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => server.kill('SIGKILL'));
  let said = '';
  const url = await new Promise((resolve, reject) => {
    server.on('exit', (code) => reject(new Error(`${program} ended with ${code}: ${said}`)));
    server.stdout.on('data', (text) => {
      said += text;
      const found = /http:\S+/.exec(said);
      if (found !== null) resolve(found[0]);
    });
  });
  server.removeAllListeners('exit');
  const stop = () => new Promise((resolve) => {
    server.on('exit', resolve);
    server.kill('SIGTERM');
  });
  return { url, stop };
};

const last = async (page) => (await messages(page)).at(-1);
const isTime = (text) => /^assistant done: .*\d/.test(text ?? '');

let server = await startServer();
const port = new URL(server.url).port;

// A spoken question, and what is remembered.
{
  const browser = await startBrowser(modules, chromium, { sound: `${question}%noloop` });
  const { page, noise } = await openPage(browser, server.url);
  await until('the page connects', () => isConnected(page), () => textOf(page, '#problem'));
  await page.click('#talk');
  await until('a spoken question is answered', async () => isTime(await last(page)), () => messages(page));
  const said = await messages(page);
  check('its words are shown', said[0] === 'user done: what time is it', said);
  check('the tool is shown', said.some((each) => each.startsWith('call done: ')), said);
  check('the answer is spoken', await hasSeen(page, 'speaking: '));
  await until('the time until it is told', () => page.isVisible('#latency'));
  check('with its stages', (await page.textContent('#latency tbody')).includes('End of speech'));
  if (pictures !== undefined) {
    await page.click('#latency summary');
    await page.setViewportSize({ width: 900, height: 720 });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(pictures, `page_${colorScheme}.png`) });
    }
  }
  await page.click('#talk');
  await page.reload();
  const kept = said.filter((each) => !each.startsWith('call'));
  await until('it is remembered after a reload', async () => (await messages(page)).join('|') === kept.join('|'), async () => [kept, await messages(page)]);

  // Typed, and cut. The answer is long because the agent repeats what it keeps.
  await type(page, `remember that ${'the train leaves at nine and '.repeat(12)}that is all`);
  await until('a long answer is spoken', async () => (await phaseOf(page)) === 'speaking', () => messages(page));
  await page.keyboard.press('Escape');
  await until('Escape cuts it', async () => (await last(page))?.startsWith('assistant cut: '), () => messages(page));
  await until('and it is silent', async () => (await phaseOf(page)) === 'ready', () => phaseOf(page));
  const shown = await messages(page);
  // An answer of which nothing was heard is not shown.
  if (shown.at(-1).includes('Interrupted before')) shown.pop();
  const heard = shown.at(-1).replace('cut: ', 'done: ').replace(/ — interrupted$/, '');
  await page.reload();
  await until('it is remembered as far as it was heard', async () => (await last(page)) === heard, async () => [heard, await messages(page)]);

  await page.click('#new');
  await until('a new conversation is empty', async () => (await messages(page)).length === 1 && (await last(page)).startsWith('note'), () => messages(page));
  await page.click('#transcript button');
  await until('and the old one is there', async () => (await messages(page))[0] === kept[0], () => messages(page));
  check('nothing was complained of', noise.length === 0, noise);
  await browser.close();
}

// Somebody who asks again and again, over the answers.
{
  const browser = await startBrowser(modules, chromium, { sound: question });
  const { page, noise } = await openPage(browser, server.url);
  await until('the page connects', () => isConnected(page));
  await page.click('#talk');
  await until('who speaks over an answer interrupts it', async () => (await messages(page)).some((each) => each.startsWith('assistant cut: ')), () => messages(page));
  check('and is refused nothing', !(await page.textContent('#transcript')).includes('refused'), await messages(page));
  check('nothing was complained of when speaking over', noise.length === 0, noise);
  await browser.close();
}

// By the keyboard alone.
{
  const browser = await startBrowser(modules, chromium, { sound: `${question}%noloop` });
  const { page, noise } = await openPage(browser, server.url);
  await until('the page connects', () => isConnected(page));
  while (await page.evaluate(() => document.activeElement.name !== 'mode')) await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowRight');
  const level = () => page.$eval('#microphone-level', (meter) => Number(meter.getAttribute('aria-valuenow')));
  await page.keyboard.down(' ');
  await until('the microphone hears speech', async () => (await level()) >= 50);
  // The question lasts a second.
  await page.waitForTimeout(2000);
  await page.keyboard.up(' ');
  await until('a question asked by hand is answered', async () => isTime(await last(page)), () => messages(page));
  check('its words are shown', (await messages(page))[0] === 'user done: what time is it', await messages(page));
  check('nothing was complained of by hand', noise.length === 0, noise);

  // The same conversation in another tab.
  const other = await page.context().newPage();
  await other.goto(server.url);
  await until('a conversation in another tab is told of', async () => (await textOf(other, '#problem-title')) === 'This conversation is open elsewhere', () => textOf(other, '#problem'));
  await other.close();

  await server.stop();
  await until('a server that is away is told of', async () => (await textOf(page, '#problem-title')) === 'The server does not answer', () => textOf(page, '#problem'));
  server = await startServer('--port', port);
  await until('it comes back by itself, and remembers', async () => (await isConnected(page)) && isTime(await last(page)), () => messages(page));
  await server.stop();

  // With keys, and another database: the conversation is not there.
  const keys = join(folder, 'keys.txt');
  writeFileSync(keys, 'somebody correct-horse-battery\n');
  chmodSync(keys, 0o600);
  server = await startServer('--port', port, '--api_keys', keys, '--db', join(folder, 'others.db'));
  await until('a key is asked for', () => page.isVisible('#key'), () => textOf(page, '#problem'));
  await page.fill('#key', 'wrong-horse-battery-staple');
  await page.press('#key', 'Enter');
  await until('a wrong key is told of', async () => (await textOf(page, '#problem-title')) === 'The key was not accepted', () => textOf(page, '#problem'));
  await page.fill('#key', 'correct-horse-battery');
  await page.press('#key', 'Enter');
  await until('the right one opens, and the conversation that is not there is begun anew', async () => (await isConnected(page)) && (await last(page))?.includes('not on this server'), () => messages(page));
  await browser.close();
}

await server.stop();
finish();
