// OpenAI's own client, which speaks TLS alone.
//
//   node openai_test.mjs NODE_MODULES URL CERTIFICATE
//
// URL begins with https and ends with /v1. Each line of output is a check that held or FAILED; the exit code is 1 if any failed.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, finish, notice, until, whenLate } from './check.mjs';

const [modules, baseURL, certificate] = process.argv.slice(2);
const require = createRequire(join(modules, 'x.js'));
const { OpenAI } = require('openai');
const { OpenAIRealtimeWS } = require('openai/realtime/ws');

const client = new OpenAI({ apiKey: 'any', baseURL });
const events = [];
const errors = [];
let closed = null;
const realtime = new OpenAIRealtimeWS({ model: 'parlance', options: { ca: readFileSync(certificate) } }, client);
realtime.on('event', (event) => { events.push(event); notice(); });
realtime.on('error', (error) => { errors.push(error); notice(); });
realtime.socket.on('close', (code) => { closed = code; notice(); });
whenLate(() => console.log(`events: ${events.map((event) => event.type).join(' ')}, errors: ${errors}`));
const first = (type) => events.find((event) => event.type === type);

const created = await until('session.created', () => first('session.created'));
check('the model is said back', created.session.model === 'parlance', created);
realtime.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
const updated = await until('session.updated', () => first('session.updated'));
check('the session is as it was asked for', updated.session.output_modalities.join() === 'text', updated);
realtime.send({
  type: 'conversation.item.create',
  item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'what is twelve times seven' }] },
});
realtime.send({ type: 'response.create' });
const done = await until('response.done', () => first('response.done'));
const text = events.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta).join('');
check('the answer is text', /84|eighty four/.test(text), text);
check('the response has it', done.response.output.at(-1).content[0].text === text, done);
check('there was no error', errors.length === 0, String(errors));

realtime.send({ type: 'conversation.item.delete', item_id: 'nobody', event_id: 'mine' });
await until('the error', () => errors.length > 0);
check('an error names the event', errors[0].error?.event_id === 'mine', String(errors[0]));
realtime.close();
await until('the end', () => closed !== null);
check('it ends as it should', closed === 1000, String(closed));
finish();
