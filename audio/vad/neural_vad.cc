#include "audio/vad/neural_vad.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "audio/vad/neural_vad_weights.h"

namespace parlance::audio {
namespace {

namespace weights = neural_vad_weights;

constexpr size_t kContext = 3;
constexpr size_t kHidden = std::size(weights::kInputBias);
constexpr size_t kUnits = std::size(weights::kHiddenGatesBias) / 3;
constexpr size_t kGates = 3 * kUnits;
// This is within a frame of the median of the frames for which the probability stays at the
// endpointer's threshold or above after the end of spoken vowels cut to 80 to 200 ms, at -20 dBFS
// in hiss at -60 dBFS, without look-ahead: quartiles 6, 6 and 7. Bursts of white and pink noise
// never get there. vad_turns_test measures it.
constexpr int kHangoverFrames = 6;
// Kernels take rows by eight.
constexpr size_t kOutputRows = 8;

// A layer in the kernels' order.
template <size_t rows, size_t inputs>
struct Layer {
  // `row_major`: the weights, a byte each, in base64.
  template <size_t given>
  Layer(absl::string_view row_major, const float (&row_scales)[given],
        const float (&row_bias)[given]) {
    std::string decoded;
    if (!absl::Base64Unescape(row_major, &decoded) || decoded.size() != given * inputs) {
      std::fprintf(stderr, "neural_vad_weights.h does not have the weights of this network\n");
      std::abort();
    }
    std::array<int8_t, rows * inputs> all{};
    std::memcpy(all.data(), decoded.data(), decoded.size());
    std::copy_n(row_scales, given, scales.begin());
    std::copy_n(row_bias, given, bias.begin());
    PackInt8Weights(all.data(), rows, inputs, packed.data());
  }

  void Process(const VadKernels& kernels, const float* input, float* output) const {
    kernels.gemv_int8(packed.data(), scales.data(), bias.data(), input, inputs, rows, output);
  }

  std::array<int8_t, PackedInt8Size(rows, inputs)> packed{};
  std::array<float, rows> scales{};
  std::array<float, rows> bias{};
};

struct Network {
  Layer<kHidden, kContext * kNumNeuralInputs> input{weights::kInput, weights::kInputScales,
                                                    weights::kInputBias};
  Layer<kGates, kHidden> input_gates{weights::kInputGates, weights::kInputGatesScales,
                                     weights::kInputGatesBias};
  Layer<kGates, kUnits> hidden_gates{weights::kHiddenGates, weights::kHiddenGatesScales,
                                     weights::kHiddenGatesBias};
  Layer<kOutputRows, kUnits> output{weights::kOutput, weights::kOutputScales, weights::kOutputBias};
};

class NeuralVad : public VoiceActivityDetector {
 public:
  NeuralVad(int look_ahead_frames, const VadKernels& kernels)
      : look_ahead_frames_(look_ahead_frames), kernels_(kernels), features_(kernels) {
    Reset();
  }

  int sample_rate_hz() const override { return kVadRateHz; }
  int look_ahead_frames() const override { return look_ahead_frames_; }
  int hangover_frames() const override { return kHangoverFrames; }

  void Reset() override {
    features_.Reset();
    context_.fill(0);
    units_.fill(0);
  }

  float Process(absl::Span<const int16_t> frame) override {
    VadFrame heard;
    features_.Process(frame, heard);
    std::copy(context_.begin() + kNumNeuralInputs, context_.end(), context_.begin());
    const std::array<float, kNumNeuralInputs> inputs = NeuralVadInputs(heard);
    std::copy(inputs.begin(), inputs.end(), context_.end() - kNumNeuralInputs);

    std::array<float, kHidden> hidden;
    network_.input.Process(kernels_, context_.data(), hidden.data());
    for (float& value : hidden) value = std::max(value, 0.0F);
    std::array<float, kGates> input_gates;
    std::array<float, kGates> hidden_gates;
    network_.input_gates.Process(kernels_, hidden.data(), input_gates.data());
    network_.hidden_gates.Process(kernels_, units_.data(), hidden_gates.data());
    kernels_.gru_step(input_gates.data(), hidden_gates.data(), kUnits, units_.data());
    std::array<float, kOutputRows> output;
    network_.output.Process(kernels_, units_.data(), output.data());
    // The outputs are about ever older frames; what is answered is about the oldest.
    const auto look_ahead = static_cast<size_t>(look_ahead_frames_);
    for (size_t age = 0; age < look_ahead; ++age) {
      provisional_[look_ahead - 1 - age] = Probability(output[age]);
    }
    return Probability(output[look_ahead]);
  }

  absl::Span<const float> provisional() const override {
    return absl::MakeConstSpan(provisional_).first(static_cast<size_t>(look_ahead_frames_));
  }

 private:
  static float Probability(float log_odds) { return 1 / (1 + std::exp(-log_odds)); }
  static const Network& SharedNetwork() {
    static const Network& network = *new Network;
    return network;
  }

  const int look_ahead_frames_;
  const VadKernels& kernels_;
  const Network& network_ = SharedNetwork();
  VadFeatures features_;
  // Inputs of the last frames, the oldest first.
  std::array<float, kContext * kNumNeuralInputs> context_;
  std::array<float, kUnits> units_;
  std::array<float, kMaxNeuralLookAhead> provisional_{};
};

}  // namespace

std::array<float, kNumNeuralInputs> NeuralVadInputs(const VadFrame& frame) {
  std::array<float, kNumNeuralInputs> inputs;
  float sum = 0;
  for (const float energy : frame.log_energy) sum += energy;
  const float mean = sum / kNumVadBands;
  for (size_t band = 0; band < kNumVadBands; ++band) {
    inputs[band] = frame.above_noise[band] / 3 - 1;
    inputs[kNumVadBands + band] = (frame.log_energy[band] - mean) / 4;
  }
  inputs[2 * kNumVadBands] = frame.harmonicity * 4 - 2;
  inputs[2 * kNumVadBands + 1] = frame.lag / 40 - 1.5F;
  return inputs;
}

absl::StatusOr<std::unique_ptr<VoiceActivityDetector>> CreateNeuralVad(int look_ahead_frames,
                                                                       const VadKernels& kernels) {
  if (look_ahead_frames < 0 || look_ahead_frames > kMaxNeuralLookAhead) {
    return absl::InvalidArgumentError(absl::StrCat("the look-ahead is 0 to ", kMaxNeuralLookAhead,
                                                   " frames, not ", look_ahead_frames));
  }
  return std::make_unique<NeuralVad>(look_ahead_frames, kernels);
}

}  // namespace parlance::audio
