// What the scripts of this folder have in common: checks, waiting, and a microphone.
let failures = 0;

// Prints whether it held.
export const check = (what, held, detail = '') => {
  if (!held) ++failures;
  const said = typeof detail === 'string' ? detail : JSON.stringify(detail);
  console.log(`${held ? 'held' : 'FAILED'}: ${what}${held || said === '' ? '' : `: ${said.slice(0, 4000)}`}`);
};
export const finish = () => process.exit(failures === 0 ? 0 : 1);

// What somebody waits for. Nothing is said about how long it takes: the limit is for what never comes.
const LIMIT_MS = 240_000;
const waiting = new Set();

// Resolves with what `condition` gives once that is something. It is asked after each `notice`.
export const until = (what, condition) => new Promise((resolve) => {
  const waiter = () => {
    const found = condition();
    if (!found) return;
    clearTimeout(limit);
    waiting.delete(waiter);
    resolve(found);
  };
  const limit = setTimeout(() => {
    check(`in time: ${what}`, false);
    onLate();
    finish();
  }, LIMIT_MS);
  waiting.add(waiter);
  waiter();
});
export const notice = () => [...waiting].forEach((waiter) => waiter());
let onLate = () => {};
// What is to be printed if something never came.
export const whenLate = (print) => { onLate = print; };

// Sends 20 ms of PCM16 at 24 kHz every 20 ms, silence where nothing is to be said.
export class Microphone {
  static FRAME_BYTES = 960;

  constructor(send) {
    this.send = send;
    this.sound = Buffer.alloc(0);
    this.began = performance.now();
    this.numSent = 0;
    this.timer = setInterval(() => this.sendDue(), 20);
  }
  // Speaks after what it is told to already.
  say(sound) { this.sound = Buffer.concat([this.sound, sound]); }
  get isSpeaking() { return this.sound.length > 0; }
  stop() { clearInterval(this.timer); }

  sendDue() {
    // What a late timer missed, but for what nobody could hear any more.
    const due = Math.floor((performance.now() - this.began) / 20);
    if (due - this.numSent > 50) this.numSent = due - 50;
    for (; this.numSent < due; ++this.numSent) {
      const frame = Buffer.alloc(Microphone.FRAME_BYTES);
      this.sound.copy(frame, 0, 0, Microphone.FRAME_BYTES);
      this.sound = this.sound.subarray(Microphone.FRAME_BYTES);
      this.send(frame);
    }
  }
}
