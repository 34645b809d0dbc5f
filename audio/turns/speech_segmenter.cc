#include "audio/turns/speech_segmenter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::audio {
namespace {

constexpr int64_t kNotKnown = std::numeric_limits<int64_t>::max();
// The longest chunk that is resampled at once: 20 ms, so that its output has room.
constexpr int kBlocksPerSecond = 50;
// Of the rates that detectors take.
constexpr size_t kMaxFrame = 480;

}  // namespace

absl::StatusOr<SpeechSegmenter> SpeechSegmenter::Create(std::unique_ptr<VoiceActivityDetector> vad,
                                                        const Options& options) {
  if (vad == nullptr) return absl::InvalidArgumentError("a segmenter needs a detector");
  const int rate_hz = vad->sample_rate_hz();
  if (vad->frame_samples() > kMaxFrame) {
    return absl::InvalidArgumentError(
        absl::StrCat("detectors of up to 48000 Hz can be used, not ", rate_hz));
  }
  Endpointer::Options endpointer_options = options.endpointer;
  endpointer_options.sample_rate_hz = rate_hz;
  endpointer_options.look_ahead_frames = vad->look_ahead_frames();
  endpointer_options.hangover_frames = vad->hangover_frames();
  auto endpointer = Endpointer::Create(endpointer_options);
  if (!endpointer.ok()) return endpointer.status();
  auto resampler = Resampler::Create(options.input_sample_rate_hz, rate_hz);
  if (!resampler.ok()) return resampler.status();
  return SpeechSegmenter(std::move(vad), *std::move(resampler), *endpointer,
                         options.input_sample_rate_hz);
}

SpeechSegmenter::SpeechSegmenter(std::unique_ptr<VoiceActivityDetector> vad, Resampler resampler,
                                 const Endpointer& endpointer, int input_sample_rate_hz)
    : vad_(std::move(vad)),
      resampler_(std::move(resampler)),
      framer_(vad_->frame_samples()),
      endpointer_(endpointer),
      input_sample_rate_hz_(input_sample_rate_hz),
      end_(kNotKnown) {
  // A block, or what Flush gives; each may be a sample more than the ratio of the rates says.
  const int64_t most =
      std::max(input_sample_rate_hz_ / kBlocksPerSecond, resampler_.lookahead_samples());
  resampled_.reserve(
      static_cast<size_t>(most * vad_->sample_rate_hz() / input_sample_rate_hz_ + 1));
}

void SpeechSegmenter::Push(absl::Span<const int16_t> samples, OnEvent on_event, OnFrame on_frame) {
  num_samples_ += static_cast<int64_t>(samples.size());
  const auto block_samples = static_cast<size_t>(input_sample_rate_hz_ / kBlocksPerSecond);
  while (!samples.empty()) {
    const auto block = samples.first(std::min(samples.size(), block_samples));
    samples.remove_prefix(block.size());
    resampled_.clear();
    resampler_.Process(block, resampled_);
    Listen(on_event, on_frame);
  }
}

void SpeechSegmenter::Flush(OnEvent on_event, OnFrame on_frame) {
  end_ = num_samples_;
  resampled_.clear();
  resampler_.Flush(resampled_);
  Listen(on_event, on_frame);
  framer_.Flush([&](int64_t, absl::Span<const int16_t> frame) {
    Hear({.samples = frame, .probability = vad_->Process(frame)}, on_event, on_frame);
  });
  static constexpr std::array<int16_t, kMaxFrame> kSilence{};
  for (int i = 0; i < vad_->look_ahead_frames(); ++i) {
    const float probability =
        vad_->Process(absl::MakeConstSpan(kSilence).first(vad_->frame_samples()));
    Hear({.samples = {}, .probability = probability}, on_event, on_frame);
  }
  if (const std::optional<EndpointerEvent> event = endpointer_.Flush()) on_event(InInput(*event));
  vad_->Reset();
  num_samples_ = 0;
  end_ = kNotKnown;
}

int64_t SpeechSegmenter::FramePosition(int64_t input_position) const {
  const int64_t frame = (input_position * 100 + input_sample_rate_hz_ - 1) / input_sample_rate_hz_;
  return frame * static_cast<int64_t>(vad_->frame_samples());
}

void SpeechSegmenter::Listen(OnEvent on_event, OnFrame on_frame) {
  framer_.Push(resampled_, [&](int64_t, absl::Span<const int16_t> frame) {
    Hear({.samples = frame, .probability = vad_->Process(frame)}, on_event, on_frame);
  });
}

void SpeechSegmenter::Hear(const Frame& frame, OnEvent on_event, OnFrame on_frame) {
  const std::optional<EndpointerEvent> event = endpointer_.Push(frame.probability);
  on_frame(frame);
  if (event) on_event(InInput(*event));
}

EndpointerEvent SpeechSegmenter::InInput(const EndpointerEvent& event) const {
  EndpointerEvent mapped = event;
  for (int64_t* position : {&mapped.segment.begin, &mapped.segment.end, &mapped.edge}) {
    *position = std::min(InputPosition(*position), end_);
  }
  mapped.decided = std::min(InputHeard(event.decided), end_);
  return mapped;
}

int64_t SpeechSegmenter::InputPosition(int64_t frame_position) const {
  const int64_t frame = frame_position / static_cast<int64_t>(vad_->frame_samples());
  return frame * input_sample_rate_hz_ / 100;
}

int64_t SpeechSegmenter::InputHeard(int64_t num_frame_samples) const {
  const int64_t last = (num_frame_samples - 1) * input_sample_rate_hz_ / vad_->sample_rate_hz();
  return last + resampler_.lookahead_samples() + 1;
}

}  // namespace parlance::audio
