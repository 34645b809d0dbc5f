// The parts beside each other, and our detector beside WebRTC's: same input, same run. Accuracy is
// another matter than speed.
#include <memory>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "audio/endpointer.h"
#include "audio/mu_law.h"
#include "audio/resampler.h"
#include "audio/testing/sounds.h"
#include "audio/testing/vad_under_test.h"
#include "audio/webrtc_vad.h"
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
  MeasureVad(state, *CreateVadUnderTest(kSampleRateHz));
}
BENCHMARK(BM_Vad)->Name("audio.vad.frame_10ms");

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

void BM_Resample(benchmark::State& state) {
  state.SetLabel("Resampling 48 to 16 kHz, 20 ms");
  auto resampler = *Resampler::Create(48000, 16000);
  const std::vector<int16_t> input = WhiteNoise(960, 3000, 1);
  std::vector<int16_t> output;
  output.reserve(2000);
  // The first output is shorter by the delay that is taken off.
  resampler.Process(input, output);
  for (auto _ : state) {
    output.clear();
    resampler.Process(input, output);
    benchmark::DoNotOptimize(output.data());
  }
  if (output.size() < 310 || output.size() > 330) state.SkipWithError("not 20 ms");
}
BENCHMARK(BM_Resample)->Name("audio.resampler.48_to_16_khz_20ms");

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

}  // namespace
}  // namespace parlance::audio
