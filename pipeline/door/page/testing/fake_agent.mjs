// A server of the page with an agent that is made up: it keeps to the protocol as ../../realtime does, says what a test wants,
// and does at a test's word what a real one does rarely.
//
// Loud sound is speech, and means `heard`. What is typed is answered by `answerTo`: {text, calls}. An answer is a tone of 300 ms
// for each word, given as far ahead of time as the real one gives it.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const kRateHz = 24000;
const kWordMs = 300;
const kLeadMs = 200;
const kLoud = 1500;
const kSilenceMs = 500;

export const kPolicy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const kTypes = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' };

const tone = (ms) => {
  const pcm = Buffer.alloc(2 * Math.round(kRateHz * ms / 1000));
  for (let i = 0; i < pcm.length / 2; ++i) pcm.writeInt16LE(Math.round(6000 * Math.sin(2 * Math.PI * 330 * i / kRateHz)), 2 * i);
  return pcm;
};

class Talk {
  constructor(agent, socket, id) {
    this.agent = agent;
    this.socket = socket;
    this.id = id;
    this.items = new Map();
    this.detects = true;
    this.speaks = true;
    this.buffered = 0;
    this.silentMs = 0;
    this.pending = [];
    this.response = null;
    this.send('session.created', { session: { id, type: 'realtime' } });
    this.send('conversation.created', { conversation: { id: `conv_${id}` } });
    for (const message of agent.kept.get(id) ?? []) {
      const item = {
        id: agent.newId('item'), type: 'message', role: message.role, status: 'completed',
        content: [{ type: message.role === 'user' ? 'input_text' : 'output_text', text: message.text }],
      };
      this.add(item);
      this.send('conversation.item.done', { item });
    }
    if (!agent.kept.has(id)) agent.kept.set(id, []);
    socket.on('message', (data) => this.take(JSON.parse(data)));
    socket.on('close', () => clearInterval(this.response?.timer));
  }

  send(type, body = {}) {
    this.socket.send(JSON.stringify({ type, event_id: this.agent.newId('event'), ...body }));
  }
  add(item) {
    this.items.set(item.id, item);
    this.send('conversation.item.added', { previous_item_id: null, item });
  }
  keep(role, text) {
    const message = { role, text };
    this.agent.kept.get(this.id).push(message);
    return message;
  }

  take(event) {
    if (event.type !== 'input_audio_buffer.append') this.agent.events.push(event);
    switch (event.type) {
      case 'session.update': {
        const { audio, output_modalities: modalities } = event.session;
        if (audio?.input?.turn_detection !== undefined) this.detects = audio.input.turn_detection !== null;
        if (modalities !== undefined) this.speaks = modalities[0] === 'audio';
        this.send('session.updated', { session: event.session });
        break;
      }
      case 'input_audio_buffer.append':
        this.hear(Buffer.from(event.audio, 'base64'));
        break;
      case 'input_audio_buffer.clear':
        this.buffered = 0;
        this.send('input_audio_buffer.cleared');
        break;
      case 'input_audio_buffer.commit':
        this.agent.committedMs.push(this.buffered);
        this.buffered = 0;
        this.understand(this.agent.newId('item'));
        break;
      case 'conversation.item.create': {
        const item = { ...event.item, id: this.agent.newId('item'), status: 'completed' };
        this.add(item);
        this.send('conversation.item.done', { item });
        this.pending.push(item.content[0].text);
        this.keep('user', item.content[0].text);
        break;
      }
      case 'conversation.item.truncate': {
        const item = this.items.get(event.item_id);
        const text = this.words(item.whole).slice(0, Math.floor(event.audio_end_ms / kWordMs)).join(' ');
        item.content = [{ type: 'output_audio', transcript: text }];
        item.message.text = text;
        this.send('conversation.item.truncated', { item_id: item.id, content_index: 0, audio_end_ms: event.audio_end_ms });
        break;
      }
      case 'conversation.item.retrieve':
        this.send('conversation.item.retrieved', { item: this.items.get(event.item_id) });
        break;
      case 'response.create':
        if (this.response !== null) this.refuse(event, 'conversation_already_has_active_response');
        else this.answer(this.pending.splice(0).join('\n'));
        break;
      case 'response.cancel':
        if (this.response === null) this.refuse(event, 'response_cancel_not_active');
        else this.end('client_cancelled');
        break;
      default:
        this.refuse(event, 'unknown_event');
    }
  }
  refuse(event, code) {
    this.send('error', { error: { type: 'invalid_request_error', code, message: code, param: null, event_id: event.event_id ?? null } });
  }

  // Sound by which turns are found.
  hear(pcm) {
    const ms = pcm.length / 2 * 1000 / kRateHz;
    this.agent.heardMs += ms;
    let loudest = 0;
    for (let i = 0; i + 1 < pcm.length; i += 2) loudest = Math.max(loudest, Math.abs(pcm.readInt16LE(i)));
    this.agent.loudest = Math.max(this.agent.loudest, loudest);
    if (!this.detects) {
      this.buffered += ms;
      return;
    }
    if (loudest > kLoud) {
      this.silentMs = 0;
      if (this.utterance === undefined) {
        this.utterance = this.agent.newId('item');
        this.send('input_audio_buffer.speech_started', { audio_start_ms: 0, item_id: this.utterance });
        if (this.response !== null) this.end('turn_detected');
      }
    } else if (this.utterance !== undefined) {
      this.silentMs += ms;
      if (this.silentMs < kSilenceMs) return;
      const id = this.utterance;
      this.utterance = undefined;
      this.send('input_audio_buffer.speech_stopped', { audio_end_ms: 0, item_id: id });
      this.understand(id);
      this.answer(this.pending.splice(0).join('\n'));
    }
  }
  understand(id) {
    const text = this.agent.heard;
    const item = { id, type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_audio', transcript: null }] };
    this.send('input_audio_buffer.committed', { previous_item_id: null, item_id: id });
    this.add(item);
    for (const word of text.match(/\S+\s*/g) ?? []) {
      this.send('conversation.item.input_audio_transcription.delta', { item_id: id, content_index: 0, delta: word });
    }
    item.content[0].transcript = text;
    this.send('conversation.item.input_audio_transcription.completed', { item_id: id, content_index: 0, transcript: text });
    this.send('conversation.item.done', { item });
    this.pending.push(text);
    this.keep('user', text);
  }

  // Answers.
  words(text) {
    return text.split(' ');
  }
  answer(question) {
    const { text, calls = [] } = this.agent.answerTo(question);
    const id = this.agent.newId('resp');
    const output = [];
    this.response = { id, output };
    this.send('response.created', { response: { id, status: 'in_progress', output: [] } });
    for (const call of calls) {
      const item = { id: this.agent.newId('item'), type: 'mcp_call', server_label: 'parlance', name: call.name, arguments: call.arguments, output: null, error: null };
      this.send('response.output_item.added', { response_id: id, output_index: output.length, item });
      this.add(item);
      Object.assign(item, call.error === undefined ? { output: call.output } : { error: { type: 'tool_execution_error', message: call.error } });
      this.send('response.output_item.done', { response_id: id, output_index: output.length, item });
      this.send('conversation.item.done', { item });
      output.push(item);
    }
    const item = { id: this.agent.newId('item'), type: 'message', role: 'assistant', status: 'in_progress', content: [] };
    item.whole = text;
    item.message = this.keep('assistant', text);
    this.response.item = item;
    this.response.place = output.length;
    output.push(item);
    this.send('response.output_item.added', { ...this.ofMessage(), item });
    this.add(item);
    this.response.rest = this.words(text);
    this.response.said = [];
    this.response.begin = performance.now();
    this.response.timer = setInterval(() => this.goOn(), 20);
    this.goOn();
  }
  ofMessage() {
    return { response_id: this.response.id, item_id: this.response.item.id, output_index: this.response.place, content_index: 0 };
  }
  goOn() {
    const { rest, said, begin } = this.response;
    while (rest.length > 0 && (!this.speaks || said.length * kWordMs <= performance.now() - begin + kLeadMs)) {
      const word = rest.shift();
      said.push(word);
      const kind = this.speaks ? 'output_audio_transcript' : 'output_text';
      this.send(`response.${kind}.delta`, { ...this.ofMessage(), delta: said.length === 1 ? word : ` ${word}` });
      if (this.speaks) this.send('response.output_audio.delta', { ...this.ofMessage(), delta: tone(kWordMs).toString('base64') });
    }
    if (rest.length === 0 && (!this.speaks || said.length * kWordMs <= performance.now() - begin)) this.end(null);
  }
  end(reason) {
    const { id, item, output, said, timer } = this.response;
    clearInterval(timer);
    const text = said.join(' ');
    if (this.speaks) this.send('response.output_audio.done', this.ofMessage());
    item.status = reason === null ? 'completed' : 'incomplete';
    item.content = [{ type: this.speaks ? 'output_audio' : 'output_text', [this.speaks ? 'transcript' : 'text']: text }];
    item.message.text = text;
    this.send('response.output_item.done', { ...this.ofMessage(), item });
    this.send('conversation.item.done', { item });
    const details = reason === null ? null : { type: 'cancelled', reason };
    this.response = null;
    this.send('response.done', { response: { id, status: reason === null ? 'completed' : 'cancelled', status_details: details, output } });
    this.send('parlance.turn.latency', { turn: 1, total_ms: 742.5, stages_ms: this.agent.stagesMs });
  }
}

export class FakeAgent {
  // `modules`: the folder with the package ws; `page`: that with the page's files.
  constructor(modules, page) {
    const { WebSocketServer } = createRequire(join(modules, 'x.js'))('ws');
    this.page = page;
    this.numIds = 0;
    this.heard = 'what time is it';
    this.answerTo = (text) => ({ text: `You said ${text}` });
    this.stagesMs = {
      endpoint: 500, recognition: 31.2, agent_first_token: 96.4, agent_first_clause: 22, tools: 40.1, store: 4.3, synthesis: 38.5, output: 10,
    };
    // What became of it: client events but sound, what was committed, messages by session.
    this.events = [];
    this.committedMs = [];
    this.kept = new Map();
    this.heardMs = 0;
    this.loudest = 0;
    // What is refused: an HTTP status, or null; a key that is asked for, or null. Whether it is told by HTTP alone.
    this.refusal = null;
    this.key = null;
    this.isTerse = false;
    this.talks = new Set();
    this.sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'realtime' });
    this.protocols = [];
  }

  newId(kind) {
    return `${kind}_${++this.numIds}`;
  }

  statusOf(request) {
    const url = new URL(request.url, 'http://x');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(/, */);
    const key = offered.find((each) => each.startsWith('openai-insecure-api-key.'))?.slice(24) ??
      request.headers.authorization?.replace('Bearer ', '');
    if (this.refusal !== null) return this.refusal;
    if (this.key !== null && key !== this.key) return 401;
    const session = url.searchParams.get('session_id');
    return session !== null && !this.kept.has(session) ? 404 : 426;
  }

  // Listens, and gives the port.
  async start(port = 0) {
    this.server = createServer((request, response) => {
      const { pathname } = new URL(request.url, 'http://x');
      if (pathname === '/v1/realtime') {
        response.writeHead(this.statusOf(request)).end('not now\n');
        return;
      }
      const name = pathname === '/' ? 'page.html' : pathname.slice(1);
      let body = null;
      try {
        body = /^[a-z_]+\.(html|css|js|svg)$/.test(name) ? readFileSync(join(this.page, name)) : null;
      } catch {
        // There is none of that name.
      }
      if (body === null) {
        response.writeHead(404).end('there is no such page\n');
        return;
      }
      response.writeHead(200, { 'Content-Type': kTypes[name.split('.')[1]], 'Content-Security-Policy': kPolicy, 'Cache-Control': 'no-store' }).end(body);
    });
    this.server.on('upgrade', (request, socket, head) => {
      const status = this.statusOf(request);
      const refused = status === 426 ? null : status;
      if (refused !== null && (this.isTerse || !request.url.includes('refusal=close'))) {
        socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.protocols.push(request.headers['sec-websocket-protocol']);
      this.sockets.handleUpgrade(request, socket, head, (opened) => {
        if (refused !== null) {
          opened.close(4000 + refused, `refused with ${refused}`);
          return;
        }
        const id = new URL(request.url, 'http://x').searchParams.get('session_id') ?? this.newId('session');
        const talk = new Talk(this, opened, id);
        this.talks.add(talk);
        opened.on('close', () => this.talks.delete(talk));
      });
    });
    await new Promise((resolve) => { this.server.listen(port, '127.0.0.1', resolve); });
    this.port = this.server.address().port;
    return this.port;
  }
  // Ends all connections with that code.
  close(code, reason) {
    for (const { socket } of this.talks) socket.close(code, reason);
  }
  async stop() {
    for (const { socket } of this.talks) socket.terminate();
    this.server.closeAllConnections();
    await new Promise((resolve) => { this.server.close(resolve); });
  }
}
