#include "audio/speech_segmenter.h"

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
// What a resampler may need beyond the ratio of the rates: its delay, which Flush gives at once.
constexpr size_t kResamplerMargin = 2048;
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
  auto endpointer = Endpointer::Create(endpointer_options);
  if (!endpointer.ok()) return endpointer.status();
  std::optional<Resampler> resampler;
  if (options.input_sample_rate_hz != rate_hz) {
    auto created = Resampler::Create(options.input_sample_rate_hz, rate_hz);
    if (!created.ok()) return created.status();
    resampler = *std::move(created);
  }
  return SpeechSegmenter(std::move(vad), std::move(resampler), *endpointer,
                         options.input_sample_rate_hz);
}

SpeechSegmenter::SpeechSegmenter(std::unique_ptr<VoiceActivityDetector> vad,
                                 std::optional<Resampler> resampler, const Endpointer& endpointer,
                                 int input_sample_rate_hz)
    : vad_(std::move(vad)),
      resampler_(std::move(resampler)),
      framer_(vad_->frame_samples()),
      endpointer_(endpointer),
      input_sample_rate_hz_(input_sample_rate_hz),
      end_(kNotKnown) {
  if (resampler_) {
    resampled_.reserve(static_cast<size_t>(vad_->sample_rate_hz() / kBlocksPerSecond) +
                       kResamplerMargin);
  }
}

void SpeechSegmenter::Push(absl::Span<const int16_t> samples, OnEvent on_event, OnFrame on_frame) {
  num_samples_ += static_cast<int64_t>(samples.size());
  if (!resampler_) return Listen(samples, on_event, on_frame);
  const auto block_samples = static_cast<size_t>(input_sample_rate_hz_ / kBlocksPerSecond);
  while (!samples.empty()) {
    const auto block = samples.first(std::min(samples.size(), block_samples));
    samples.remove_prefix(block.size());
    resampled_.clear();
    resampler_->Process(block, resampled_);
    Listen(resampled_, on_event, on_frame);
  }
}

void SpeechSegmenter::Flush(OnEvent on_event, OnFrame on_frame) {
  end_ = num_samples_;
  if (resampler_) {
    resampled_.clear();
    resampler_->Flush(resampled_);
    Listen(resampled_, on_event, on_frame);
  }
  framer_.Flush([&](absl::Span<const int16_t> frame) {
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

void SpeechSegmenter::Listen(absl::Span<const int16_t> samples, OnEvent on_event,
                             OnFrame on_frame) {
  framer_.Push(samples, [&](absl::Span<const int16_t> frame) {
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
  for (int64_t* position :
       {&mapped.segment.begin, &mapped.segment.end, &mapped.edge, &mapped.decided}) {
    *position = std::min(InputPosition(*position), end_);
  }
  return mapped;
}

int64_t SpeechSegmenter::InputPosition(int64_t frame_position) const {
  const int64_t frame = frame_position / static_cast<int64_t>(vad_->frame_samples());
  return frame * input_sample_rate_hz_ / 100;
}

}  // namespace parlance::audio
