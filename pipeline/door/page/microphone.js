// The microphone: pieces of 20 ms of PCM at 24 kHz, with their levels; and what to say if there is none.

// What is wrong with a microphone, in words: {title, advice}. `name` is a DOMException's, or 'Insecure', 'Unsupported', 'Ended'.
export const describeMicrophoneProblem = (name) => {
  switch (name) {
    case 'Insecure':
      return {
        title: 'The browser gives no microphone to this address',
        advice: 'It does so only over https, or on this computer itself. Open the page as https://… or as http://localhost, or type instead.',
      };
    case 'Unsupported':
      return { title: 'This browser cannot use a microphone here', advice: 'Use a current Firefox, Chrome, Edge or Safari, or type instead.' };
    case 'NotAllowedError':
    case 'SecurityError':
      return {
        title: 'The microphone was not allowed',
        advice: 'Allow it in the browser, by the sign beside the address, and start again. You can type meanwhile.',
      };
    case 'NotFoundError':
    case 'OverconstrainedError':
      return { title: 'There is no microphone', advice: 'Connect one and start again, or type instead.' };
    case 'NotReadableError':
    case 'AbortError':
      return { title: 'The microphone cannot be read', advice: 'Another program may be using it. Close that program and start again, or type instead.' };
    case 'Ended':
      return { title: 'The microphone has gone', advice: 'It was unplugged, or no longer allowed. Connect it and start again.' };
    default:
      return { title: 'The microphone does not work', advice: `The browser says: ${name}. Start again, or type instead.` };
  }
};

export class MicrophoneError extends Error {
  constructor(name) {
    super(name);
    this.problem = describeMicrophoneProblem(name);
  }
}

export class Microphone {
  // Asks for the microphone. `onPiece`: called with (Int16Array, level); `onEnded`: called with a MicrophoneError when it goes
  // away. Throws MicrophoneError.
  static async open(context, onPiece, onEnded) {
    if (!isSecureContext) throw new MicrophoneError('Insecure');
    if (navigator.mediaDevices?.getUserMedia === undefined) throw new MicrophoneError('Unsupported');
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch (error) {
      throw new MicrophoneError(error.name);
    }
    return new Microphone(context, stream, onPiece, onEnded);
  }

  constructor(context, stream, onPiece, onEnded) {
    this.stream = stream;
    this.source = context.createMediaStreamSource(stream);
    this.node = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0 });
    this.source.connect(this.node);
    this.flushed = [];
    this.node.port.onmessage = ({ data }) => {
      if (data.isFlushed) this.flushed.shift()?.();
      else onPiece(data.pcm, data.level);
    };
    for (const track of stream.getTracks()) track.onended = () => onEnded(new MicrophoneError('Ended'));
  }

  // What was said until now has been given when it returns.
  async flush() {
    await new Promise((resolve) => {
      this.flushed.push(resolve);
      this.node.port.postMessage('flush');
    });
  }

  // Hears, or hears silence.
  set isOn(isOn) {
    for (const track of this.stream.getTracks()) track.enabled = isOn;
  }

  close() {
    for (const track of this.stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
    this.source.disconnect();
    this.node.disconnect();
    this.node.port.onmessage = null;
  }
}
