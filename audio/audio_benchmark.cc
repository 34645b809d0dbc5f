// The parts beside each other, and our detectors beside WebRTC's and SpeexDSP's: same input, same
// run. Accuracy is another matter than speed.
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/signal/g711.h"
#include "audio/signal/level_meter.h"
#include "audio/signal/resampler.h"
#include "audio/signal/testing/speex_resampler.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/turns/endpointer.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"
#include "audio/vad/classic_vad.h"
#include "audio/vad/testing/speex_vad.h"
#include "audio/vad/testing/vad_under_test.h"
#include "audio/vad/webrtc_vad.h"
#include "benchmark/benchmark.h"

namespace parlance::audio {
namespace {

constexpr int kSampleRateHz = 16000;

// Seven seconds of prose, frame by frame; the time is one frame's.
void MeasureVad(benchmark::State& state, VoiceActivityDetector& vad) {
  const std::vector<int16_t> prose = RecordedSpeech(
      "pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0870.wav", vad.sample_rate_hz());
  const size_t frame = vad.frame_samples();
  const size_t num_frames = prose.size() / frame;
  size_t i = 0;
  int num_speech = 0;
  for (auto _ : state) {
    num_speech += vad.Process(absl::MakeConstSpan(prose).subspan(i * frame, frame)) >= 0.5F;
    i = (i + 1) % num_frames;
  }
  benchmark::DoNotOptimize(num_speech);
  if (state.iterations() > static_cast<int64_t>(num_frames) && num_speech == 0) {
    state.SkipWithError("prose without speech");
  }
}

void BM_Vad(benchmark::State& state) {
  state.SetLabel("VAD Frame");
  MeasureVad(state, *CreateVadUnderTest());
}
BENCHMARK(BM_Vad)->Name("audio.vad.frame_10ms");

void BM_ClassicVad(benchmark::State& state) {
  state.SetLabel("Classic VAD Frame");
  MeasureVad(state, *CreateClassicVad());
}
BENCHMARK(BM_ClassicVad)->Name("audio.classic_vad.frame_10ms");

void BM_WebRtcVad(benchmark::State& state) {
  state.SetLabel("WebRTC VAD Frame");
  MeasureVad(state, **CreateWebRtcVad(kSampleRateHz));
}
BENCHMARK(BM_WebRtcVad)->Name("audio.webrtc_vad.frame_10ms");

void BM_WebRtcVad8Khz(benchmark::State& state) {
  state.SetLabel("WebRTC VAD Frame, 8 kHz");
  MeasureVad(state, **CreateWebRtcVad(8000));
}
BENCHMARK(BM_WebRtcVad8Khz)->Name("audio.webrtc_vad.frame_10ms_8_khz");

void BM_SpeexVad(benchmark::State& state) {
  state.SetLabel("SpeexDSP VAD Frame");
  MeasureVad(state, *CreateSpeexVad());
}
BENCHMARK(BM_SpeexVad)->Name("audio.speex_vad.frame_10ms");

// 20 ms of one rate to another, and the same by SpeexDSP at quality 3: its filter is the shorter
// one from 48 to 16 kHz, and lets more through of what it should not.
template <typename AnyResampler>
void MeasureResampler(benchmark::State& state, AnyResampler& resampler, int from_hz, int to_hz) {
  const std::vector<int16_t> input = WhiteNoise(static_cast<size_t>(from_hz / 50), 3000, 1);
  std::vector<int16_t> output;
  output.reserve(2000);
  // The first output is shorter by the delay.
  resampler.Process(input, output);
  for (auto _ : state) {
    output.clear();
    resampler.Process(input, output);
    benchmark::DoNotOptimize(output.data());
  }
  if (std::abs(static_cast<int>(output.size()) - to_hz / 50) > 10) {
    state.SkipWithError("not 20 ms");
  }
}

void BM_Resample(benchmark::State& state, int from_hz, int to_hz) {
  state.SetLabel(absl::StrCat("Resampling ", from_hz / 1000, " to ", to_hz / 1000, " kHz, 20 ms"));
  auto resampler = *Resampler::Create(from_hz, to_hz);
  MeasureResampler(state, resampler, from_hz, to_hz);
}
BENCHMARK_CAPTURE(BM_Resample, 8_to_16, 8000, 16000)->Name("audio.resampler.8_to_16_khz_20ms");
BENCHMARK_CAPTURE(BM_Resample, 48_to_16, 48000, 16000)->Name("audio.resampler.48_to_16_khz_20ms");

void BM_SpeexResample(benchmark::State& state, int from_hz, int to_hz) {
  state.SetLabel(absl::StrCat("SpeexDSP ", from_hz / 1000, " to ", to_hz / 1000, " kHz, 20 ms"));
  SpeexResampler resampler(from_hz, to_hz);
  MeasureResampler(state, resampler, from_hz, to_hz);
}
BENCHMARK_CAPTURE(BM_SpeexResample, 8_to_16, 8000, 16000)
    ->Name("audio.speex_resampler.8_to_16_khz_20ms");
BENCHMARK_CAPTURE(BM_SpeexResample, 48_to_16, 48000, 16000)
    ->Name("audio.speex_resampler.48_to_16_khz_20ms");

void BM_LevelMeter(benchmark::State& state) {
  state.SetLabel("Level Meter, 20 ms");
  auto meter = *LevelMeter::Create({});
  const std::vector<int16_t> input = WhiteNoise(320, 3000, 1);
  FrameLevel level;
  for (auto _ : state) {
    level = meter.Process(input);
    benchmark::DoNotOptimize(level);
  }
  if (std::abs(level.rms_dbfs + 20.8F) > 1) state.SkipWithError("not the noise's level");
}
BENCHMARK(BM_LevelMeter)->Name("audio.level_meter.frame_20ms");

void BM_DecodeMuLaw(benchmark::State& state) {
  state.SetLabel("Mu-law Decoding, 20 ms");
  std::vector<uint8_t> codes(160);
  EncodeMuLaw(WhiteNoise(160, 3000, 1), absl::MakeSpan(codes));
  std::vector<int16_t> samples(160);
  for (auto _ : state) {
    DecodeMuLaw(codes, absl::MakeSpan(samples));
    benchmark::DoNotOptimize(samples.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_DecodeMuLaw)->Name("audio.mu_law.decode_20ms");

void BM_Endpointer(benchmark::State& state) {
  state.SetLabel("Endpointer, 10 s");
  auto endpointer = *Endpointer::Create({});
  int num_ends = 0;
  for (auto _ : state) {
    for (int frame = 0; frame < 1000; ++frame) {
      const std::optional<EndpointerEvent> event = endpointer.Push(frame % 200 < 100 ? 0.9F : 0.1F);
      num_ends += event && event->kind == EndpointerEvent::Kind::kSpeechEnd;
    }
  }
  if (num_ends != 5 * state.iterations()) state.SkipWithError("segments were missed");
}
BENCHMARK(BM_Endpointer)->Name("audio.endpointer.push_10s");

// The whole path to a detector at 16 kHz, seven seconds of prose over and over. One stream's state
// stays in the caches; of many streams it does not.
void MeasureSegmenter(benchmark::State& state, int sample_rate_hz) {
  const std::vector<int16_t> prose = RecordedSpeech(
      "pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0870.wav", sample_rate_hz);
  SpeechSegmenter::Options options;
  options.input_sample_rate_hz = sample_rate_hz;
  auto segmenter = *SpeechSegmenter::Create(CreateVadUnderTest(), options);
  const auto chunk = static_cast<size_t>(sample_rate_hz / 50);
  const size_t num_chunks = prose.size() / chunk;
  size_t i = 0;
  class Count : public TurnObserver {
   public:
    void OnTurnBegin(const EndpointerEvent&) override { ++num_starts; }
    int num_starts = 0;
  } count;
  for (auto _ : state) {
    segmenter.Push(absl::MakeConstSpan(prose).subspan(i * chunk, chunk), count);
    i = (i + 1) % num_chunks;
  }
  if (state.iterations() > static_cast<int64_t>(num_chunks) && count.num_starts == 0) {
    state.SkipWithError("prose without speech");
  }
}

void BM_Segmenter8Khz(benchmark::State& state) {
  state.SetLabel("Sound to Turns, 20 ms at 8 kHz");
  MeasureSegmenter(state, 8000);
}
BENCHMARK(BM_Segmenter8Khz)->Name("audio.segmenter.8_khz_20ms");

void BM_Segmenter48Khz(benchmark::State& state) {
  state.SetLabel("Sound to Turns, 20 ms at 48 kHz");
  MeasureSegmenter(state, 48000);
}
BENCHMARK(BM_Segmenter48Khz)->Name("audio.segmenter.48_khz_20ms");

}  // namespace
}  // namespace parlance::audio
