// A detector's probabilities for a sound of any rate: through a resampler and a framer, and each at
// its own frame, however late the detector answers.
#ifndef AUDIO_VAD_PROBABILITY_STREAM_H_
#define AUDIO_VAD_PROBABILITY_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "audio/signal/framer.h"
#include "audio/signal/resampler.h"
#include "audio/vad/vad.h"

namespace parlance::audio {

// Threads: one at a time. Allocation: for chunks that are longer than those before.
class ProbabilityStream {
 public:
  // Mono PCM16 of `sample_rate_hz`, 8000 to 48000. InvalidArgument for another rate, or without a
  // detector.
  static absl::StatusOr<ProbabilityStream> Create(std::unique_ptr<VoiceActivityDetector> detector,
                                                  int sample_rate_hz) {
    if (detector == nullptr) return absl::InvalidArgumentError("there is no detector");
    absl::StatusOr<Resampler> resampler =
        Resampler::Create(sample_rate_hz, detector->sample_rate_hz());
    if (!resampler.ok()) return resampler.status();
    return ProbabilityStream(std::move(detector), *std::move(resampler));
  }

  // Calls `on_probability` with that of each frame of 10 ms, in order, once it is known.
  template <typename OnProbability>
  void Push(absl::Span<const int16_t> samples, OnProbability&& on_probability) {
    resampled_.clear();
    resampler_.Process(samples, resampled_);
    PushResampled(resampled_, on_probability);
  }

  // The sound ends: the last frame is completed with silence, and silence follows for as long as
  // the detector looks ahead. Afterwards the stream is as new.
  template <typename OnProbability>
  void Flush(OnProbability&& on_probability) {
    resampled_.clear();
    resampler_.Flush(resampled_);
    PushResampled(resampled_, on_probability);
    const auto process = [&](int64_t, absl::Span<const int16_t> frame) {
      Process(frame, on_probability);
    };
    framer_.Flush(process);
    const std::vector<int16_t> silence(detector_->frame_samples());
    for (int i = 0; i < detector_->look_ahead_frames(); ++i) Process(silence, on_probability);
    num_processed_ = 0;
    detector_->Reset();
  }

 private:
  ProbabilityStream(std::unique_ptr<VoiceActivityDetector> detector, Resampler resampler)
      : detector_(std::move(detector)),
        resampler_(std::move(resampler)),
        framer_(detector_->frame_samples()) {}

  template <typename OnProbability>
  void PushResampled(absl::Span<const int16_t> samples, OnProbability&& on_probability) {
    framer_.Push(samples,
                 [&](int64_t, absl::Span<const int16_t> frame) { Process(frame, on_probability); });
  }

  template <typename OnProbability>
  void Process(absl::Span<const int16_t> frame, OnProbability&& on_probability) {
    const float probability = detector_->Process(frame);
    if (num_processed_++ >= detector_->look_ahead_frames()) on_probability(probability);
  }

  std::unique_ptr<VoiceActivityDetector> detector_;
  Resampler resampler_;
  Framer framer_;
  std::vector<int16_t> resampled_;
  int64_t num_processed_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_VAD_PROBABILITY_STREAM_H_
