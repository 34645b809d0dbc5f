// The page: what its parts tell one another.
//
//   microphone ─► client ─► server ─► client ─► conversation ─► transcript
//                                          └──► player, turns, latency
import { Conversation } from './conversation.js';
import { showLatency } from './latency.js';
import { Microphone, MicrophoneError, describeMicrophoneProblem } from './microphone.js';
import { openAudio, Player } from './player.js';
import { RealtimeClient } from './realtime_client.js';
import { kSampleRateHz, toBase64 } from './sound.js';
import { Transcript } from './transcript.js';
import { Turns } from './turns.js';

const byId = (id) => document.getElementById(id);

// Shorter than this is a slip, not speech; the server takes up to 30 s.
const kMinHeldSamples = 0.25 * kSampleRateHz;
const kMaxHeldSamples = 28 * kSampleRateHz;
// What ends a turn of somebody who turns the microphone off while speaking.
const kClosingSilence = new Int16Array(0.9 * kSampleRateHz);
const kModeName = 'parlance.mode';

// Browsers have the audio threads that both need only in a secure context.
const hasSound = isSecureContext && typeof AudioWorkletNode === 'function';

let mode = 'free';
let connection = { state: 'connecting' };
let microphoneProblem = hasSound ? null : describeMicrophoneProblem(isSecureContext ? 'Unsupported' : 'Insecure');
let microphone = null;
let isOpening = false;
// Push to talk: the button is down; sound is being sent; how much was.
let isHeld = false;
let isTaking = false;
let numHeld = 0;
let audio = null;
let player = null;
// What came for the player while it was being made: functions that give it.
let forPlayer = [];
// What is said once the next conversation is there.
let newsOfSession = null;

const transcript = new Transcript(byId('transcript'), byId('conversation'), byId('announcer'));
const conversation = new Conversation((entry, what) => {
  transcript.show(entry, what);
  byId('welcome').hidden = !transcript.isEmpty;
});

// --- The server ---

const address = new URL('v1/realtime', location.href);
address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
address.search = '';
address.hash = '';

const client = new RealtimeClient({
  url: address.href,
  onState: (state) => {
    if (state.state === 'gone') {
      newsOfSession = { text: 'The earlier conversation is not on this server any more. This is a new one.' };
      return;
    }
    // While it is tried again, what was wrong stays to be read.
    connection = state.state === 'connecting' ? { ...state, problem: connection.problem } : state;
    if (state.state !== 'open') {
      turns.reset();
      player?.stop();
      if (isHeld) release();
    }
    update();
  },
  onEvent: (event) => takeEvent(event),
});
const turns = new Turns((event) => client.send(event), () => update());

const turnDetection = () => (mode === 'free' ? { type: 'server_vad', create_response: true, interrupt_response: true } : null);
const configure = () => {
  const format = { type: 'audio/pcm', rate: kSampleRateHz };
  client.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: [hasSound ? 'audio' : 'text'],
      audio: { input: { format, turn_detection: turnDetection() }, output: { format } },
    },
  });
};

// What is refused, and is no fault of anybody's: it was over already, or nothing was said.
const kHarmless = new Set(['response_cancel_not_active', 'conversation_already_has_active_response', 'item_not_found']);

const takeEvent = (event) => {
  turns.handle(event);
  switch (event.type) {
    case 'session.created':
      // What was said before is shown as the server keeps it.
      conversation.clear();
      transcript.clear();
      transcript.isQuiet = true;
      byId('welcome').hidden = false;
      byId('latency').hidden = true;
      turns.reset();
      configure();
      break;
    case 'session.updated':
      transcript.isQuiet = false;
      if (newsOfSession !== null) transcript.remark(newsOfSession.text, newsOfSession.action);
      newsOfSession = null;
      break;
    case 'input_audio_buffer.speech_started':
      cutAnswer();
      break;
    case 'conversation.item.truncated':
      client.send({ type: 'conversation.item.retrieve', item_id: event.item_id });
      break;
    case 'response.output_audio.delta':
      // What still comes of an answer that was cancelled is not played.
      if (!turns.isCancelling) tellPlayer(() => player.play(event.item_id, event.delta));
      break;
    case 'response.output_audio.done':
      tellPlayer(() => player.finish(event.item_id));
      break;
    case 'response.done':
      if (event.response?.status === 'failed') transcript.remark('The agent could not answer.');
      break;
    case 'parlance.turn.latency':
      showLatency(byId('latency'), event);
      break;
    case 'error':
      if (event.error?.code === 'input_audio_buffer_commit_empty') transcript.remark('Nothing was heard.');
      else if (!kHarmless.has(event.error?.code)) transcript.remark(`The server refused something: ${event.error?.message ?? 'it does not say what'}`);
      break;
    default:
  }
  conversation.handle(event);
  update();
};

// --- Answers ---

// Stops what is being played, and tells the server how much of it was heard.
const cutAnswer = async () => {
  forPlayer = [];
  for (const { id, playedMs } of (await player?.stop()) ?? []) {
    client.send({ type: 'conversation.item.truncate', item_id: id, content_index: 0, audio_end_ms: playedMs });
  }
  update();
};
const interrupt = async () => {
  turns.cancel();
  await cutAnswer();
};

const sendText = async (text) => {
  if (!client.isOpen) return;
  prepareAudio().catch(() => {});
  interrupt();
  client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } });
  turns.respond();
  update();
};

// --- Sound ---

// To be called when somebody has touched the page: before that, browsers play nothing.
const prepareAudio = async () => {
  if (!hasSound) throw new MicrophoneError(isSecureContext ? 'Unsupported' : 'Insecure');
  audio ??= openAudio();
  const context = await audio;
  if (context.state !== 'running') await context.resume();
  if (player === null) {
    player = new Player(context, ({ level }) => {
      showLevel(byId('speaker-level'), level);
      update();
    });
    for (const give of forPlayer) give();
    forPlayer = [];
  }
  return context;
};
// Where nobody has touched the page yet, nothing can be played.
const tellPlayer = (give) => {
  if (player !== null) give();
  else if (audio !== null) forPlayer.push(give);
};

const takePiece = (pcm, level) => {
  const isHeard = mode === 'free' || isTaking;
  showLevel(byId('microphone-level'), isHeard ? level : 0);
  if (!isHeard) return;
  client.sendSound(toBase64(pcm));
  if (mode === 'free') return;
  numHeld += pcm.length;
  if (numHeld > kMaxHeldSamples) release();
};

// True if there is a microphone.
const openMicrophone = async () => {
  if (microphone !== null) return true;
  if (isOpening) return false;
  isOpening = true;
  update();
  try {
    const context = await prepareAudio();
    microphone = await Microphone.open(context, takePiece, (error) => {
      closeMicrophone();
      microphoneProblem = error.problem;
      update();
    });
    microphoneProblem = null;
  } catch (error) {
    microphoneProblem = error.problem ?? describeMicrophoneProblem(error.message);
  }
  isOpening = false;
  update();
  return microphone !== null;
};
const closeMicrophone = () => {
  microphone?.close();
  microphone = null;
  isHeld = false;
  isTaking = false;
  showLevel(byId('microphone-level'), 0);
};

// --- Hands-free ---

const toggleListening = async () => {
  if (microphone === null) {
    if (await openMicrophone()) transcript.say('Listening.');
    return;
  }
  closeMicrophone();
  if (turns.isUserSpeaking) client.sendSound(toBase64(kClosingSilence));
  transcript.say('The microphone is off.');
  update();
};

// --- Push to talk ---

const hold = async () => {
  if (isHeld || !client.isOpen) return;
  isHeld = true;
  interrupt();
  update();
  const wasThere = microphone !== null;
  if (!(await openMicrophone())) {
    isHeld = false;
  } else if (!isHeld) {
    // The browser asked, and the button was let go for the answer.
    microphone.isOn = false;
    if (!wasThere) transcript.remark('The microphone is ready. Hold the button, or the space bar, while you speak.');
  } else {
    microphone.isOn = true;
    client.send({ type: 'input_audio_buffer.clear' });
    numHeld = 0;
    isTaking = true;
  }
  update();
};

const release = async () => {
  if (!isHeld) return;
  isHeld = false;
  update();
  if (microphone === null || !isTaking) return;
  await microphone.flush();
  isTaking = false;
  if (microphone !== null && !isHeld) microphone.isOn = false;
  showLevel(byId('microphone-level'), 0);
  if (numHeld < kMinHeldSamples) {
    client.send({ type: 'input_audio_buffer.clear' });
    transcript.remark('That was too short. Hold the button, or the space bar, while you speak.');
  } else if (client.send({ type: 'input_audio_buffer.commit' })) {
    turns.respond();
  }
  update();
};

const setMode = (wanted) => {
  if (wanted === mode) return;
  mode = wanted;
  try {
    localStorage.setItem(kModeName, mode);
  } catch {
    // It is free again after a reload.
  }
  closeMicrophone();
  client.send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: turnDetection() } } } });
  turns.isUserSpeaking = false;
  update();
};

// --- What is seen ---

const kDecay = 0.75;
const levels = new WeakMap();
const showLevel = (meter, level) => {
  const shown = level === 0 ? 0 : Math.max(level, (levels.get(meter) ?? 0) * kDecay);
  levels.set(meter, shown);
  meter.style.setProperty('--level', shown.toFixed(2));
  meter.ariaValueNow = String(Math.round(shown * 10) * 10);
  if (meter.id === 'microphone-level') byId('talk').style.setProperty('--level', shown.toFixed(2));
};

const phaseNow = () => {
  if (connection.state !== 'open') return 'offline';
  if (isHeld || turns.isUserSpeaking) return isOpening ? 'opening' : 'hearing';
  if (player?.isPlaying) return 'speaking';
  if (turns.isResponding || turns.isAwaiting) return 'thinking';
  if (isOpening) return 'opening';
  return mode === 'free' && microphone !== null ? 'listening' : 'ready';
};
const phaseWords = (phase) => {
  switch (phase) {
    case 'offline': return connection.state === 'connecting' ? 'Connecting' : 'Not connected';
    case 'opening': return 'Allow the microphone in the browser';
    case 'hearing': return mode === 'push' ? 'Speak now' : 'Hearing you';
    case 'speaking': return mode === 'free' && microphone !== null ? 'Answering: speak to interrupt' : 'Answering: Esc stops it';
    case 'thinking': return 'Thinking';
    case 'listening': return 'Listening';
    default: return mode === 'free' ? 'Ready' : 'Ready: hold the button or the space bar';
  }
};
const talkWords = () => {
  if (mode === 'push') return isHeld ? 'Release to send' : 'Hold to talk';
  return microphone === null ? 'Start talking' : 'Stop listening';
};

// Text that is there already is left alone: a screen reader would say it again.
const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

let countdown = null;
const showProblem = () => {
  const problem = connection.problem ?? microphoneProblem;
  const isOfConnection = connection.problem !== undefined;
  byId('problem').hidden = problem === null;
  setText(byId('problem-title'), problem?.title ?? '');
  setText(byId('problem-advice'), problem?.advice ?? '');
  byId('key-form').hidden = connection.state !== 'key';
  byId('dismiss').hidden = isOfConnection;
  byId('retry').hidden = isOfConnection ? connection.state === 'connecting' || (connection.state === 'key' && !connection.mayRetry) : !hasSound;
  setText(byId('retry'), !isOfConnection ? 'Try again' : { waiting: 'Try now', ended: 'Go on' }[connection.state] ?? 'Try again');
  const isWaiting = connection.state === 'waiting';
  byId('countdown').hidden = !isWaiting;
  if (!isWaiting) {
    clearInterval(countdown);
    countdown = null;
  } else if (countdown === null) {
    const show = () => setText(byId('countdown'), `Again in ${Math.max(1, Math.ceil((connection.dueMs - performance.now()) / 1000))} s`);
    countdown = setInterval(show, 250);
    connection.dueMs ??= performance.now() + connection.retryMs;
    show();
  }
};

const update = () => {
  const phase = phaseNow();
  const isOpen = connection.state === 'open';
  document.body.dataset.phase = phase;
  byId('connection').dataset.state = connection.state;
  setText(byId('connection-words'), { open: 'Connected', connecting: 'Connecting' }[connection.state] ?? 'Offline');
  setText(byId('phase'), phaseWords(phase));
  setText(byId('talk-words'), talkWords());
  byId('talk').dataset.on = String(mode === 'push' ? isHeld : microphone !== null);
  for (const id of ['talk', 'send']) byId(id).ariaDisabled = String(!isOpen || (id === 'talk' && !hasSound));
  byId('stop').hidden = phase !== 'speaking' && !(phase === 'thinking' && turns.isResponding);
  showProblem();
};

// --- What people do ---

byId('talk').addEventListener('click', (event) => {
  if (byId('talk').ariaDisabled === 'true') return;
  if (mode === 'free') {
    toggleListening();
  } else if (event.detail === 0) {
    // A key or an aid, which cannot hold the button: once to begin, once to end.
    if (isHeld) release();
    else hold();
  }
});
byId('talk').addEventListener('pointerdown', (event) => {
  if (mode !== 'push' || event.button !== 0 || byId('talk').ariaDisabled === 'true') return;
  byId('talk').setPointerCapture(event.pointerId);
  hold();
});
for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) {
  byId('talk').addEventListener(name, () => {
    if (mode === 'push') release();
  });
}
byId('talk').addEventListener('contextmenu', (event) => event.preventDefault());

// Whether the space bar means something of its own there.
const usesSpace = (target) => target instanceof Element && target.id !== 'talk' &&
  target.closest('input:not([type="radio"]:checked), textarea, select, button, summary, a') !== null;

let isSpaceDown = false;
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    if (turns.isResponding || player?.isPlaying) interrupt();
    return;
  }
  if (event.key !== ' ' || mode !== 'push' || event.ctrlKey || event.altKey || event.metaKey) return;
  if (!isSpaceDown && usesSpace(event.target)) return;
  event.preventDefault();
  if (event.repeat || isSpaceDown || byId('talk').ariaDisabled === 'true') return;
  isSpaceDown = true;
  hold();
});
document.addEventListener('keyup', (event) => {
  if (event.key !== ' ' || !isSpaceDown) return;
  event.preventDefault();
  isSpaceDown = false;
  release();
});
// Keys that are let go elsewhere are not told of.
const letGo = () => {
  isSpaceDown = false;
  release();
};
window.addEventListener('blur', letGo);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) letGo();
});

byId('stop').addEventListener('click', () => {
  interrupt();
  byId('talk').focus();
});

byId('message-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = byId('message').value.trim();
  if (text === '' || !client.isOpen) return;
  byId('message').value = '';
  sendText(text);
});
for (const button of document.querySelectorAll('.suggestion')) {
  button.addEventListener('click', () => {
    sendText(button.textContent);
    byId('message').focus();
  });
}

for (const radio of document.querySelectorAll('input[name="mode"]')) {
  radio.addEventListener('change', () => setMode(radio.value));
}

byId('new').addEventListener('click', () => {
  const earlier = client.sessionId;
  player?.stop();
  newsOfSession = transcript.isEmpty || earlier === '' ? null : {
    text: 'This is a new conversation. The earlier one is kept.',
    action: { label: 'Go back to it', act: () => client.resume(earlier) },
  };
  client.resume('');
});

byId('retry').addEventListener('click', () => {
  if (connection.problem !== undefined) client.connect();
  else if (mode === 'free') toggleListening();
  else openMicrophone().then((isThere) => { if (isThere) microphone.isOn = false; });
});
byId('latency').addEventListener('toggle', () => {
  if (byId('latency').open) byId('latency').scrollIntoView({ block: 'nearest' });
});
byId('dismiss').addEventListener('click', () => {
  microphoneProblem = null;
  update();
  byId('message').focus();
});
byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  client.setKey(byId('key').value.trim());
  byId('key').value = '';
});

// --- The beginning ---

try {
  if (localStorage.getItem(kModeName) === 'push') mode = 'push';
} catch {
  // Nothing is remembered.
}
for (const radio of document.querySelectorAll('input[name="mode"]')) radio.checked = radio.value === mode;
update();
client.connect();
