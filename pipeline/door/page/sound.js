// Sound as the Realtime protocol carries it, and as browsers have it.
//
// The protocol: mono PCM of 16 bits, little-endian, 24 kHz, as base64. Browsers: floats from -1 to 1, at the device's rate.

export const kSampleRateHz = 24000;

// Samples of 16 bits; what is beyond the range is cut.
export const toPcm16 = (samples) => {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; ++i) {
    pcm[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
  }
  return pcm;
};

export const fromPcm16 = (pcm) => {
  const samples = new Float32Array(pcm.length);
  for (let i = 0; i < pcm.length; ++i) samples[i] = pcm[i] / 32768;
  return samples;
};

// One channel of many: their mean. No channel is silence.
export const toMono = (channels, length) => {
  if (channels.length === 1) return channels[0];
  const mono = new Float32Array(length);
  for (const channel of channels) {
    for (let i = 0; i < length; ++i) mono[i] += channel[i] / channels.length;
  }
  return mono;
};

// How many characters of a string are made at once: more arguments than some engines take are an error.
const kMaxAtOnce = 8192;

export const toBase64 = (pcm) => {
  const bytes = new Uint8Array(pcm.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < pcm.length; ++i) view.setInt16(2 * i, pcm[i], true);
  let text = '';
  for (let i = 0; i < bytes.length; i += kMaxAtOnce) text += String.fromCharCode(...bytes.subarray(i, i + kMaxAtOnce));
  return btoa(text);
};

// Samples of base64; half a sample at the end is left out. Throws for what is no base64.
export const fromBase64 = (base64) => {
  const text = atob(base64);
  const pcm = new Int16Array(text.length >> 1);
  for (let i = 0; i < pcm.length; ++i) pcm[i] = text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 8);
  return pcm;
};

// How loud samples are, from 0 (-60 dB or less) to 1 (full scale), as ears and meters have it.
export const levelOf = (samples) => {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / Math.max(samples.length, 1) + 1e-12);
  return Math.max(0, Math.min(1, 1 + decibels / 60));
};
