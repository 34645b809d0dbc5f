// The interface to which a SpeechSegmenter tells of the turns in a stream.
#ifndef AUDIO_TURNS_TURN_OBSERVER_H_
#define AUDIO_TURNS_TURN_OBSERVER_H_

#include <cstdint>

#include "absl/types/span.h"
#include "audio/turns/endpointer.h"

namespace parlance::audio {

// Each function ignores what it is told unless a subclass overrides it, so a TurnObserver itself
// listens to nothing. For each turn, OnTurnBegin is called, OnTurnSound any number of times, and
// OnTurnEnd. None of them may call the segmenter.
class TurnObserver {
 public:
  virtual ~TurnObserver() = default;

  // The next 10 ms of the stream, at the detector's rate, before anything hears them: what does not
  // come from the speaker, such as an echo, may be taken out.
  virtual void PrepareFrame(absl::Span<int16_t> /*frame*/) {}

  // They were heard, and this is what the detector makes of them at once, whatever its look-ahead.
  // It comes before the event that it leads to.
  virtual void OnFrameHeard(float /*probability*/) {}

  // A turn begins at start.segment.begin.
  virtual void OnTurnBegin(const EndpointerEvent& /*start*/) {}

  // The sound of the turn without a gap, mono PCM16 at the detector's rate, valid during the call.
  // It begins with the very sample of the turn's begin, so the first calls bring what was heard
  // before the turn was known (the pre-roll), and ends with what had been heard when the end was
  // decided. That is beyond the turn's end by the silence that the endpointer waited for, and may
  // be heard again in the turn that follows. The stream's last frame is completed with zeros. Only
  // called by a segmenter with Options::gives_sound.
  virtual void OnTurnSound(absl::Span<const int16_t> /*samples*/) {}

  // A turn has ended; it was end.segment.
  virtual void OnTurnEnd(const EndpointerEvent& /*end*/) {}

  // The probability of speech of the next 10 ms of the stream that was believed, in a turn or not,
  // once the detector has heard all that it waits for: the n-th call (from 0) is about the frame
  // that begins n * 10 ms after the stream. It comes before the event that it leads to.
  virtual void OnProbability(float /*probability*/) {}
};

}  // namespace parlance::audio

#endif  // AUDIO_TURNS_TURN_OBSERVER_H_
