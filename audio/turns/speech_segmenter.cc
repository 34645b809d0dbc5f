#include "audio/turns/speech_segmenter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::audio {
namespace {

constexpr int64_t kNotKnown = std::numeric_limits<int64_t>::max();
// The longest chunk that is resampled at once: 20 ms, so that its output has room.
constexpr int kBlocksPerSecond = 50;
// The longest frame of a detector: 10 ms at 48 kHz.
constexpr size_t kMaxFrameSamples = 480;

SampleRing MakeRing(const SpeechSegmenter::Options& options, const Endpointer& endpointer,
                    size_t frame_samples) {
  if (!options.gives_sound) return SampleRing(0);
  // What is kept before a frame, and the frame.
  const size_t most = static_cast<size_t>(endpointer.max_pre_roll_samples()) + frame_samples;
  if (!options.small_when_idle) return SampleRing(most);
  return {most, static_cast<size_t>(endpointer.usual_pre_roll_samples()) + frame_samples};
}

}  // namespace

absl::StatusOr<SpeechSegmenter> SpeechSegmenter::Create(std::unique_ptr<VoiceActivityDetector> vad,
                                                        const Options& options) {
  if (vad == nullptr) return absl::InvalidArgumentError("a segmenter needs a detector");
  const int rate_hz = vad->sample_rate_hz();
  if (vad->frame_samples() > kMaxFrameSamples) {
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
  return SpeechSegmenter(std::move(vad), *std::move(resampler), *endpointer, options);
}

SpeechSegmenter::SpeechSegmenter(std::unique_ptr<VoiceActivityDetector> vad, Resampler resampler,
                                 const Endpointer& endpointer, const Options& options)
    : vad_(std::move(vad)),
      resampler_(std::move(resampler)),
      framer_(vad_->frame_samples()),
      endpointer_(endpointer),
      input_sample_rate_hz_(options.input_sample_rate_hz),
      gives_sound_(options.gives_sound),
      ring_(MakeRing(options, endpointer, vad_->frame_samples())),
      num_owed_(vad_->look_ahead_frames()),
      end_(kNotKnown) {
  // A block, or what Flush gives; each may be a sample more than the ratio of the rates says.
  const int64_t max_block =
      std::max(input_sample_rate_hz_ / kBlocksPerSecond, resampler_.lookahead_samples());
  resampled_.reserve(
      static_cast<size_t>(max_block * vad_->sample_rate_hz() / input_sample_rate_hz_ + 1));
}

void SpeechSegmenter::Push(absl::Span<const int16_t> samples, TurnObserver& observer) {
  num_samples_ += static_cast<int64_t>(samples.size());
  const auto block_samples = static_cast<size_t>(input_sample_rate_hz_ / kBlocksPerSecond);
  while (!samples.empty()) {
    const auto block = samples.first(std::min(samples.size(), block_samples));
    samples.remove_prefix(block.size());
    resampled_.clear();
    resampler_.Process(block, resampled_);
    Listen(observer);
  }
}

void SpeechSegmenter::Flush(TurnObserver& observer) {
  end_ = num_samples_;
  resampled_.clear();
  resampler_.Flush(resampled_);
  Listen(observer);
  framer_.Flush([&](int64_t, absl::Span<const int16_t> frame) { Hear(frame, observer); });
  // A detector with look-ahead still owes what it says of the last frames. The silence that it is
  // given for that is no sound of the stream.
  static constexpr std::array<int16_t, kMaxFrameSamples> kSilence{};
  const auto silence = absl::MakeConstSpan(kSilence).first(vad_->frame_samples());
  for (int i = 0; i < vad_->look_ahead_frames(); ++i) {
    Judge(vad_->Process(silence), {}, observer);
  }
  if (const std::optional<EndpointerEvent> event = endpointer_.Flush()) Tell(*event, observer);
  vad_->Reset();
  ring_.Clear();
  num_owed_ = vad_->look_ahead_frames();
  num_samples_ = 0;
  end_ = kNotKnown;
}

void SpeechSegmenter::Listen(TurnObserver& observer) {
  framer_.Push(resampled_,
               [&](int64_t, absl::Span<const int16_t> frame) { Hear(frame, observer); });
}

void SpeechSegmenter::Hear(absl::Span<const int16_t> heard, TurnObserver& observer) {
  std::array<int16_t, kMaxFrameSamples> prepared;
  const absl::Span<int16_t> frame = absl::MakeSpan(prepared).first(heard.size());
  std::copy(heard.begin(), heard.end(), frame.begin());
  observer.PrepareFrame(frame);
  ring_.Push(frame);
  // A turn that this frame begins has it in its pre-roll; one that it ends has heard it.
  if (gives_sound_ && endpointer_.in_speech()) observer.OnTurnSound(frame);
  const float probability = vad_->Process(frame);
  const absl::Span<const float> provisional = vad_->provisional();
  observer.OnFrameHeard(provisional.empty() ? probability : provisional.back());
  Judge(probability, provisional, observer);
  ring_.Forget(endpointer_.pre_roll_begin());
}

void SpeechSegmenter::Judge(float probability, absl::Span<const float> provisional,
                            TurnObserver& observer) {
  const std::optional<EndpointerEvent> event = endpointer_.Push(probability, provisional);
  if (num_owed_ > 0) {
    --num_owed_;
  } else {
    observer.OnProbability(probability);
  }
  if (event) Tell(*event, observer);
}

void SpeechSegmenter::Tell(const EndpointerEvent& event, TurnObserver& observer) {
  if (event.kind == EndpointerEvent::Kind::kSpeechEnd) return observer.OnTurnEnd(InInput(event));
  observer.OnTurnBegin(InInput(event));
  if (!gives_sound_) return;
  for (const absl::Span<const int16_t> part : ring_.From(event.segment.begin)) {
    if (!part.empty()) observer.OnTurnSound(part);
  }
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
