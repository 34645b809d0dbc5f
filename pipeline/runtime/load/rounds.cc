#include "pipeline/runtime/load/rounds.h"

#include <algorithm>
#include <cstdlib>
#include <random>

namespace parlance::pipeline {
namespace {

// The least silence after something was said: the answer has to fit in.
constexpr double kMinSilenceSeconds = 1.2;
constexpr double kMaxSilenceSeconds = 3600;
// What is less than this part of the loudest sample is taken for silence.
constexpr int kLoudestToSilent = 50;

size_t SpeechEnd(absl::Span<const int16_t> utterance) {
  int loudest = 0;
  for (const int16_t sample : utterance) loudest = std::max(loudest, std::abs(int{sample}));
  for (size_t end = utterance.size(); end > 0; --end) {
    if (std::abs(int{utterance[end - 1]}) * kLoudestToSilent > loudest) return end;
  }
  return 0;
}

}  // namespace

std::vector<Round> MakeRounds(absl::Span<const std::vector<int16_t>> utterances, double speech_part,
                              int sample_rate_hz, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<int> noise(-4, 4);
  std::vector<Round> rounds;
  const auto rate = static_cast<double>(sample_rate_hz);
  const auto silence_of = [&](double speech) {
    const double silence = speech * (1 - speech_part) / std::max(speech_part, 1e-9);
    return static_cast<size_t>(
        std::clamp(silence, kMinSilenceSeconds * rate, kMaxSilenceSeconds * rate));
  };
  if (speech_part == 0 || utterances.empty()) {
    rounds.push_back({.samples = std::vector<int16_t>(static_cast<size_t>(rate) * 10)});
  } else {
    for (const auto& utterance : utterances) {
      Round& round =
          rounds.emplace_back(Round{.samples = utterance, .speech_end = SpeechEnd(utterance)});
      round.samples.resize(utterance.size() + silence_of(static_cast<double>(utterance.size())));
    }
  }
  const auto frame = static_cast<size_t>(sample_rate_hz / 50);
  for (Round& round : rounds) {
    round.samples.resize((round.samples.size() + frame - 1) / frame * frame);
    for (int16_t& sample : round.samples) {
      sample = static_cast<int16_t>(std::clamp(sample + noise(random), -32768, 32767));
    }
  }
  return rounds;
}

}  // namespace parlance::pipeline
