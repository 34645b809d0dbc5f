// Plays what the page gives it without gaps, in the browser's audio thread.
//
// From the page: {push: id, pcm}, {finish: id}, and {clear: number}, which is answered with {cleared: number, cut}; `cut` as of
// PlaybackQueue.clear. To the page besides, every 40 ms or so: {position, level, numGaps}.
import { PlaybackQueue } from './playback_queue.js';
import { levelOf } from './sound.js';

const kReportSeconds = 0.04;

class PlayerProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.queue = new PlaybackQueue(sampleRate);
    this.numSamples = 0;
    this.level = 0;
    this.wasSilent = true;
    this.port.onmessage = ({ data }) => {
      if (data.push !== undefined) {
        this.queue.push(data.push, data.pcm);
      } else if (data.finish !== undefined) {
        this.queue.finish(data.finish);
      } else {
        this.port.postMessage({ cleared: data.clear, cut: this.queue.clear() });
      }
    };
  }

  process(inputs, [channels]) {
    const [first, ...others] = channels;
    this.queue.pull(first);
    for (const other of others) other.set(first);
    this.level = Math.max(this.level, levelOf(first));
    this.numSamples += first.length;
    if (this.numSamples >= kReportSeconds * sampleRate) {
      const position = this.queue.position();
      const isSilent = position === null && this.level === 0;
      // Silence is reported once.
      if (!isSilent || !this.wasSilent) this.port.postMessage({ position, level: this.level, numGaps: this.queue.numGaps });
      this.wasSilent = isSilent;
      this.numSamples = 0;
      this.level = 0;
    }
    return true;
  }
}

registerProcessor('player', PlayerProcessor);
