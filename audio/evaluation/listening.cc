#include "audio/evaluation/listening.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/types/span.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"
#include "audio/vad/detectors.h"
#include "audio/vad/vad.h"

namespace parlance::audio {
namespace {

// How many samples are read at once.
constexpr size_t kPieceSamples = 8192;

// Keeps the segments, and passes the probabilities on.
class SegmentObserver : public TurnObserver {
 public:
  explicit SegmentObserver(absl::FunctionRef<void(float)> on_probability)
      : on_probability_(on_probability) {}

  void OnTurnEnd(const EndpointerEvent& end) override { segments_.push_back(end.segment); }
  void OnProbability(float probability) override { on_probability_(probability); }

  const std::vector<SpeechSegment>& segments() const { return segments_; }

 private:
  absl::FunctionRef<void(float)> on_probability_;
  std::vector<SpeechSegment> segments_;
};

}  // namespace

absl::StatusOr<Heard> Listen(SoundReader& sound, const ListeningOptions& options,
                             absl::FunctionRef<void(float probability)> on_probability,
                             absl::FunctionRef<absl::Status(const Heard& so_far)> on_piece) {
  Heard heard;
  heard.sample_rate_hz = sound.sample_rate_hz();
  heard.num_channels = sound.num_channels();
  absl::StatusOr<std::unique_ptr<VoiceActivityDetector>> detector =
      CreateDetector(options.detector, options.look_ahead_frames);
  if (!detector.ok()) return detector.status();
  absl::StatusOr<SpeechSegmenter> segmenter =
      SpeechSegmenter::Create(*std::move(detector), {.input_sample_rate_hz = heard.sample_rate_hz,
                                                     .endpointer = options.endpointer,
                                                     .gives_sound = false});
  if (!segmenter.ok()) return segmenter.status();
  absl::StatusOr<LevelMeter> meter = LevelMeter::Create({.sample_rate_hz = heard.sample_rate_hz});
  if (!meter.ok()) return meter.status();

  const auto keep = [&](float probability) {
    on_probability(probability);
    if (options.keeps_probabilities) heard.probabilities.push_back(probability);
  };
  SegmentObserver observer(keep);
  std::array<int16_t, kPieceSamples> samples;
  for (;;) {
    const absl::StatusOr<size_t> count = sound.Read(absl::MakeSpan(samples));
    if (!count.ok()) return count.status();
    if (*count == 0) break;
    const auto piece = absl::MakeConstSpan(samples).first(*count);
    segmenter->Push(piece, observer);
    if (options.keeps_envelope) heard.envelope.Push(piece);
    const FrameLevel level = meter->Process(piece);
    heard.peak_dbfs = std::max(heard.peak_dbfs, level.peak_dbfs);
    heard.num_clipped += level.num_clipped;
    heard.num_samples += static_cast<int64_t>(*count);
    if (absl::Status status = on_piece(heard); !status.ok()) return status;
  }
  segmenter->Flush(observer);
  const auto seconds = [&](int64_t sample) {
    return static_cast<double>(sample) / heard.sample_rate_hz;
  };
  for (const SpeechSegment& segment : observer.segments()) {
    heard.segments.push_back({seconds(segment.begin), seconds(segment.end)});
  }
  return heard;
}

}  // namespace parlance::audio
