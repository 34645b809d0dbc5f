// The ws package, which lets itself be used wrongly: large, cut and binary messages, pings, peers that vanish.
//
//   node ws_test.mjs NODE_MODULES URL METRICS_URL
//
// Each line of output is a check that held or FAILED; the exit code is 1 if any failed.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { check, finish, notice, until, whenLate } from './check.mjs';

const [modules, url, metricsUrl] = process.argv.slice(2);
const { WebSocket } = createRequire(join(modules, 'x.js'))('ws');

const MIB = 1 << 20;

class Client {
  constructor(options = {}) {
    this.events = [];
    this.pongs = [];
    this.closed = null;
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data) => { this.events.push(JSON.parse(data)); notice(); });
    this.socket.on('pong', (data) => { this.pongs.push(data.toString()); notice(); });
    this.socket.on('close', (code) => { this.closed = code; notice(); });
    this.socket.on('error', () => {});
  }
  send(event) { this.socket.send(JSON.stringify(event)); }
  until(type, condition = () => true) {
    return until(type, () => this.events.find((event) => event.type === type && condition(event)));
  }
  // What comes after an event is the answer to it, unless it was dropped without a word.
  async isAlive(id) {
    this.send({ type: 'conversation.item.retrieve', item_id: 'nobody', event_id: id });
    await this.until('error', (event) => event.error.event_id === id);
    return this.closed === null;
  }
  get errors() { return this.events.filter((event) => event.type === 'error'); }
}

// The value of a metric; asked again and again by `metricIs`, which counts nothing but what the server counts.
const metric = async (name) => {
  const text = await (await fetch(metricsUrl)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line.slice(name.length + 1));
};
const metricIs = async (what, name, condition) => {
  let now;
  const timer = setInterval(async () => {
    now = await metric(name).catch(() => undefined);
    notice();
  }, 50);
  await until(what, () => now !== undefined && condition(now));
  clearInterval(timer);
};
whenLate(() => console.log(`errors: ${JSON.stringify(client.errors)}`));

// One that is silent from the start and answers no ping: that takes the server a minute to be sure of.
const silent = new Client({ autoPong: false });
await silent.until('session.created');

const client = new Client({ perMessageDeflate: true });
await client.until('session.created');
check('compression is declined', client.socket.extensions === '', client.socket.extensions);

// An event of 15 MiB: silence as base64.
const around = '{"type":"input_audio_buffer.append","audio":""}'.length;
const appendOf = (size) => `{"type":"input_audio_buffer.append","audio":"${'A'.repeat(Math.floor((size - around) / 8) * 8)}"}`;
client.socket.send(appendOf(15 * MIB));
check('it lives after 15 MiB', await client.isAlive('large'));
check('15 MiB are no error', client.errors.length === 1, client.errors);

// The same in pieces, with a ping between, and one event of single bytes.
const event = appendOf(MIB);
for (let i = 0; i < event.length; i += 65_536) {
  client.socket.send(event.slice(i, i + 65_536), { fin: i + 65_536 >= event.length });
  if (i === 65_536 * 4) client.socket.ping('between');
}
await until('a pong', () => client.pongs.includes('between'));
const small = JSON.stringify({ type: 'no.such.event', event_id: 'grüße 🙂' });
const bytes = Buffer.from(small);
for (let i = 0; i < bytes.length; ++i) client.socket.send(bytes.subarray(i, i + 1), { binary: false, fin: i + 1 === bytes.length });
await client.until('error', (error) => error.error.event_id === 'grüße 🙂');
check('pieces are one event', client.errors.length === 2, client.errors);

// What is no event.
const refused = async (what, send, code) => {
  const before = client.errors.length;
  send();
  await until(what, () => client.errors.length > before);
  check(`${what} is an error`, client.errors.at(-1).error.code === code, client.errors.at(-1));
  check(`it lives after ${what}`, await client.isAlive(what));
};
await refused('a binary message', () => client.socket.send(Buffer.from([1, 2, 3])), 'invalid_message');
await refused('no JSON', () => client.socket.send('{'), 'invalid_json');
await refused('a list', () => client.socket.send('[]'), 'invalid_json');
await refused('depth', () => client.socket.send(`{"type":${'['.repeat(100_000)}`), 'invalid_json');
await refused('an event of 2 MiB without sound', () => client.socket.send(JSON.stringify({
  type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x'.repeat(2 * MIB) }] },
})), 'event_too_large');

// More than a message may have.
client.socket.send('x'.repeat(16 * MIB + 1));
await until('the end', () => client.closed !== null);
check('what is too large ends the connection, and says so', client.closed === 1009, String(client.closed));

// Peers that go without a word, halfway, and in the middle of a message.
for (const [what, go] of [
  ['cut off', (each) => each.socket._socket.resetAndDestroy()],
  ['half closed', (each) => each.socket._socket.end()],
  ['gone within a message', (each) => { each.socket.send('{"type":', { fin: false }); each.socket._socket.end(); }],
]) {
  const each = new Client();
  await each.until('session.created');
  go(each);
  await metricIs(`${what}: its session ends`, 'parlance_sessions', (count) => count <= 1);
  check(`${what}: its session ends`, true);
}
await metricIs('who is silent is found', 'parlance_connections_ended_total{reason="silent"}', (count) => count === 1);
await metricIs('its session ends', 'parlance_sessions', (count) => count === 0);
check('who is silent is found', true);
check('nothing is left', await metric('parlance_sessions') === 0);
finish();
