// How the conversation looks: one list item for each entry of conversation.js, and words for those who cannot see it.

const element = (tag, className, text = '') => {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
};

// Short JSON is left on one line.
const kShortJson = 60;
const pretty = (json) => {
  if (json.length <= kShortJson) return json;
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
};

// What a program writes, as a person would: get_time is "get time".
const inWords = (name) => name.replaceAll('_', ' ');

// What a screen reader says of an entry that is complete; empty if nothing.
export const announcement = (entry) => {
  if (entry.kind === 'user' && entry.status === 'done') return entry.text === '' ? 'You were not understood.' : `You: ${entry.text}`;
  if (entry.kind === 'assistant' && entry.status === 'done') return `Agent: ${entry.text}`;
  if (entry.kind === 'assistant' && entry.status === 'cut') return `Agent, interrupted: ${entry.text === '' ? 'nothing was heard' : entry.text}`;
  if (entry.kind === 'call' && entry.status === 'done') return `The tool ${inWords(entry.name)} was used.`;
  if (entry.kind === 'call' && entry.status === 'failed') return `The tool ${inWords(entry.name)} failed.`;
  return '';
};

export class Transcript {
  // `list`: the <ol>; `scroller`: what scrolls it; `announcer`: a live region that is not seen.
  constructor(list, scroller, announcer) {
    this.list = list;
    this.scroller = scroller;
    this.announcer = announcer;
    this.elements = new Map();
    this.announced = new Map();
    // What is shown again after a reload is not read out.
    this.isQuiet = false;
  }

  show(entry, what) {
    if (what === 'removed') {
      this.elements.get(entry.id)?.remove();
      this.elements.delete(entry.id);
      this.announced.delete(entry.id);
      return;
    }
    const follows = this.isAtEnd();
    let shown = this.elements.get(entry.id);
    if (shown === undefined) {
      shown = entry.kind === 'call' ? this.makeCall() : this.makeMessage(entry);
      this.elements.set(entry.id, shown);
      this.list.append(shown);
    }
    shown.className = `entry ${entry.kind} ${entry.status}`;
    if (entry.kind === 'call') this.fillCall(shown, entry);
    else this.fillMessage(shown, entry);
    if (follows) this.scrollToEnd();
    this.announce(entry);
  }

  makeMessage(entry) {
    const item = element('li', '');
    item.append(element('span', 'who', entry.kind === 'user' ? 'You' : 'Agent'), element('p', 'words'));
    return item;
  }
  fillMessage(item, entry) {
    const words = item.querySelector('.words');
    const isOver = entry.status === 'done' || entry.status === 'cut';
    if (entry.text === '' && !isOver) {
      words.replaceChildren(element('span', 'pending', entry.kind === 'user' ? 'Listening' : 'Thinking'));
      return;
    }
    if (entry.text === '') {
      words.replaceChildren(element('span', 'remark', entry.kind === 'user' ? 'Not understood' : entry.status === 'cut' ? 'Interrupted before anything was heard' : 'No words'));
      return;
    }
    words.replaceChildren(entry.text);
    if (entry.status === 'cut') words.append(element('span', 'dash', '\u2009\u2014'), ' ', element('span', 'remark cut', 'interrupted'));
  }

  makeCall() {
    const item = element('li', '');
    const details = element('details', '');
    const list = element('dl', '');
    list.append(element('dt', '', 'Arguments'), element('dd', 'arguments'), element('dt', 'result', 'Result'), element('dd', 'output'));
    details.append(element('summary', ''), list);
    item.append(details);
    return item;
  }
  fillCall(item, entry) {
    const states = { in_progress: 'running', done: 'done', failed: 'failed' };
    item.querySelector('summary').replaceChildren(element('span', 'tool', inWords(entry.name)), ' ', element('span', 'remark', states[entry.status]));
    item.querySelector('.arguments').textContent = pretty(entry.args);
    item.querySelector('.output').textContent = entry.output === null ? 'None yet' : pretty(entry.output);
  }

  // A remark between the messages; `action`: {label, act} of a button.
  remark(text, action) {
    const item = element('li', 'entry note');
    item.append(element('span', '', text));
    if (action !== undefined) {
      const button = element('button', 'link', action.label);
      button.type = 'button';
      button.onclick = action.act;
      item.append(' ', button);
    }
    this.list.append(item);
    this.scrollToEnd();
    this.say(text);
  }

  clear() {
    this.list.replaceChildren();
    this.elements.clear();
    this.announced.clear();
  }

  get isEmpty() {
    return this.list.childElementCount === 0;
  }

  // Says what is new of an entry, once.
  announce(entry) {
    const words = announcement(entry);
    if (words === '' || this.announced.get(entry.id) === words) return;
    this.announced.set(entry.id, words);
    if (!this.isQuiet) this.say(words);
  }
  say(words) {
    this.announcer.append(element('p', '', words));
    while (this.announcer.childElementCount > 20) this.announcer.firstElementChild.remove();
  }

  isAtEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < 80;
  }
  scrollToEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }
}
