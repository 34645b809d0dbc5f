// A connection to the agent by OpenAI's Realtime protocol: connects again when it is lost, and goes on with the same session.
//
// The session's id is kept in localStorage, so that a reload goes on with it; an API key in sessionStorage, for this tab alone.
// The status by which a WebSocket is refused is not told to a page; so it asks to be told by the close code instead
// (../site/door_site.h). Where even that fails, it asks the same address by HTTP, to know whether anybody is there.
//
// States, given to `onState` as {state, …}:
//   connecting
//   open
//   waiting   {problem, retryMs}  lost, or the server is away: tried again after retryMs
//   key       {problem, mayRetry} a key is needed, or may be: setKey goes on
//   ended     {problem}           over until connect is called
//   gone                          the session is not there any more: a new one is begun
// A problem is {title, advice}.

const kFirstWaitMs = 500;
const kMaxWaitMs = 15000;
const kProbeMs = 5000;
// A refusal's close code is this and the HTTP status.
const kCloseRefused = 4000;
// When more bytes than this wait to be sent, sound is left out: what is late by seconds helps nobody.
const kMaxWaitingBytes = 256 * 1024;

const kSessionName = 'parlance.session';
const kKeyName = 'parlance.key';

// The wait before the attempt of that number, from 0; `chance` is from 0 to 1, so that not all pages come back at once.
export const waitBefore = (attempt, chance) => Math.min(kMaxWaitMs, kFirstWaitMs * 2 ** Math.min(attempt, 10)) * (0.75 + 0.5 * chance);

// What a close code of RFC 6455, section 7.4.1, with its reason means here: {retries, problem}.
export const describeClose = (code, reason) => {
  const said = reason === '' ? '' : ` The server says: ${reason}.`.replace(/\.\.$/, '.');
  switch (code) {
    case 1000:
      return { retries: false, problem: { title: 'The conversation has ended', advice: `Go on with it when you like.${said}` } };
    case 1001:
      return { retries: true, problem: { title: 'The server is going away', advice: `It may be restarting; the page comes back to it.${said}` } };
    case 1002:
    case 1003:
    case 1007:
    case 1008:
    case 1009:
    case 1010:
      return { retries: false, problem: { title: 'The server ended the connection', advice: `It did not accept what this page sent. Reload the page, or begin anew.${said}` } };
    case 1013:
      return { retries: true, problem: { title: 'The server is busy', advice: `It takes nobody else at the moment; the page tries again.${said}` } };
    default:
      return { retries: true, problem: { title: 'The connection was lost', advice: `The page connects again by itself.${said}` } };
  }
};

// What the HTTP status of a refusal means: {state, problem, mayRetry}. `status` is null if there was no answer.
export const describeRefusal = (status, said, { hasKey, hasSession }) => {
  const words = said === '' ? '' : ` The server says: ${said}.`.replace(/\.\.$/, '.');
  if (status === null) {
    return { state: 'waiting', problem: { title: 'The server does not answer', advice: 'It may be stopped, or the network is away. The page tries again by itself.' } };
  }
  if (status === 401) {
    return {
      state: 'key',
      problem: hasKey
        ? { title: 'The key was not accepted', advice: 'Enter the API key that the server was started with.' }
        : { title: 'The server asks for a key', advice: 'Enter the API key that the server was started with.' },
    };
  }
  if (status === 403) {
    return { state: 'ended', problem: { title: 'The server refuses this page', advice: `Open the page at the server's own address.${words}` } };
  }
  if (status === 404 && hasSession) return { state: 'gone' };
  if (status === 409) {
    return {
      state: 'waiting',
      problem: { title: 'This conversation is open elsewhere', advice: 'It may be in another tab or window. Close it there, or begin a new conversation here.' },
    };
  }
  if (status === 429 || status === 503) {
    return { state: 'waiting', problem: { title: 'The server is busy', advice: `It takes nobody else at the moment; the page tries again.${words}` } };
  }
  if (status >= 500) {
    return { state: 'waiting', problem: { title: 'The server has a problem', advice: `The page tries again by itself.${words}` } };
  }
  // It answers, and says nothing of use: it may want a key all the same.
  return { state: 'key', mayRetry: true, problem: { title: 'The server refused the connection', advice: `If it asks for an API key, enter it here.${words}` } };
};

// Storage that may be turned off, and then forgets.
const read = (storage, name) => {
  try {
    return storage.getItem(name) ?? '';
  } catch {
    return '';
  }
};
const write = (storage, name, value) => {
  try {
    if (value === '') storage.removeItem(name);
    else storage.setItem(name, value);
  } catch {
    // Private windows of some browsers have none.
  }
};

export class RealtimeClient {
  // `url`: of the WebSocket. `onState` as above; `onEvent`: called with each event of the server's. What else it uses of the
  // browser's can be given for tests.
  constructor({ url, onState, onEvent, browser = globalThis }) {
    this.url = url;
    this.onState = onState;
    this.onEvent = onEvent;
    this.browser = browser;
    this.sessionId = read(browser.localStorage, kSessionName);
    this.key = read(browser.sessionStorage, kKeyName);
    this.attempt = 0;
    this.socket = null;
    this.timer = null;
    this.isOpen = false;
    browser.addEventListener?.('online', () => {
      if (this.timer !== null) this.connect();
    });
  }

  // Connects now, whatever was waited for.
  connect() {
    this.disconnect();
    this.onState({ state: 'connecting' });
    const address = new URL(this.url);
    address.searchParams.set('refusal', 'close');
    if (this.sessionId !== '') address.searchParams.set('session_id', this.sessionId);
    const protocols = this.key === '' ? ['realtime'] : ['realtime', `openai-insecure-api-key.${this.key}`];
    let socket;
    try {
      socket = new this.browser.WebSocket(address, protocols);
    } catch {
      // A key with characters that a subprotocol cannot have.
      this.refuse({ state: 'key', problem: { title: 'The key cannot be right', advice: 'An API key has letters, digits and signs, and no blanks.' } });
      return;
    }
    this.socket = socket;
    let hasOpened = false;
    socket.onopen = () => { hasOpened = true; };
    socket.onmessage = ({ data }) => {
      if (this.socket === socket && typeof data === 'string') this.take(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.isOpen = false;
      if (!hasOpened) {
        this.findOut(address);
        return;
      }
      if (code > kCloseRefused && code < kCloseRefused + 600) {
        this.refuse(this.describe(code - kCloseRefused, reason));
        return;
      }
      const { retries, problem } = describeClose(code, reason);
      if (retries) this.wait(problem);
      else this.onState({ state: 'ended', problem });
    };
  }

  take(data) {
    let event;
    try {
      event = JSON.parse(data);
    } catch {
      return;
    }
    if (event.type === 'session.created') {
      this.attempt = 0;
      this.isOpen = true;
      this.sessionId = event.session?.id ?? '';
      write(this.browser.localStorage, kSessionName, this.sessionId);
      this.onState({ state: 'open' });
    }
    this.onEvent(event);
  }

  // Why there was no connection.
  async findOut(address) {
    const attempt = this.attempt;
    const socket = this.socket;
    const plain = new URL(address);
    plain.protocol = plain.protocol === 'wss:' ? 'https:' : 'http:';
    let [status, said] = [null, ''];
    try {
      const response = await this.browser.fetch(plain, {
        cache: 'no-store',
        headers: this.key === '' ? {} : { Authorization: `Bearer ${this.key}` },
        signal: AbortSignal.timeout(kProbeMs),
      });
      status = response.status;
      said = (await response.text()).trim().split('\n')[0].slice(0, 200);
    } catch {
      // Nobody answers.
    }
    // Somebody connected meanwhile.
    if (this.socket !== socket || this.attempt !== attempt || this.timer !== null) return;
    this.refuse(this.describe(status, said));
  }

  describe(status, said) {
    return describeRefusal(status, said, { hasKey: this.key !== '', hasSession: this.sessionId !== '' });
  }

  refuse({ state, problem, mayRetry = false }) {
    if (state === 'waiting') {
      this.wait(problem);
    } else if (state === 'gone') {
      this.onState({ state });
      this.forget();
      this.connect();
    } else {
      this.onState({ state, problem, mayRetry });
    }
  }

  wait(problem) {
    const retryMs = waitBefore(this.attempt++, this.browser.Math.random());
    this.timer = this.browser.setTimeout(() => {
      this.timer = null;
      this.connect();
    }, retryMs);
    this.onState({ state: 'waiting', problem, retryMs });
  }

  disconnect() {
    if (this.timer !== null) this.browser.clearTimeout(this.timer);
    this.timer = null;
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    socket?.close(1000);
  }

  setKey(key) {
    this.key = key;
    write(this.browser.sessionStorage, kKeyName, key);
    this.connect();
  }

  // Goes on with that session; empty: a new one.
  resume(sessionId) {
    this.sessionId = sessionId;
    write(this.browser.localStorage, kSessionName, sessionId);
    this.connect();
  }
  forget() {
    this.sessionId = '';
    write(this.browser.localStorage, kSessionName, '');
  }

  // False if there is no connection.
  send(event) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(event));
    return true;
  }

  // The same for sound, of which the connection may have too much waiting already.
  sendSound(base64) {
    if (!this.isOpen || this.socket.bufferedAmount > kMaxWaitingBytes) return false;
    this.socket.send(`{"type":"input_audio_buffer.append","audio":"${base64}"}`);
    return true;
  }
}
