// The page in a browser, with an agent that is made up (fake_agent.mjs).
//
//   node browser_test.mjs NODE_MODULES CHROMIUM PAGE QUESTION.wav [PICTURES]
//
// PAGE is the folder with the page's files; QUESTION.wav says something for a second, and is silent for some. Each line of output
// is a check that held or FAILED; the exit code is 1 if any failed. With a folder PICTURES, it is left pictures to look at.
import { join } from 'node:path';

import { check, faintTexts, finish, hasSeen, isConnected, messages, openPage, phaseOf, startBrowser, textOf, type, until } from './browser.mjs';
import { FakeAgent } from './fake_agent.mjs';

const [modules, chromium, pageFolder, question, pictures] = process.argv.slice(2);

const agent = new FakeAgent(modules, pageFolder);
const port = await agent.start();
const url = `http://127.0.0.1:${port}/`;
// Half a minute.
const kLong = `one two three four five ${'and so on '.repeat(30)}`.trim();

// A browser with a microphone that hears nothing for a long time; it is opened only where a test says so.
const browser = await startBrowser(modules, chromium, { sound: `${question}%noloop` });
const open = async (options = {}) => {
  const opened = await openPage(browser, options.url ?? url, options);
  await until('the page connects', () => isConnected(opened.page));
  return opened;
};
const picture = async (page, name) => {
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) });
};
const last = async (page) => (await messages(page)).at(-1);
const events = (kind) => agent.events.filter((event) => event.type === kind);
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

// --- The first screen, and what is typed ---
{
  const { page, context, noise } = await open();
  check('it begins with what may be said', await page.isVisible('#welcome') && (await phaseOf(page)) === 'ready');
  const update = events('session.update')[0].session;
  check('the session is configured', update.audio.input.format.rate === 24000 && update.audio.input.turn_detection.type === 'server_vad' && update.output_modalities[0] === 'audio', update);
  check('no microphone is asked for before somebody wants it', agent.heardMs === 0);
  const listeners = await page.evaluate(() => window.numListeners);
  await picture(page, 'idle');

  agent.answerTo = () => ({
    calls: [{ name: 'get_time', arguments: '{"zone":"Asia/Tokyo"}', output: '{"time":"03:12"}' }, { name: 'find_note', arguments: '{}', error: 'there is no note' }],
    text: 'It is early in Tokyo.',
  });
  await page.click('.suggestion >> nth=0');
  await until('a question is answered', async () => (await last(page)) === 'assistant done: It is early in Tokyo.', () => messages(page));
  check('the answer is shown as it is spoken', await page.evaluate(() => window.seen.includes('It is')));
  check('it says that it speaks', await hasSeen(page, 'speaking: Answering: Esc stops it'));
  check('what was asked is there', (await messages(page))[0] === 'user done: What time is it?', await messages(page));
  check('the suggestions have gone', !(await page.isVisible('#welcome')));
  check('calls are rows that open', (await page.$$('.call details:not([open])')).length === 2 && !(await page.isVisible('.call dl')));
  await page.click('.call summary >> nth=0');
  check('with their arguments and result', (await textOf(page, '.call.done dl')) === 'Arguments{"zone":"Asia/Tokyo"}Result{"time":"03:12"}', await textOf(page, '.call.done dl'));
  check('a call that failed says so', (await textOf(page, '.call.failed summary')) === 'find note failed' && (await page.textContent('.call.failed .output')) === 'there is no note');
  check('the time until the answer is told', (await textOf(page, '#latency summary')) === 'The last answer began after 0.74 s', await textOf(page, '#latency summary'));
  await page.click('#latency summary');
  const rows = await page.$$eval('#latency tbody tr', (all) => all.map((row) => `${row.children[0].textContent}: ${row.children[1].textContent}`));
  check('with its stages, as text', rows.length === 8 && rows[0] === 'End of speech: 500 ms' && rows[5] === 'Storage: 4.3 ms', rows);
  const bars = await page.$$eval('#latency .bar', (all) => all.map((bar) => bar.getBoundingClientRect()).map(({ left, right }) => [left, right]));
  check('and as a waterfall', bars.every(([left], i) => i === 0 || Math.abs(left - bars[i - 1][1]) < 3), bars);
  const announced = await page.$$eval('#announcer p', (all) => all.map((each) => each.textContent));
  check('a screen reader is told, once', ['You: What time is it?', 'The tool get time was used.', 'The tool find note failed.', 'Agent: It is early in Tokyo.']
    .every((words) => announced.filter((each) => each === words).length === 1), announced);
  check('what happens often adds no listeners', (await page.evaluate(() => window.numListeners)) === listeners, listeners);
  check('nothing was complained of, and nothing loaded from elsewhere', noise.length === 0, noise);
  await context.close();
}

// --- Interrupting ---
{
  const { page, context, noise } = await open();
  agent.answerTo = () => ({ text: kLong });
  agent.events.length = 0;
  await type(page, 'count');
  await until('it counts', async () => (await phaseOf(page)) === 'speaking' && (await last(page))?.includes('four'), () => messages(page));
  await page.keyboard.press('Escape');
  await until('Escape cuts the answer', async () => (await last(page))?.startsWith('assistant cut: one'), () => messages(page));
  const truncate = events('conversation.item.truncate')[0];
  check('the server is told how much was heard', truncate?.audio_end_ms > 0 && truncate.audio_end_ms < 95 * 300, truncate);
  check('the answer is cancelled, once', events('response.cancel').length === 1 && events('response.create').length === 1, agent.events);
  await until('the words that were heard are asked for', () => events('conversation.item.retrieve').length === 1);
  const kept = [...agent.kept.values()].at(-1).at(-1).text;
  await until('and shown', async () => (await last(page)) === `assistant cut: ${kept} — interrupted`, async () => [kept, truncate, ...await messages(page)]);
  check('the answer was played from its beginning', truncate?.audio_end_ms >= 300, truncate);
  check('it is silent', (await phaseOf(page)) === 'ready', await phaseOf(page));
  await picture(page, 'interrupted');

  // Another message takes the place of an answer.
  await type(page, 'count');
  await until('it counts again', async () => (await messages(page)).length === 4 && (await last(page)).includes('two'), () => messages(page));
  agent.answerTo = (text) => ({ text: `You said ${text}` });
  await type(page, 'stop that');
  await until('a message takes the place of an answer', async () => (await last(page)) === 'assistant done: You said stop that', () => messages(page));
  check('of which the heard words stay', (await messages(page))[3].startsWith('assistant cut: '), await messages(page));
  check('nothing was refused', !(await page.textContent('#transcript')).includes('refused'));

  // The button.
  agent.answerTo = () => ({ text: kLong });
  await type(page, 'count');
  await until('the answer can be stopped', () => page.isVisible('#stop'));
  await page.click('#stop');
  await until('by a button', async () => (await last(page)).startsWith('assistant cut'), () => messages(page));
  check('the focus is not lost with it', await page.evaluate(() => document.activeElement.id === 'talk'));
  check('nothing was complained of when interrupting', noise.length === 0, noise);
  await context.close();
}

// --- Speaking ---
{
  const { page, context, noise } = await open();
  agent.answerTo = () => ({ text: 'It is noon.' });
  await page.click('#talk');
  await until('speech is heard', async () => (await phaseOf(page)) === 'hearing');
  check('the microphone moves its meter', agent.loudest > 1500, agent.loudest);
  await picture(page, 'hearing');
  await until('a spoken question is answered', async () => (await last(page)) === 'assistant done: It is noon.', () => messages(page));
  check('its words are shown', (await messages(page))[0] === 'user done: what time is it', await messages(page));
  await until('it listens again', async () => (await phaseOf(page)) === 'listening');
  await page.click('#talk');
  await until('until it is told not to', async () => (await textOf(page, '#talk-words')) === 'Start talking' && (await phaseOf(page)) === 'ready');
  const heard = agent.heardMs;
  await page.waitForTimeout(300);
  check('then nothing is heard', agent.heardMs === heard);

  // What was said is there after a reload, and is not read out again.
  await page.reload();
  await until('what was said is there after a reload', async () => (await messages(page)).join() === 'user done: what time is it,assistant done: It is noon.', () => messages(page));
  check('and not read out', (await textOf(page, '#announcer')) === '', await textOf(page, '#announcer'));

  await page.click('#new');
  await until('a new conversation begins', async () => (await last(page))?.includes('new conversation'), () => messages(page));
  check('without the old messages', (await messages(page)).length === 1);
  await page.click('#transcript button');
  await until('the old one can be gone back to', async () => (await messages(page)).length === 2 && (await last(page)).includes('noon'), () => messages(page));

  agent.kept.clear();
  await page.reload();
  await until('a conversation that is gone is begun anew', async () => (await last(page))?.includes('not on this server'), () => messages(page));
  check('nothing was complained of when speaking', noise.length === 0, noise);
  await context.close();
}

// --- Speaking over an answer ---
{
  // The question comes again and again.
  const talker = await startBrowser(modules, chromium, { sound: question });
  const { page, noise } = await openPage(talker, url);
  await until('the page connects', () => isConnected(page));
  agent.answerTo = () => ({ text: kLong });
  agent.events.length = 0;
  await page.click('#talk');
  await until('who speaks over an answer interrupts it', async () => (await messages(page)).some((each) => each.startsWith('assistant cut: one')), () => messages(page));
  await until('the server is told', () => events('conversation.item.truncate').length > 0);
  check('and needs no telling to stop', events('response.cancel').length === 0);
  check('nothing was complained of when speaking over', noise.length === 0, noise);
  await talker.close();
}

// --- By the keyboard alone ---
{
  const holder = await startBrowser(modules, chromium, { sound: `${question}%noloop` });
  const { page, noise } = await openPage(holder, url);
  await until('the page connects', () => isConnected(page));
  agent.answerTo = () => ({ text: 'Heard by hand.' });
  agent.events.length = 0;
  agent.committedMs.length = 0;
  const names = [];
  for (let i = 0; i < 12; ++i) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const { id, name, textContent, labels } = document.activeElement;
      const ring = document.activeElement.type === 'radio' ? document.activeElement.nextElementSibling : document.activeElement;
      return { name: id || name || textContent, isSeen: getComputedStyle(ring).outlineStyle !== 'none', isNamed: (labels?.[0]?.textContent ?? textContent).trim() !== '' };
    });
    names.push(at);
    if (at.name === 'mode') break;
  }
  check('all can be reached', ['new', 'talk', 'mode'].every((name) => names.some((each) => each.name === name)), names);
  check('where the focus is can be seen', names.every((each) => each.isSeen), names);
  check('and has a name', names.every((each) => each.isNamed), names);
  await page.keyboard.press('ArrowRight');
  await until('push to talk is chosen', async () => (await textOf(page, '#talk-words')) === 'Hold to talk');
  await until('turns are ended by hand', () => events('session.update').at(-1)?.session.audio.input.turn_detection === null);
  const heard = agent.heardMs;
  await page.waitForTimeout(300);
  check('nothing is heard meanwhile', agent.heardMs === heard);
  await page.keyboard.down(' ');
  await until('the space bar opens the microphone', async () => (await textOf(page, '#talk-words')) === 'Release to send' && agent.heardMs > heard + 1800, () => textOf(page, '#phase'));
  await picture(page, 'holding');
  await page.keyboard.up(' ');
  await until('letting go sends it', async () => (await last(page)) === 'assistant done: Heard by hand.', () => messages(page));
  check('all that was said', agent.committedMs.length === 1 && agent.committedMs[0] > 1500, agent.committedMs);
  check('and asks for an answer', events('response.create').length === 1 && events('input_audio_buffer.commit').length === 1);
  const held = agent.heardMs;
  await page.waitForTimeout(300);
  check('the microphone hears nothing while nobody holds it', agent.heardMs === held);
  // Over an answer.
  agent.answerTo = () => ({ text: kLong });
  await type(page, 'count');
  await until('it counts', async () => (await last(page))?.includes('two'), () => messages(page));
  await page.focus('#talk');
  await page.keyboard.down(' ');
  await until('holding the button interrupts', async () => (await last(page)).startsWith('assistant cut'), () => messages(page));
  await page.keyboard.up(' ');
  // However short that was.
  await until('all is over', async () => (await phaseOf(page)) !== 'hearing');
  await page.keyboard.press('Escape');
  await page.focus('#talk');
  const commits = agent.committedMs.length;
  await page.keyboard.down(' ');
  await page.keyboard.up(' ');
  await until('a slip is no message', async () => (await last(page)).includes('too short'), () => messages(page));
  check('and is not sent', agent.committedMs.length === commits);
  // A space in a message is a space.
  await page.focus('#message');
  await page.keyboard.type('a b');
  check('a space in a message is one', (await page.inputValue('#message')) === 'a b');
  // Where nobody can hold: once to begin, once to end.
  const before = agent.heardMs;
  await page.focus('#talk');
  await page.keyboard.press('Enter');
  await until('Enter begins', () => agent.heardMs > before + 600);
  await page.keyboard.press('Enter');
  await until('and ends', () => agent.committedMs.length === commits + 1);
  // A mouse.
  await page.keyboard.press('Escape');
  const more = agent.heardMs;
  await page.hover('#talk');
  await page.mouse.down();
  await until('a mouse holds', () => agent.heardMs > more + 600);
  await page.mouse.up();
  await until('and lets go', () => agent.committedMs.length === commits + 2);
  check('nothing was complained of by hand', noise.length === 0, noise);
  await page.reload();
  await until('the way of talking is remembered', async () => (await textOf(page, '#talk-words')) === 'Hold to talk');
  await holder.close();
}

// --- Microphones that are not there ---
for (const [what, options, title] of [
  ['refused', { sound: question, isAllowed: false }, 'The microphone was not allowed'],
  ['missing', {}, 'There is no microphone'],
]) {
  const other = await startBrowser(modules, chromium, options);
  const { page, noise } = await openPage(other, url);
  await until('the page connects', () => isConnected(page));
  await page.click('#talk');
  await until(`a microphone that is ${what} is told of`, async () => (await textOf(page, '#problem-title')) === title, () => textOf(page, '#problem'));
  check('with what to do', (await textOf(page, '#problem-advice')).length > 30 && await page.isVisible('#retry'));
  await picture(page, `microphone_${what}`);
  agent.answerTo = () => ({ text: 'Typing works.' });
  await type(page, 'hello');
  await until('typing works all the same', async () => (await last(page)) === 'assistant done: Typing works.', () => messages(page));
  await page.click('#dismiss');
  check('it can be put away', !(await page.isVisible('#problem')));
  check(`nothing was complained of without a microphone (${what})`, noise.length === 0, noise);
  await other.close();
}
{
  const other = await startBrowser(modules, chromium, { sound: question, more: ['--host-resolver-rules=MAP parlance.test 127.0.0.1'] });
  const { page, noise } = await openPage(other, `http://parlance.test:${port}/`);
  await until('an address that is not secure connects', () => isConnected(page));
  check('and says what is missing', (await textOf(page, '#problem')).includes('https'), await textOf(page, '#problem'));
  check('the button is off', (await page.getAttribute('#talk', 'aria-disabled')) === 'true');
  await type(page, 'hello');
  await until('answers are written then', async () => (await last(page)) === 'assistant done: Typing works.', () => messages(page));
  check('nothing was complained of where it is not secure', noise.length === 0, noise);
  await other.close();
}

// --- Servers that are away, busy, or refuse ---
{
  const { page, context, noise } = await open();
  agent.answerTo = () => ({ text: 'Still here.' });
  await type(page, 'hello');
  await until('an answer', async () => (await last(page)) === 'assistant done: Still here.');
  await agent.stop();
  await until('a server that is away is told of', async () => (await textOf(page, '#problem-title')) === 'The server does not answer', () => textOf(page, '#problem'));
  check('and that it is tried again', await page.isVisible('#countdown') && await page.isVisible('#retry') && (await page.getAttribute('#connection', 'data-state')) !== 'open');
  check('nothing can be said meanwhile', (await page.getAttribute('#talk', 'aria-disabled')) === 'true');
  await picture(page, 'away');
  await agent.start(port);
  await until('it comes back by itself', () => isConnected(page));
  check('and goes on', (await last(page)) === 'assistant done: Still here.' && !(await page.isVisible('#problem')), await messages(page));

  for (const [refusal, title] of [[503, 'The server is busy'], [409, 'This conversation is open elsewhere'], [500, 'The server has a problem']]) {
    agent.refusal = refusal;
    agent.close(1012, '');
    await until(`${refusal} is told of`, async () => (await textOf(page, '#problem-title')) === title, () => textOf(page, '#problem'));
    agent.refusal = null;
    await page.click('#retry').catch(() => {});
    await until('and tried again', () => isConnected(page));
  }
  agent.close(1000, 'nobody has spoken for long');
  await until('an end is told of', async () => (await textOf(page, '#problem')).includes('nobody has spoken for long'), () => textOf(page, '#problem'));
  check('and nothing goes on by itself', !(await page.isVisible('#countdown')) && (await textOf(page, '#retry')) === 'Go on');
  await page.click('#retry');
  await until('but when it is wanted', () => isConnected(page));

  for (const isTerse of [false, true]) {
    agent.isTerse = isTerse;
    agent.key = 'correct-horse-battery';
    agent.close(1012, '');
    await until('a key is asked for', () => page.isVisible('#key'), () => textOf(page, '#problem'));
    if (!isTerse) await picture(page, 'key');
    await page.fill('#key', 'wrong');
    await page.press('#key', 'Enter');
    await until('a wrong key is told of', async () => (await textOf(page, '#problem-title')) === 'The key was not accepted', () => textOf(page, '#problem'));
    await page.fill('#key', 'correct-horse-battery');
    await page.press('#key', 'Enter');
    await until('the right one opens', () => isConnected(page));
    check('it is for this tab alone', await page.evaluate(() => !JSON.stringify(localStorage).includes('horse') && JSON.stringify(sessionStorage).includes('horse')));
    check('and is shown nowhere', await page.evaluate(() => !document.documentElement.outerHTML.includes('horse') && document.getElementById('key').value === ''));
    await page.evaluate(() => sessionStorage.clear());
    agent.key = null;
    await page.reload();
    await until('the page connects', () => isConnected(page));
  }
  check('nothing was complained of while it was away', noise.length === 0, noise);
  await context.close();
}

// --- Text of others ---
{
  const { page, context, noise } = await open();
  const hostile = '<img src=x onerror=alert(1)></p></li><script>alert(2)</script>';
  agent.answerTo = (text) => ({ text: `You said ${text}`, calls: [{ name: '<b>tool</b>', arguments: hostile, output: hostile }] });
  await type(page, hostile);
  await until('text of others is text', async () => (await last(page))?.endsWith(`You said ${hostile}`), () => messages(page));
  check('no element is made of it', (await page.$$('main img, main script, main b')).length === 0);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.injected = true';
    document.body.append(script);
  });
  check('the policy stops other scripts', await page.evaluate(() => window.injected === undefined));
  const rest = noise.filter((each) => !each.includes('Content Security Policy'));
  check('nothing else was complained of', rest.length === 0, rest);
  await context.close();
}

// --- Light, dark, narrow, low, and still ---
agent.answerTo = () => ({ text: 'A-word-that-is-long-'.repeat(12), calls: [{ name: 'get_time', arguments: '{"a":1}', output: `{"long":"${'x'.repeat(300)}"}` }] });
for (const [name, viewport, colorScheme] of [
  ['desktop_light', { width: 1180, height: 820 }, 'light'], ['desktop_dark', { width: 1180, height: 820 }, 'dark'],
  ['phone_light', { width: 390, height: 780 }, 'light'], ['phone_dark', { width: 320, height: 640 }, 'dark'], ['low', { width: 640, height: 300 }, 'light'],
]) {
  const { page, context } = await open({ viewport, colorScheme, reducedMotion: 'reduce' });
  const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  check(`${name}: the ground is ${colorScheme}`, (colorScheme === 'dark') === (Number(background.match(/\d+/)[0]) < 60), background);
  let faint = await faintTexts(page);
  check(`${name}: all text can be read`, faint.length === 0, faint);
  check(`${name}: nothing is beside the window`, (await overflow(page)) <= 0, await overflow(page));
  await type(page, 'hello');
  await until('a long answer', async () => (await last(page))?.startsWith('assistant done'), () => messages(page));
  await page.click('.call summary');
  await page.click('#latency summary');
  agent.refusal = 503;
  agent.close(1012, '');
  await until('a problem', () => page.isVisible('#problem'));
  faint = await faintTexts(page);
  check(`${name}: all text can be read, with all that there can be`, faint.length === 0, faint);
  check(`${name}: nothing is beside the window then`, (await overflow(page)) <= 0, await overflow(page));
  const hidden = await page.$$eval('#talk, #message, #send, #retry, #new', (all) => all.filter((each) => {
    each.scrollIntoView({ block: 'nearest' });
    const box = each.getBoundingClientRect();
    return !each.checkVisibility() || box.left < 0 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.top < -1;
  }).map((each) => each.id));
  check(`${name}: everything can be got at`, hidden.length === 0, hidden);
  check(`${name}: nothing moves`, await page.$$eval('*', (all) => all.every((each) => getComputedStyle(each, '::after').animationName === 'none' && getComputedStyle(each).transitionDuration === '0s')));
  await picture(page, name);
  agent.refusal = null;
  await context.close();
}

await browser.close();
await agent.stop();
finish();
