// Says of each 10 ms of recordings how surely a network of others hears speech in it.
//   node teacher.mjs MODEL.onnx RECORDINGS PROBABILITIES
// RECORDINGS is what make_scenes --recordings writes: for each recording the length of its speaker's name (int32), the name, its
// number of samples (int32), and these (int16, 16 kHz). PROBABILITIES gets a float32 for each whole 10 ms of each of them.
//
// The network is Silero's VAD, version 6 (https://github.com/snakers4/silero-vad, MIT), which hears 32 ms at a time, and 4 ms
// before. Each recording is heard three times, the second and third time 11 and 21 ms later, and what is said of a frame is the
// mean over those 32 ms that its middle is in.
import fs from 'node:fs';
import ort from 'onnxruntime-node';

const CHUNK = 512, CONTEXT = 64, FRAME = 160, STATE = 128;
const OFFSETS = [0, 171, 341];
// This many recordings are heard at once.
const BATCH = 64;

function readRecordings(path) {
  const file = fs.openSync(path);
  const recordings = [];
  const read = size => {
    const bytes = Buffer.alloc(size);
    let at = 0;
    while (at < size) {
      const count = fs.readSync(file, bytes, at, size - at, null);
      if (count === 0) break;
      at += count;
    }
    if (at > 0 && at < size) throw new Error(`${path} ends within a recording`);
    return at === size ? bytes : null;
  };
  for (let head = read(4); head !== null; head = read(4)) {
    read(head.readInt32LE());
    const samples = read(2 * read(4).readInt32LE());
    recordings.push(new Int16Array(samples.buffer, samples.byteOffset, samples.length / 2));
  }
  fs.closeSync(file);
  return recordings;
}

const [model, recordingsPath, output] = process.argv.slice(2);
if (output === undefined) {
  process.stderr.write('usage: node teacher.mjs MODEL.onnx RECORDINGS PROBABILITIES\n');
  process.exit(2);
}
const session = await ort.InferenceSession.create(model, {intraOpNumThreads: 1, interOpNumThreads: 1});
const rate = new ort.Tensor('int64', BigInt64Array.from([16000n]), []);
const recordings = readRecordings(recordingsPath);
const passes = recordings.flatMap(
    (samples, index) => OFFSETS.map(
        offset => ({samples, index, offset, numChunks: Math.ceil((samples.length + offset) / CHUNK)})));
// Recordings of about the same length are heard together.
passes.sort((a, b) => a.numChunks - b.numChunks);
const sums = recordings.map(samples => new Float32Array(Math.floor(samples.length / FRAME)));
let next = 0;
for (let first = 0; first < passes.length; first += BATCH) {
  const batch = passes.slice(first, first + BATCH);
  const said = batch.map(pass => new Float32Array(pass.numChunks));
  let state = new ort.Tensor('float32', new Float32Array(2 * batch.length * STATE), [2, batch.length, STATE]);
  for (let chunk = 0; chunk < batch.at(-1).numChunks; ++chunk) {
    const input = new Float32Array(batch.length * (CONTEXT + CHUNK));
    batch.forEach((pass, row) => {
      const begin = chunk * CHUNK - CONTEXT - pass.offset;
      for (let i = Math.max(0, -begin); i < CONTEXT + CHUNK && begin + i < pass.samples.length; ++i) {
        input[row * (CONTEXT + CHUNK) + i] = pass.samples[begin + i] / 32768;
      }
    });
    const heard = await session.run(
        {input: new ort.Tensor('float32', input, [batch.length, CONTEXT + CHUNK]), state, sr: rate});
    state = heard.stateN;
    batch.forEach((pass, row) => {
      if (chunk < pass.numChunks) said[row][chunk] = heard.output.data[row];
    });
  }
  batch.forEach((pass, row) => {
    const sum = sums[pass.index];
    for (let frame = 0; frame < sum.length; ++frame) {
      sum[frame] += said[row][Math.floor((frame * FRAME + FRAME / 2 + pass.offset) / CHUNK)] / OFFSETS.length;
    }
  });
  if (first >= next) {
    process.stderr.write(`teacher: ${first} of ${passes.length}\n`);
    next += passes.length / 10;
  }
}
const file = fs.openSync(output, 'w');
for (const sum of sums) fs.writeSync(file, new Uint8Array(sum.buffer, sum.byteOffset, sum.byteLength));
fs.closeSync(file);
