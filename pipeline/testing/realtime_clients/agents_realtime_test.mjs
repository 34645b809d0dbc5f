// OpenAI's agents SDK with nothing but its URL changed: what people say and hear through it.
//
//   node agents_realtime_test.mjs NODE_MODULES URL FOLDER
//
// FOLDER has time.pcm ("what time is it") and notes.pcm ("read my notes"), PCM16 at 24 kHz. The agent has notes that take long to
// read out. Each line of output is a check that held or FAILED; the exit code is 1 if any failed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { check, finish, Microphone, notice, until, whenLate } from './check.mjs';

const [modules, url, folder] = process.argv.slice(2);
const importFile = (name) => import(pathToFileURL(join(modules, '@openai/agents-realtime/dist', name)));
const { RealtimeSession, RealtimeAgent, OpenAIRealtimeWebSocket } = await importFile('index.mjs');
// The client's own parser: what does not fit its schemas it ignores without a word.
const { parseRealtimeEvent } = await importFile('openaiRealtimeEvents.mjs');

const time = readFileSync(join(folder, 'time.pcm'));
const notes = readFileSync(join(folder, 'notes.pcm'));

const events = [];
const errors = [];
const generic = new Map();
let history = [];
let numAudioBytes = 0;
let numInterruptions = 0;

const transport = new OpenAIRealtimeWebSocket({ url: `${url}?model=parlance` });
const session = new RealtimeSession(new RealtimeAgent({ name: 'test', instructions: 'Answer.' }), { transport });
transport.on('*', (event) => {
  const { isGeneric } = parseRealtimeEvent({ data: JSON.stringify(event) });
  if (isGeneric && !event.type.startsWith('parlance.')) generic.set(event.type, event);
  events.push(event);
  notice();
});
session.on('error', (error) => { errors.push(error); notice(); });
session.on('history_updated', (now) => { history = now; notice(); });
session.on('audio', ({ data }) => { numAudioBytes += data.byteLength; notice(); });
session.on('audio_interrupted', () => { ++numInterruptions; notice(); });

const textOf = (item) => item.content.map((part) => part.transcript ?? part.text ?? '').join('');
const said = (role) => history.filter((item) => item.type === 'message' && item.role === role).map(textOf);
const ofType = (type) => events.filter((event) => event.type === type);
// After a call of the server's own the client asks for a response of its own accord; that one says nothing.
const isAnswer = ({ response }) => response.output.some((item) => item.type === 'message');
const answers = () => ofType('response.done').filter(isAnswer);
whenLate(() => {
  console.log(`events: ${events.map((event) => event.type).join(' ')}`);
  console.log(`history: ${JSON.stringify(history)}`);
  console.log(`errors: ${JSON.stringify(errors)}`);
});

await session.connect({ apiKey: 'any' });
await until('session.updated', () => ofType('session.updated').length > 0);
const microphone = new Microphone((frame) => session.sendAudio(frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.length)));

// A turn.
microphone.say(time);
await until('the first answer', () => answers().length === 1);
check('what was said is understood', said('user').join('|') === 'what time is it', said('user'));
check('the answer is in the history', /^It is /.test(said('assistant')[0] ?? ''), said('assistant'));
check('the answer is completed', answers()[0].response.status === 'completed', answers()[0]);
check('the answer has sound', numAudioBytes > 24_000, String(numAudioBytes));
await until('what the client asks for after a call', () => ofType('response.done').length === 2);
const spoken = ofType('response.output_audio_transcript.delta').map((event) => event.delta).join('');
check('the pieces of the transcript are the transcript', spoken === said('assistant')[0], spoken);

// Somebody who speaks while it is answered. The answer is long, so that its end does not come before.
numAudioBytes = 0;
microphone.say(notes);
await until('two seconds of the second answer', () => numAudioBytes > 2 * 48_000);
microphone.say(time);
await until('the interruption', () => numInterruptions > 0);
await until('that the client is told where it was cut', () => ofType('conversation.item.truncated').length > 0);
await until('the answer after it', () => answers().length === 3);
const [, cut, last] = answers();
check('the answer that was interrupted is cancelled', cut.response.status === 'cancelled', cut);
check('the one after it is completed', last.response.status === 'completed', last);
await until('what was heard', () => said('assistant').length === 3 && said('assistant')[2] !== '');
const [, heard, again] = said('assistant');
check('the history keeps the words that were heard', heard.startsWith('You have ') && heard.length > 10, heard);
check('and no others', (heard.match(/call the school/g) ?? []).length < 20, heard);
check('what was said over it is understood', said('user').join('|') === 'what time is it|read my notes|what time is it', said('user'));
check('and answered', /^It is /.test(again), again);

// What is written.
session.sendMessage('what is two plus two');
await until('the answer to what was written', () => answers().length === 4);
check('what was written is in the history', said('user').at(-1) === 'what is two plus two', said('user'));
check('and its answer', /4|four/.test(said('assistant').at(-1)), said('assistant'));

microphone.stop();
session.close();
const others = ofType('response.done').filter((event) => !isAnswer(event));
check('a call is answered once', others.length >= 2 && others.every(({ response }) => response.status === 'completed' && response.output.length === 0), others);
check('there was no error', errors.length === 0, errors);
check('the client understood every event', generic.size === 0, [...generic.values()]);
console.log(`${events.length} events of ${new Set(events.map((event) => event.type)).size} types`);
finish();
