// Makes what a microphone gives into pieces of 20 ms as the protocol has them, in the browser's audio thread.
//
// To the page: {pcm, level}, pcm being an Int16Array at 24 kHz, and {isFlushed}. From the page: 'flush', after which what is
// left comes as a shorter piece.
import { Resampler } from './resampler.js';
import { kSampleRateHz, levelOf, toMono, toPcm16 } from './sound.js';

const kPieceSamples = kSampleRateHz / 50;

class CaptureProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, kSampleRateHz);
    this.piece = new Float32Array(kPieceSamples);
    this.filled = 0;
    this.port.onmessage = () => {
      this.send();
      this.port.postMessage({ isFlushed: true });
    };
  }

  send() {
    if (this.filled === 0) return;
    const samples = this.piece.subarray(0, this.filled);
    const pcm = toPcm16(samples);
    this.port.postMessage({ pcm, level: levelOf(samples) }, [pcm.buffer]);
    this.filled = 0;
  }

  process([channels]) {
    if (channels.length === 0) return true;
    let samples = this.resampler.process(toMono(channels, channels[0].length));
    while (samples.length > 0) {
      const length = Math.min(samples.length, kPieceSamples - this.filled);
      this.piece.set(samples.subarray(0, length), this.filled);
      this.filled += length;
      samples = samples.subarray(length);
      if (this.filled === kPieceSamples) this.send();
    }
    return true;
  }
}

registerProcessor('capture', CaptureProcessor);
