// What of the page needs no browser: node --test modules_test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Conversation } from '../conversation.js';
import { milliseconds, waterfall } from '../latency.js';
import { describeMicrophoneProblem } from '../microphone.js';
import { PlaybackQueue } from '../playback_queue.js';
import { describeClose, describeRefusal, RealtimeClient, waitBefore } from '../realtime_client.js';
import { Resampler } from '../resampler.js';
import { fromBase64, fromPcm16, levelOf, toBase64, toMono, toPcm16 } from '../sound.js';
import { announcement } from '../transcript.js';
import { Turns } from '../turns.js';

// --- Sound ---

test('samples become 16 bits, and what is beyond is cut', () => {
  assert.deepEqual([...toPcm16([0, 0.5, 1, -1, 2, -2, 1 / 32768])], [0, 16384, 32767, -32768, 32767, -32768, 1]);
  assert.deepEqual([...fromPcm16(Int16Array.of(0, 16384, -32768))], [0, 0.5, -1]);
});

test('base64 is little-endian, of any length, and comes back', () => {
  assert.equal(toBase64(Int16Array.of(1, -2)), 'AQD+/w==');
  const pcm = Int16Array.from({ length: 20001 }, (_, i) => (i * 7919) % 65536 - 32768);
  assert.deepEqual(fromBase64(toBase64(pcm)), pcm);
  assert.deepEqual([...fromBase64('AQD+')], [1], 'half a sample is left out');
  assert.throws(() => fromBase64('%%%'));
});

test('channels become one', () => {
  assert.deepEqual([...toMono([Float32Array.of(1, 0), Float32Array.of(0, 0)], 2)], [0.5, 0]);
  assert.deepEqual([...toMono([], 2)], [0, 0]);
});

test('a level is from silence to full scale', () => {
  assert.equal(levelOf(new Float32Array(100)), 0);
  assert.equal(levelOf([]), 0);
  assert.ok(Math.abs(levelOf(new Float32Array(100).fill(1)) - 1) < 0.01);
  assert.ok(Math.abs(levelOf(new Float32Array(100).fill(0.001))) < 0.01);
  assert.ok(Math.abs(levelOf(new Float32Array(100).fill(0.1)) - 2 / 3) < 0.01, '-20 dB');
});

const sine = (hz, rateHz, length) => Float32Array.from({ length }, (_, i) => 0.5 * Math.sin(2 * Math.PI * hz * i / rateHz));
const rms = (samples) => Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
const resampled = (from, to, samples, piece = 128) => {
  const resampler = new Resampler(from, to);
  const output = [];
  for (let i = 0; i < samples.length; i += piece) output.push(...resampler.process(samples.subarray(i, i + piece)));
  output.push(...resampler.finish());
  return Float32Array.from(output);
};

for (const [from, to] of [[48000, 24000], [44100, 24000], [16000, 24000], [24000, 48000], [24000, 44100], [24000, 24000], [96000, 24000], [22050, 24000], [192000, 24000]]) {
  test(`a tone stays what it is from ${from} to ${to} Hz, in its place`, () => {
    const output = resampled(from, to, sine(1000, from, from));
    assert.ok(Math.abs(output.length - to) <= 2, `${output.length} samples`);
    const expected = sine(1000, to, output.length);
    const error = rms(output.map((sample, i) => sample - expected[i]).subarray(to / 10, to * 9 / 10));
    assert.ok(error < 0.001, `an error of ${error}`);
  });
}

test('pieces of any size give the same', () => {
  const samples = sine(440, 44100, 5000);
  assert.deepEqual(resampled(44100, 24000, samples, 1), resampled(44100, 24000, samples, 5000));
});

test('what a lower rate cannot carry is left out', () => {
  const output = resampled(48000, 24000, sine(15000, 48000, 48000)).subarray(1000, 22000);
  assert.ok(rms(output) < 0.0005, `${rms(output)} is left`);
});

test('rates that are none are refused', () => {
  assert.throws(() => new Resampler(0, 24000), RangeError);
});

// --- What waits to be played ---

const pulled = (queue, length) => {
  const output = new Float32Array(length);
  queue.pull(output);
  return output;
};

test('an item is played in order, without gaps, and counted', () => {
  const queue = new PlaybackQueue(24000);
  const pcm = Int16Array.from({ length: 4800 }, (_, i) => i);
  for (let i = 0; i < 4800; i += 480) queue.push('a', pcm.subarray(i, i + 480));
  assert.deepEqual([...pulled(queue, 1000)], [...fromPcm16(pcm.subarray(0, 1000))]);
  assert.deepEqual([...pulled(queue, 200)], [...fromPcm16(pcm.subarray(1000, 1200))]);
  assert.deepEqual(queue.position(), { id: 'a', playedMs: 50, isFlowing: true });
});

test('it begins when a little is there, or all', () => {
  const queue = new PlaybackQueue(24000);
  queue.push('a', new Int16Array(480).fill(1000));
  assert.equal(rms(pulled(queue, 128)), 0);
  queue.finish('a');
  assert.ok(rms(pulled(queue, 128)) > 0);
});

test('an item that runs dry waits again, and one that has ended does not', () => {
  const queue = new PlaybackQueue(24000);
  queue.push('a', new Int16Array(960).fill(1000));
  pulled(queue, 1200);
  assert.equal(queue.numGaps, 1);
  assert.deepEqual(queue.position(), { id: 'a', playedMs: 40, isFlowing: false });
  queue.push('a', new Int16Array(960).fill(1000));
  queue.finish('a');
  pulled(queue, 960);
  assert.equal(queue.position(), null);
  assert.equal(queue.numGaps, 1);
});

test('what is cleared is told, item by item, and fades out', () => {
  const queue = new PlaybackQueue(48000);
  queue.push('a', new Int16Array(2400).fill(8000));
  queue.push('b', new Int16Array(2400).fill(8000));
  pulled(queue, 2400);
  assert.deepEqual(queue.clear(), [{ id: 'a', playedMs: 50 }, { id: 'b', playedMs: 0 }]);
  const rest = pulled(queue, 480);
  assert.ok(rest[0] > 0.2 && rest[0] < 0.26 && Math.abs(rest[238]) < 0.01 && rest[300] === 0, 'it fades in 5 ms');
  assert.equal(rms(pulled(queue, 480)), 0);
  assert.equal(queue.position(), null);
  assert.deepEqual(queue.clear(), []);
});

test('an item of which all was played is not cut', () => {
  const queue = new PlaybackQueue(24000);
  queue.push('a', new Int16Array(960).fill(1000));
  queue.finish('a');
  pulled(queue, 960);
  assert.deepEqual(queue.clear(), []);
});

test('too much is refused', () => {
  const queue = new PlaybackQueue(24000);
  const second = new Int16Array(24000);
  let taken = 0;
  while (taken < 1000 && queue.push('a', second)) ++taken;
  assert.equal(taken, 121);
});

// --- What was said ---

const conversationOf = (...events) => {
  const conversation = new Conversation(() => {});
  for (const event of events) conversation.handle(event);
  return conversation;
};
const answerItem = (status, transcript) => ({
  id: 'a', type: 'message', role: 'assistant', status, content: transcript === undefined ? [] : [{ type: 'output_audio', transcript }],
});

test('a spoken turn, as it comes', () => {
  const conversation = conversationOf({ type: 'input_audio_buffer.speech_started', item_id: 'u' });
  const statusAfter = (event) => {
    conversation.handle(event);
    const { status, text } = conversation.find(event.item_id ?? event.item.id);
    return `${status}: ${text}`;
  };
  const item = { id: 'u', type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_audio', transcript: null }] };
  assert.equal(statusAfter({ type: 'input_audio_buffer.speech_stopped', item_id: 'u' }), 'in_progress: ');
  assert.equal(statusAfter({ type: 'conversation.item.added', item }), 'in_progress: ');
  assert.equal(statusAfter({ type: 'conversation.item.input_audio_transcription.delta', item_id: 'u', delta: 'what' }), 'in_progress: what');
  assert.equal(statusAfter({ type: 'conversation.item.input_audio_transcription.delta', item_id: 'u', delta: ' times' }), 'in_progress: what times');
  assert.equal(statusAfter({ type: 'conversation.item.input_audio_transcription.completed', item_id: 'u', transcript: 'what time' }), 'done: what time');
  assert.equal(statusAfter({ type: 'response.output_item.added', item: answerItem('in_progress') }), 'in_progress: ');
  assert.equal(statusAfter({ type: 'response.output_audio_transcript.delta', item_id: 'a', delta: 'It is noon.' }), 'in_progress: It is noon.');
  assert.equal(statusAfter({ type: 'conversation.item.done', item: answerItem('completed', 'It is noon.') }), 'done: It is noon.');
});

test('an interrupted answer keeps the words that were heard', () => {
  const conversation = conversationOf(
    { type: 'response.output_item.added', item: answerItem('in_progress') },
    { type: 'response.output_audio_transcript.delta', item_id: 'a', delta: 'One two three four.' },
    { type: 'conversation.item.truncated', item_id: 'a', audio_end_ms: 400 },
    { type: 'response.output_audio_transcript.delta', item_id: 'a', delta: ' Five.' },
    { type: 'response.output_item.done', item: answerItem('incomplete', 'One two three') },
    { type: 'conversation.item.retrieved', item: answerItem('incomplete', 'One two') },
  );
  const entry = conversation.find('a');
  assert.equal(entry.status, 'cut');
  assert.equal(entry.text, 'One two');
  assert.equal(announcement(entry), 'Agent, interrupted: One two');
});

test('words that come after an answer was cut are not added', () => {
  const conversation = conversationOf(
    { type: 'response.output_item.added', item: answerItem('in_progress') },
    { type: 'response.output_audio_transcript.delta', item_id: 'a', delta: 'One two' },
    { type: 'conversation.item.truncated', item_id: 'a', audio_end_ms: 400 },
    { type: 'response.output_audio_transcript.delta', item_id: 'a', delta: ' three' },
  );
  assert.equal(conversation.find('a').text, 'One two');
});

test('an answer of which every word was heard is not cut', () => {
  const conversation = conversationOf(
    { type: 'response.output_item.added', item: answerItem('in_progress') },
    { type: 'response.output_audio_transcript.delta', item_id: 'a', delta: 'One two. ' },
    { type: 'conversation.item.done', item: answerItem('completed', 'One two. ') },
    { type: 'conversation.item.truncated', item_id: 'a', audio_end_ms: 9000 },
    { type: 'conversation.item.retrieved', item: answerItem('completed', 'One two.') },
  );
  assert.equal(conversation.find('a').status, 'done');
});

test('calls of tools', () => {
  const call = { id: 'c', type: 'mcp_call', name: 'get_time', arguments: '{}', output: null, error: null };
  const conversation = conversationOf({ type: 'response.output_item.added', item: call }, { type: 'conversation.item.added', item: call });
  assert.deepEqual(conversation.find('c'), { id: 'c', kind: 'call', status: 'in_progress', name: 'get_time', args: '{}', output: null });
  conversation.handle({ type: 'conversation.item.done', item: { ...call, output: '{"time":"noon"}' } });
  assert.equal(conversation.find('c').status, 'done');
  conversation.handle({ type: 'conversation.item.done', item: { ...call, id: 'd', error: { message: 'no such zone' } } });
  assert.equal(conversation.find('d').status, 'failed');
  assert.equal(conversation.find('d').output, 'no such zone');
});

test('strange events change nothing', () => {
  const conversation = conversationOf(
    { type: 'conversation.item.added' }, { type: 'conversation.item.done', item: { id: 'x', type: 'unheard_of' } },
    { type: 'response.output_audio_transcript.delta', item_id: 'none', delta: 'x' }, { type: 'conversation.item.truncated', item_id: 'none' }, {},
  );
  assert.equal(conversation.entries.size, 0);
});

test('the oldest entries are forgotten', () => {
  const removed = [];
  const conversation = new Conversation((entry, what) => { if (what === 'removed') removed.push(entry.id); });
  for (let i = 0; i < 502; ++i) conversation.handle({ type: 'input_audio_buffer.speech_started', item_id: `u${i}` });
  assert.deepEqual(removed, ['u0', 'u1']);
});

// --- Turns ---

const turnsThatSend = () => {
  const sent = [];
  const turns = new Turns((event) => sent.push(event.type), () => {});
  return { turns, sent };
};

test('an answer is asked for at once if none is under way', () => {
  const { turns, sent } = turnsThatSend();
  turns.respond();
  assert.deepEqual(sent, ['response.create']);
});

test('an answer in place of another waits for the end of that one', () => {
  const { turns, sent } = turnsThatSend();
  turns.handle({ type: 'response.created' });
  turns.cancel();
  turns.respond();
  assert.deepEqual(sent, ['response.cancel']);
  turns.handle({ type: 'response.done' });
  assert.deepEqual(sent, ['response.cancel', 'response.create']);
  assert.ok(turns.isResponding && !turns.isCancelling);
});

test('an answer that is refused is not waited for', () => {
  const { turns } = turnsThatSend();
  turns.respond();
  turns.handle({ type: 'error', error: { code: 'other', event_id: 'not mine' } });
  assert.ok(turns.isResponding);
  turns.handle({ type: 'error', error: { code: 'unsupported_event', event_id: turns.askedId } });
  assert.ok(!turns.isResponding);
});

test('an answer that the server began meanwhile is replaced', () => {
  const { turns, sent } = turnsThatSend();
  turns.respond();
  turns.handle({ type: 'response.created' });
  turns.handle({ type: 'error', error: { code: 'conversation_already_has_active_response', event_id: turns.askedId } });
  turns.handle({ type: 'response.done' });
  assert.deepEqual(sent, ['response.create', 'response.cancel', 'response.create']);
});

test('words that were not understood are not answered', () => {
  const { turns } = turnsThatSend();
  turns.handle({ type: 'input_audio_buffer.speech_started' });
  turns.handle({ type: 'input_audio_buffer.speech_stopped' });
  assert.ok(turns.isAwaiting);
  turns.handle({ type: 'conversation.item.input_audio_transcription.completed', transcript: '' });
  assert.ok(!turns.isAwaiting);
});

// --- The connection ---

test('waits grow, and are bounded', () => {
  assert.deepEqual([0, 1, 2, 3].map((attempt) => waitBefore(attempt, 0.5)), [500, 1000, 2000, 4000]);
  assert.equal(waitBefore(50, 1), 15000 * 1.25);
});

test('close codes in words', () => {
  assert.ok(describeClose(1006, '').retries);
  assert.ok(describeClose(1001, 'the agent shuts down').problem.advice.endsWith('The server says: the agent shuts down.'));
  assert.ok(!describeClose(1000, '').retries);
  assert.ok(!describeClose(1009, 'too big').retries);
});

test('refusals in words', () => {
  const none = { hasKey: false, hasSession: false };
  assert.equal(describeRefusal(null, '', none).state, 'waiting');
  assert.equal(describeRefusal(401, '', none).problem.title, 'The server asks for a key');
  assert.equal(describeRefusal(401, '', { ...none, hasKey: true }).problem.title, 'The key was not accepted');
  assert.equal(describeRefusal(404, '', { ...none, hasSession: true }).state, 'gone');
  assert.equal(describeRefusal(409, '', none).problem.title, 'This conversation is open elsewhere');
  assert.equal(describeRefusal(503, 'call again later.', none).problem.advice.slice(-35), 'The server says: call again later.'.padStart(35));
  assert.equal(describeRefusal(403, '', none).state, 'ended');
  assert.ok(describeRefusal(426, '', none).mayRetry);
});

// A browser in which time passes when a test says so.
const makeBrowser = () => {
  const storage = () => {
    const kept = new Map();
    return { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value), removeItem: (name) => kept.delete(name) };
  };
  const browser = {
    localStorage: storage(), sessionStorage: storage(), Math: { random: () => 0.5 }, sockets: [], timers: [], status: null,
    setTimeout: (run, ms) => browser.timers.push({ run, ms }),
    clearTimeout: () => { browser.timers = []; },
    fetch: async () => {
      if (browser.status === null) throw new TypeError('Failed to fetch');
      return { status: browser.status, text: async () => 'no\n' };
    },
    WebSocket: class {
      constructor(url, protocols) {
        if (protocols.some((protocol) => protocol.includes(' '))) throw new SyntaxError('no subprotocol');
        Object.assign(this, { url, protocols, sent: [], bufferedAmount: 0 });
        browser.sockets.push(this);
      }
      send(text) { this.sent.push(text); }
      close() {}
      open(id) {
        this.onopen();
        this.onmessage({ data: JSON.stringify({ type: 'session.created', session: { id } }) });
      }
    },
  };
  const states = [];
  const client = new RealtimeClient({
    url: 'ws://host/v1/realtime', browser, onEvent: () => {}, onState: (state) => states.push(state.state),
  });
  return { browser, client, states, last: () => browser.sockets.at(-1), pass: () => browser.timers.pop().run() };
};
const settle = () => new Promise((resolve) => { setImmediate(resolve); });

test('a connection that is lost is made again, with the same session', () => {
  const { client, states, last, pass } = makeBrowser();
  client.connect();
  assert.equal(last().url.search, '?refusal=close');
  last().open('s1');
  last().onclose({ code: 1006, reason: '' });
  pass();
  assert.equal(last().url.searchParams.get('session_id'), 's1');
  last().open('s1');
  assert.deepEqual(states, ['connecting', 'open', 'waiting', 'connecting', 'open']);
});

test('a server that is away is waited for, longer each time', async () => {
  const { browser, client, last, pass } = makeBrowser();
  const waits = [];
  client.connect();
  for (let i = 0; i < 3; ++i) {
    last().onclose({ code: 1006, reason: '' });
    await settle();
    waits.push(browser.timers[0].ms);
    pass();
  }
  assert.deepEqual(waits, [500, 1000, 2000]);
  last().open('s1');
  last().onclose({ code: 1006, reason: '' });
  assert.equal(browser.timers[0].ms, 500, 'and from the beginning once it was there');
});

test('a session that is gone is begun anew', () => {
  const { browser, client, states, last } = makeBrowser();
  browser.localStorage.setItem('parlance.session', 'old');
  client.resume('old');
  last().onopen();
  last().onclose({ code: 4404, reason: 'no such session' });
  assert.equal(last().url.searchParams.get('session_id'), null);
  assert.deepEqual(states, ['connecting', 'gone', 'connecting']);
});

test('a key is asked for, sent, and kept for the tab alone', () => {
  const { browser, client, states, last } = makeBrowser();
  client.connect();
  assert.deepEqual(last().protocols, ['realtime']);
  last().onopen();
  last().onclose({ code: 4401, reason: 'a key is needed' });
  assert.deepEqual(states, ['connecting', 'key']);
  client.setKey('secret');
  assert.deepEqual(last().protocols, ['realtime', 'openai-insecure-api-key.secret']);
  assert.equal(browser.sessionStorage.getItem('parlance.key'), 'secret');
  assert.equal(browser.localStorage.getItem('parlance.key'), null);
  client.setKey('a b');
  assert.equal(states.at(-1), 'key');
});

test('a server that is there and tells no reason may want a key', async () => {
  const { browser, client, states, last } = makeBrowser();
  browser.status = 426;
  client.connect();
  last().onclose({ code: 1006, reason: '' });
  await settle();
  assert.deepEqual(states, ['connecting', 'key']);
});

test('sound that is late is left out', () => {
  const { client, last } = makeBrowser();
  assert.ok(!client.sendSound('AAAA'));
  client.connect();
  last().open('s1');
  assert.ok(client.sendSound('AAAA'));
  assert.deepEqual(JSON.parse(last().sent[0]), { type: 'input_audio_buffer.append', audio: 'AAAA' });
  last().bufferedAmount = 300000;
  assert.ok(!client.sendSound('AAAA'));
});

test('storage that is turned off is done without', () => {
  const { browser, last } = makeBrowser();
  const refuses = () => { throw new DOMException('denied', 'SecurityError'); };
  browser.localStorage = { getItem: refuses, setItem: refuses, removeItem: refuses };
  const client = new RealtimeClient({ url: 'ws://host/v1/realtime', browser, onEvent: () => {}, onState: () => {} });
  client.connect();
  last().open('s1');
  assert.equal(client.sessionId, 's1');
});

// --- Words ---

test('stages follow one another', () => {
  const rows = waterfall({ endpoint: 500, synthesis: 250, store: 0, recognition: 250 });
  assert.deepEqual(rows.map(({ name, begin, share }) => [name, begin, share]), [['endpoint', 0, 0.5], ['recognition', 0.5, 0.25], ['synthesis', 0.75, 0.25]]);
  assert.deepEqual(waterfall({ new_stage: 10 })[0].label, 'new stage');
  assert.deepEqual(waterfall({}), []);
  assert.deepEqual([0.04, 4.26, 9.96, 500.4].map(milliseconds), ['0.0 ms', '4.3 ms', '10 ms', '500 ms']);
});

test('every fault of a microphone says what to do', () => {
  for (const name of ['Insecure', 'Unsupported', 'NotAllowedError', 'NotFoundError', 'NotReadableError', 'Ended', 'TypeError']) {
    const { title, advice } = describeMicrophoneProblem(name);
    assert.ok(title.length > 10 && advice.length > 20, name);
    assert.equal(advice.includes('The browser says'), name === 'TypeError', name);
  }
});
