// What was said, as the Realtime protocol's events tell it: a list of entries, kept apart from how they look.
//
// An entry has an id (the item's), a kind and a status:
//   user       listening (being said), in_progress (words may come), done; text. Without text it was not understood.
//   assistant  in_progress, done, cut (only `text` of it was heard)
//   call       in_progress, done, failed; name, args, output
// Source: OpenAI, "Realtime API reference", GA form; ../realtime/realtime_session.h says what else it has.

// The oldest are forgotten beyond this.
const kMaxEntries = 500;

const textOf = (item) => {
  const parts = (item.content ?? []).map((part) => part.transcript ?? part.text);
  return parts.some((part) => typeof part === 'string') ? parts.filter((part) => typeof part === 'string').join('\n') : null;
};

export class Conversation {
  // `onChange`: called with (entry, what), what being 'added', 'changed' or 'removed'.
  constructor(onChange) {
    this.onChange = onChange;
    this.entries = new Map();
  }

  clear() {
    for (const entry of this.entries.values()) this.onChange(entry, 'removed');
    this.entries.clear();
  }

  find(id) {
    return this.entries.get(id);
  }

  // Takes an event of the server's; those that tell nothing of what was said change nothing.
  handle(event) {
    const entry = this.entries.get(event.item_id);
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.change({ id: event.item_id, kind: 'user', status: 'listening', text: '' });
        break;
      case 'input_audio_buffer.speech_stopped':
        if (entry?.status === 'listening') this.change({ ...entry, status: 'in_progress' });
        break;
      case 'conversation.item.added':
      case 'conversation.item.done':
      case 'conversation.item.retrieved':
      case 'response.output_item.added':
      case 'response.output_item.done':
        this.takeItem(event.item, event.type.endsWith('.done'));
        break;
      case 'conversation.item.input_audio_transcription.delta':
        if (entry !== undefined) this.change({ ...entry, text: entry.text + event.delta });
        break;
      case 'conversation.item.input_audio_transcription.completed':
        if (entry !== undefined) this.change({ ...entry, text: event.transcript, status: 'done' });
        break;
      case 'conversation.item.input_audio_transcription.failed':
        if (entry !== undefined) this.change({ ...entry, status: 'done' });
        break;
      case 'response.output_audio_transcript.delta':
      case 'response.output_text.delta':
        if (entry !== undefined && entry.status === 'in_progress') {
          const text = entry.text + event.delta;
          this.change({ ...entry, text, whole: text });
        }
        break;
      case 'conversation.item.truncated':
        // Its words are asked for, and come with the item.
        if (entry !== undefined) this.change({ ...entry, status: 'cut' });
        break;
      case 'conversation.item.deleted':
        if (entry !== undefined) this.remove(entry);
        break;
      default:
    }
  }

  takeItem(item, isDone) {
    const entry = this.entries.get(item?.id);
    if (item?.type === 'message' && item.role === 'user') {
      const text = textOf(item) ?? entry?.text ?? '';
      const isSpoken = item.content?.[0]?.type === 'input_audio';
      const status = isDone || !isSpoken ? 'done' : entry?.status === 'done' ? 'done' : 'in_progress';
      this.change({ ...entry, id: item.id, kind: 'user', status, text });
    } else if (item?.type === 'message' && item.role === 'assistant') {
      const text = textOf(item) ?? entry?.text ?? '';
      const whole = entry?.whole ?? text;
      const isOver = item.status !== 'in_progress';
      const isCut = item.status === 'incomplete' || entry?.status === 'cut';
      // All of it was heard if no word is missing.
      const status = !isOver ? entry?.status ?? 'in_progress' : isCut && text.trim() !== whole.trim() ? 'cut' : 'done';
      this.change({ ...entry, id: item.id, kind: 'assistant', status, text, whole });
    } else if (item?.type === 'mcp_call' || item?.type === 'function_call') {
      const output = item.error?.message ?? item.output ?? entry?.output ?? null;
      const isOver = isDone || item.output != null || item.error != null;
      const status = item.error != null ? 'failed' : isOver ? 'done' : 'in_progress';
      this.change({ ...entry, id: item.id, kind: 'call', status, name: item.name ?? '', args: item.arguments ?? '', output });
    }
  }

  change(entry) {
    const what = this.entries.has(entry.id) ? 'changed' : 'added';
    this.entries.set(entry.id, entry);
    this.onChange(entry, what);
    if (this.entries.size > kMaxEntries) this.remove(this.entries.values().next().value);
  }

  remove(entry) {
    this.entries.delete(entry.id);
    this.onChange(entry, 'removed');
  }
}
