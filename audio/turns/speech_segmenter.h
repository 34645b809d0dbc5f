// Sound in, of any rate and in chunks of any size; turns of speech out, at exact positions in it
// and with their sound.
//
//   samples -> resampler -> framer -> detector -> endpointer -> events
//                              |                                  |
//                              +-> ring of the last second -> sound of a turn, from its begin on
//
// Positions are counted in frames of 10 ms inside, and mapped to the input's samples by the ratio
// of the rates, in integers: frame n begins at floor(n * input_sample_rate_hz / 100). They do not
// drift, and what is contiguous stays so. Events and sound are the same, bit for bit, whatever the
// sizes of the chunks.
#ifndef AUDIO_TURNS_SPEECH_SEGMENTER_H_
#define AUDIO_TURNS_SPEECH_SEGMENTER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/signal/framer.h"
#include "audio/signal/resampler.h"
#include "audio/turns/endpointer.h"
#include "audio/turns/sample_ring.h"
#include "audio/turns/turn_observer.h"
#include "audio/vad/vad.h"

namespace parlance::audio {

// Threads: one at a time for each segmenter; different ones share nothing that changes. Allocation:
// all in Create, unless small_when_idle is set; Push and Flush allocate nothing else, take no lock
// and make no system call, as far as the detector and the observer do not. Memory: some hundred
// bytes, a frame and 20 ms at the detector's rate, the resampler's and the detector's state; with
// gives_sound also as much sound as a turn may begin before it is known
// (Endpointer::max_pre_roll_samples), which is about a second, or 32 kB.
class SpeechSegmenter {
 public:
  struct Options {
    // Mono PCM16. The detector's rate, or what a Resampler takes: 8000 to 48000 Hz.
    int input_sample_rate_hz = 16000;
    // The sample rate, the look-ahead and the hang-over are set from the detector.
    Endpointer::Options endpointer = {};
    // If it is set, the observer is given the sound of turns, and the sound before them is kept for
    // that.
    bool gives_sound = false;
    // While nothing is heard only 300 ms are kept, a third of what a beginning may need; then
    // memory is allocated when a sound begins, and given back after a second without any.
    bool small_when_idle = false;
  };

  // InvalidArgument if there is no detector, for rates that cannot be used, and for options that
  // the endpointer refuses.
  static absl::StatusOr<SpeechSegmenter> Create(std::unique_ptr<VoiceActivityDetector> vad,
                                                const Options& options);

  // Any number of samples, also none. In the events, positions and `decided` are in samples of the
  // input. `decided` is how many of them had to be pushed for the decision, to the sample: what the
  // frame, the detector's look-ahead and the resampler wait for is in it.
  void Push(absl::Span<const int16_t> samples, TurnObserver& observer);
  // The stream ends: hears what is still inside, and ends the turn, if there is one. No position is
  // beyond what was pushed. Afterwards the segmenter is as new.
  void Flush(TurnObserver& observer);

  // Says whether the words of the turn so far are complete: see the endpointer.
  void SetWords(Endpointer::Words words) { endpointer_.SetWords(words); }

  // The pauses that end turns: see the endpointer.
  void SetDelays(absl::Duration min_endpointing_delay, absl::Duration max_endpointing_delay,
                 absl::Duration complete_delay, absl::Duration incomplete_delay) {
    endpointer_.SetDelays(min_endpointing_delay, max_endpointing_delay, complete_delay,
                          incomplete_delay);
  }

  bool in_speech() const { return endpointer_.in_speech(); }
  absl::Duration pause() const { return endpointer_.pause(); }
  // Those of the detector.
  int sample_rate_hz() const { return vad_->sample_rate_hz(); }
  int look_ahead_frames() const { return vad_->look_ahead_frames(); }

 private:
  SpeechSegmenter(std::unique_ptr<VoiceActivityDetector> vad, Resampler resampler,
                  const Endpointer& endpointer, const Options& options);
  // Hears what has been resampled.
  void Listen(TurnObserver& observer);
  // Hears 10 ms of sound, and then judges what the detector answered.
  void Hear(absl::Span<const int16_t> heard, TurnObserver& observer);
  void Judge(float probability, absl::Span<const float> provisional, TurnObserver& observer);
  // Tells of an event of the endpointer, and of the sound that comes with it.
  void Tell(const EndpointerEvent& event, TurnObserver& observer);
  // Maps positions at the detector's rate to the input: an event's, the sample there, and how many
  // samples of the input are needed to hear that many.
  EndpointerEvent InInput(const EndpointerEvent& event) const;
  int64_t InputPosition(int64_t frame_position) const;
  int64_t InputHeard(int64_t num_frame_samples) const;

  std::unique_ptr<VoiceActivityDetector> vad_;
  Resampler resampler_;
  std::vector<int16_t> resampled_;
  Framer framer_;
  Endpointer endpointer_;
  int input_sample_rate_hz_;
  bool gives_sound_;
  SampleRing ring_;
  // The number of answers of the detector that still belong to no frame.
  int num_owed_;
  // The number of samples of the input that were pushed, and its end, once that is known.
  int64_t num_samples_ = 0;
  int64_t end_;
};

}  // namespace parlance::audio

#endif  // AUDIO_TURNS_SPEECH_SEGMENTER_H_
