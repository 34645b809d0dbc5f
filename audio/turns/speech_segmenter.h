// Sound in, of any rate and in chunks of any size; turns of speech out, at exact positions in it.
//
//   samples -> resampler -> framer -> detector -> endpointer -> events
//
// Positions are counted in frames of 10 ms inside, and mapped to the input's samples by the ratio
// of the rates, in integers: frame n begins at floor(n * input_sample_rate_hz / 100). They do not
// drift, and what is contiguous stays so. Events are the same, bit for bit, whatever the sizes of
// the chunks.
#ifndef AUDIO_TURNS_SPEECH_SEGMENTER_H_
#define AUDIO_TURNS_SPEECH_SEGMENTER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "audio/signal/framer.h"
#include "audio/signal/resampler.h"
#include "audio/turns/endpointer.h"
#include "audio/vad/vad.h"

namespace parlance::audio {

// Threads: one at a time for each segmenter; different ones share nothing that changes. Allocation:
// all in Create; Push and Flush allocate nothing, take no lock and make no system call, as far as
// the detector and the callbacks do not. Memory: some hundred bytes, a frame and 20 ms at the
// detector's rate, the resampler's and the detector's state.
class SpeechSegmenter {
 public:
  struct Options {
    // Mono PCM16. The detector's rate, or what a Resampler takes: 8000 to 48000 Hz.
    int input_sample_rate_hz = 16000;
    // The sample rate, the look-ahead and the hang-over are set from the detector.
    Endpointer::Options endpointer;
  };

  struct Frame {
    // 10 ms at the detector's rate, valid during the call. The last one of a stream is completed
    // with zeros. None at the end, when a detector with look-ahead answers what it still owes.
    absl::Span<const int16_t> samples;
    // What the detector answered to it: of the frame look_ahead_frames() earlier.
    float probability = 0;
  };

  // Positions and `decided` are in samples of the input. `decided` is how many of them had to be
  // pushed for the decision, to the sample: what the frame, the detector's look-ahead and the
  // resampler wait for is in it.
  using OnEvent = absl::FunctionRef<void(const EndpointerEvent& event)>;
  // Called before the event that the frame leads to.
  using OnFrame = absl::FunctionRef<void(const Frame& frame)>;

  // InvalidArgument if there is no detector, for rates that cannot be used, and for options that
  // the endpointer refuses.
  static absl::StatusOr<SpeechSegmenter> Create(std::unique_ptr<VoiceActivityDetector> vad,
                                                const Options& options);

  // Any number of samples, also none. The callbacks must not call the segmenter.
  void Push(
      absl::Span<const int16_t> samples, OnEvent on_event, OnFrame on_frame = [](const Frame&) {});
  // The stream ends: hears what is still inside, and ends the turn, if there is one. No position is
  // beyond what was pushed. Afterwards the segmenter is as new.
  void Flush(
      OnEvent on_event, OnFrame on_frame = [](const Frame&) {});

  bool in_speech() const { return endpointer_.in_speech(); }
  // The detector's.
  int sample_rate_hz() const { return vad_->sample_rate_hz(); }
  int look_ahead_frames() const { return vad_->look_ahead_frames(); }

  // For those who keep the frames that they are given. Where in them an event's position is, exact
  // but for positions that Flush has cut at the end of the input:
  int64_t FramePosition(int64_t input_position) const;
  // And how much of them a start may reach back.
  int64_t max_pre_roll_samples() const { return endpointer_.max_pre_roll_samples(); }

 private:
  SpeechSegmenter(std::unique_ptr<VoiceActivityDetector> vad, Resampler resampler,
                  const Endpointer& endpointer, int input_sample_rate_hz);
  // To what has been resampled.
  void Listen(OnEvent on_event, OnFrame on_frame);
  void Hear(const Frame& frame, OnEvent on_event, OnFrame on_frame);
  EndpointerEvent InInput(const EndpointerEvent& event) const;
  // Of what is at the detector's rate: where it is in the input, and after how many samples of the
  // input it has all been heard.
  int64_t InputPosition(int64_t frame_position) const;
  int64_t InputHeard(int64_t num_frame_samples) const;

  std::unique_ptr<VoiceActivityDetector> vad_;
  Resampler resampler_;
  std::vector<int16_t> resampled_;
  Framer framer_;
  Endpointer endpointer_;
  int input_sample_rate_hz_;
  int64_t num_samples_ = 0;
  // Of the input, once it is known.
  int64_t end_;
};

}  // namespace parlance::audio

#endif  // AUDIO_TURNS_SPEECH_SEGMENTER_H_
