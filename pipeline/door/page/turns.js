// Who speaks: whether an answer is under way, and asking for one when there may be another.
//
// The server gives one response at a time, and refuses to begin a second one; so one that is asked for while another is being
// cancelled waits for that one's end.
export class Turns {
  // `send`: sends an event to the server. `onChange`: called when a property has changed.
  constructor(send, onChange) {
    this.send = send;
    this.onChange = onChange;
    this.numAsked = 0;
    this.reset();
  }

  // A new connection knows of no response.
  reset() {
    // Somebody is heard to speak.
    this.isUserSpeaking = false;
    // Something was said, and its answer has not begun.
    this.isAwaiting = false;
    this.isResponding = false;
    this.isCancelling = false;
    this.isWanted = false;
  }

  handle(event) {
    switch (event.type) {
      case 'input_audio_buffer.speech_started':
        this.isUserSpeaking = true;
        this.isAwaiting = false;
        break;
      case 'input_audio_buffer.speech_stopped':
        this.isUserSpeaking = false;
        this.isAwaiting = true;
        break;
      case 'conversation.item.input_audio_transcription.completed':
        if (event.transcript === '') this.isAwaiting = false;
        break;
      case 'response.created':
        this.isAwaiting = false;
        this.isResponding = true;
        break;
      case 'response.done':
        this.isResponding = false;
        this.isCancelling = false;
        if (this.isWanted) this.respond();
        break;
      case 'error':
        if (event.error?.event_id !== this.askedId) return;
        // One of the server's own began meanwhile.
        if (event.error.code === 'conversation_already_has_active_response') this.respond();
        else this.isResponding = false;
        break;
      default:
        return;
    }
    this.onChange();
  }

  // Asks for an answer to what was said, in place of the one that is under way.
  respond() {
    if (this.isResponding) {
      this.isWanted = true;
      this.cancel();
      return;
    }
    this.isWanted = false;
    this.isResponding = true;
    this.askedId = `respond_${++this.numAsked}`;
    this.send({ type: 'response.create', event_id: this.askedId });
  }

  // Ends the answer that is under way, if one is.
  cancel() {
    if (!this.isResponding || this.isCancelling) return;
    this.isCancelling = true;
    this.send({ type: 'response.cancel' });
  }
}
