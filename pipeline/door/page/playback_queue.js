// What waits to be played, and how much of which item was played: the memory of the player's worklet.
//
// Sound comes as pieces of an item, at 24 kHz, and is taken at the device's rate. An item is played once its sound is known to
// have ended, or enough of it waits, so that small delays of the network make no gaps. When it is cleared, the last few
// milliseconds fade out instead of clicking.
import { Resampler } from './resampler.js';
import { fromPcm16, kSampleRateHz } from './sound.js';

// Waits before an item begins, and again after it ran dry.
const kBufferSeconds = 0.04;
const kFadeSeconds = 0.005;
// The server sends little ahead of time; more than this is refused.
const kMaxSeconds = 120;

// An item of which all was played is there until more is pulled.
const isUnplayed = (item) => item.numWaiting > 0 || !item.isFinished;

export class PlaybackQueue {
  constructor(sampleRateHz) {
    this.sampleRateHz = sampleRateHz;
    // {id, resampler, pieces, numWaiting, numPlayed, isFinished}, the one that is played first.
    this.items = [];
    this.fade = new Float32Array(0);
    this.isFlowing = false;
    this.numWaiting = 0;
    // How often an item ran dry before its end.
    this.numGaps = 0;
  }

  // False if too much waits.
  push(id, pcm) {
    if (this.numWaiting > kMaxSeconds * this.sampleRateHz) return false;
    let item = this.items.at(-1);
    if (item === undefined || item.id !== id) {
      this.finish();
      item = { id, resampler: new Resampler(kSampleRateHz, this.sampleRateHz), pieces: [], numWaiting: 0, numPlayed: 0, isFinished: false };
      this.items.push(item);
    }
    this.add(item, item.resampler.process(fromPcm16(pcm)));
    return true;
  }

  // The last item that was pushed is complete; with an id, only if it is that one.
  finish(id) {
    const item = this.items.at(-1);
    if (item === undefined || item.isFinished || (id !== undefined && item.id !== id)) return;
    this.add(item, item.resampler.finish());
    item.isFinished = true;
  }

  add(item, samples) {
    if (samples.length === 0) return;
    item.pieces.push(samples);
    item.numWaiting += samples.length;
    this.numWaiting += samples.length;
  }

  // Nothing more is played. Gives what was not played to its end: {id, playedMs} of each, the one that was being played first.
  clear() {
    const cut = this.items.filter(isUnplayed).map((item) => ({ id: item.id, playedMs: this.playedMs(item) }));
    const fade = new Float32Array(Math.round(kFadeSeconds * this.sampleRateHz));
    if (this.isFlowing) {
      const length = this.take(fade);
      for (let i = 0; i < length; ++i) fade[i] *= 1 - (i + 1) / fade.length;
      this.fade = fade.subarray(0, length);
    }
    this.items = [];
    this.numWaiting = 0;
    this.isFlowing = false;
    return cut;
  }

  playedMs(item) {
    return Math.floor(item.numPlayed * 1000 / this.sampleRateHz);
  }

  // Fills `output`; where nothing is to be played, with silence.
  pull(output) {
    output.fill(0);
    if (this.fade.length > 0) {
      const length = Math.min(this.fade.length, output.length);
      output.set(this.fade.subarray(0, length));
      this.fade = this.fade.subarray(length);
      return;
    }
    if (!this.isFlowing) {
      const first = this.items[0];
      this.isFlowing = first !== undefined && (first.isFinished || first.numWaiting >= kBufferSeconds * this.sampleRateHz);
    }
    if (this.isFlowing) this.take(output);
  }

  // Takes samples into `output` until it is full or nothing is there, and says how many.
  take(output) {
    let filled = 0;
    while (filled < output.length && this.items.length > 0) {
      const item = this.items[0];
      const piece = item.pieces[0];
      if (piece === undefined) {
        if (item.isFinished) {
          this.items.shift();
          continue;
        }
        this.isFlowing = false;
        ++this.numGaps;
        break;
      }
      const length = Math.min(piece.length, output.length - filled);
      output.set(piece.subarray(0, length), filled);
      filled += length;
      item.numPlayed += length;
      item.numWaiting -= length;
      this.numWaiting -= length;
      if (length === piece.length) item.pieces.shift();
      else item.pieces[0] = piece.subarray(length);
    }
    if (this.items.length === 0) this.isFlowing = false;
    return filled;
  }

  // What is being played: {id, playedMs, isFlowing}; null if nothing waits.
  position() {
    const item = this.items.find(isUnplayed);
    return item === undefined ? null : { id: item.id, playedMs: this.playedMs(item), isFlowing: this.isFlowing };
  }
}
