// Changes the sample rate of sound that comes in pieces of any size.
//
// A windowed sinc whose pass band ends below the lower rate's Nyquist frequency, with one set of weights for each place that an
// output sample can have between two input samples. The first output sample is at the time of the first input sample, so no
// delay is added to what is played or truncated; the last ones come with finish().

// Zero crossings of the sinc on each side, and where its pass band ends, as a share of the lower rate's half.
const kCrossings = 24;
const kPassBand = 0.9;
// The shape of the Kaiser window: 80 dB.
const kBeta = 8;
// More places between two samples than this are taken as the nearest one.
const kMaxPhases = 1024;

const greatestCommonDivisor = (a, b) => (b === 0 ? a : greatestCommonDivisor(b, a % b));

// The modified Bessel function of the first kind, of order 0.
const besselI0 = (x) => {
  let [sum, term] = [1, 1];
  for (let k = 1; term > sum * 1e-9; ++k) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
};

export class Resampler {
  // Rates in Hz, above 0.
  constructor(fromHz, toHz) {
    if (!(fromHz > 0 && toHz > 0)) throw new RangeError(`rates have to be above 0, not ${fromHz} and ${toHz}`);
    const [from, to] = [Math.round(fromHz), Math.round(toHz)];
    const divisor = greatestCommonDivisor(from, to);
    // An output sample is `step` further than the last one, in `numPhases`ths of an input sample.
    this.step = from / divisor;
    this.numPhases = to / divisor;
    this.isSame = from === to;
    const cutoff = Math.min(1, to / from) * kPassBand;
    // Input samples on each side of an output sample.
    this.half = Math.ceil(kCrossings / cutoff);
    this.tables = this.isSame ? [] : Resampler.makeTables(Math.min(this.numPhases, kMaxPhases), this.half, cutoff);
    // Input that is still needed; the first output sample is at `at` and `phase`.
    this.input = new Float32Array(this.half - 1);
    this.at = this.half - 1;
    this.phase = 0;
  }

  static makeTables(numTables, half, cutoff) {
    const tables = [];
    for (let phase = 0; phase < numTables; ++phase) {
      const weights = new Float32Array(2 * half);
      let sum = 0;
      for (let k = 0; k < weights.length; ++k) {
        const x = k - (half - 1) - phase / numTables;
        const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
        const inside = Math.max(0, 1 - (x / half) ** 2);
        weights[k] = sinc * besselI0(kBeta * Math.sqrt(inside));
        sum += weights[k];
      }
      // What does not change stays as it is.
      for (let k = 0; k < weights.length; ++k) weights[k] /= sum;
      tables.push(weights);
    }
    return tables;
  }

  // The samples that can be had now.
  process(samples) {
    if (this.isSame) return Float32Array.from(samples);
    const input = new Float32Array(this.input.length + samples.length);
    input.set(this.input);
    input.set(samples, this.input.length);
    const output = [];
    while (this.at + this.half < input.length) {
      const table = this.tables[Math.floor(this.phase * this.tables.length / this.numPhases)];
      const begin = this.at - (this.half - 1);
      let sum = 0;
      for (let k = 0; k < table.length; ++k) sum += input[begin + k] * table[k];
      output.push(sum);
      this.phase += this.step;
      this.at += Math.floor(this.phase / this.numPhases);
      this.phase %= this.numPhases;
    }
    const used = Math.min(this.at - (this.half - 1), input.length);
    this.input = input.slice(used);
    this.at -= used;
    return Float32Array.from(output);
  }

  // What is still inside, as if silence followed; nothing may follow it.
  finish() {
    return this.isSame ? new Float32Array(0) : this.process(new Float32Array(this.half));
  }
}
