// The speaker: plays the items of an answer one after the other, says how much of which was played, and stops at once.
//
// What has been given to the device when it stops is still heard, so a position counts what was given.
import { fromBase64 } from './sound.js';

// Sound waits to be played until somebody has touched the page: browsers want that.
export const openAudio = async () => {
  const context = new AudioContext({ latencyHint: 'interactive' });
  await Promise.all(['capture_worklet.js', 'player_worklet.js'].map((name) => context.audioWorklet.addModule(name)));
  return context;
};

// How long an audio thread may take to answer; where it is suspended it does not.
const kAnswerMs = 500;

const kMaxStopped = 50;

export class Player {
  // `onChange`: called with {position, level} when they change; position is {id, playedMs, isFlowing}, or null.
  constructor(context, onChange) {
    this.node = new AudioWorkletNode(context, 'player', { numberOfInputs: 0, outputChannelCount: [2] });
    this.node.connect(context.destination);
    this.position = null;
    this.numGaps = 0;
    this.numClears = 0;
    this.clears = new Map();
    // What is left of an answer that was stopped may still come.
    this.stopped = new Set();
    this.node.port.onmessage = ({ data }) => {
      if (data.cleared !== undefined) {
        this.clears.get(data.cleared)?.(data.cut);
        return;
      }
      this.position = data.position;
      this.numGaps = data.numGaps;
      onChange({ position: data.position, level: data.level });
    };
  }

  play(id, base64) {
    if (this.stopped.has(id)) return;
    const pcm = fromBase64(base64);
    this.position ??= { id, playedMs: 0, isFlowing: false };
    this.node.port.postMessage({ push: id, pcm }, [pcm.buffer]);
  }

  // The item's sound is complete.
  finish(id) {
    this.node.port.postMessage({ finish: id });
  }

  get isPlaying() {
    return this.position !== null;
  }

  // Stops, and gives {id, playedMs} of each item that was not played to its end, the one that was being played first.
  async stop() {
    if (!this.isPlaying) return [];
    const last = this.position;
    this.position = null;
    const number = ++this.numClears;
    const cut = await new Promise((resolve) => {
      const late = setTimeout(() => resolve([{ id: last.id, playedMs: last.playedMs }]), kAnswerMs);
      this.clears.set(number, (items) => {
        clearTimeout(late);
        resolve(items);
      });
      this.node.port.postMessage({ clear: number });
    });
    this.clears.delete(number);
    for (const { id } of cut) this.stopped.add(id);
    while (this.stopped.size > kMaxStopped) this.stopped.delete(this.stopped.values().next().value);
    return cut;
  }
}
