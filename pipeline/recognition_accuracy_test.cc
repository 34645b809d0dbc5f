// How much of what is said is understood, in voices that the recogniser was not tuned with, and how
// much of what is said to somebody else is taken for a request. Every sound is heard as by a
// recogniser that has just begun, so nothing depends on the order, and nothing on time but the
// cost: the same programs give the same figures on every run.
//
// Requests are of all intents of the demonstration's grammar. Who says them:
//   human-like  the voices of Flite and Festival that were not tuned with
//   formants    variants of eSpeak NG that were not tuned with
//   recorded    the commands that come with PocketSphinx
// Under which conditions: clean (a microphone's hiss at -60 dBFS), pink and white noise 10 dB below
// the speech, and through a telephone (8 kHz, mu-law). What is no request: prose and prompts that
// people recorded (every second prompt; the others were tuned with), and sentences in the voices
// above. A sound is what a segmenter gives: speech with 200 ms before and 500 ms after.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "audio/scenes/noises.h"
#include "audio/signal/g711.h"
#include "audio/signal/resampler.h"
#include "audio/sound_file/testing/sounds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "pipeline/agent/demo_intents.h"
#include "pipeline/agent/rule_agent.h"
#include "pipeline/speech/pocketsphinx_recognizer.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/testing/synthetic_voices.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;

constexpr int kSampleRateHz = 16000;
constexpr size_t kFrame = 160;
constexpr size_t kBefore = 20 * kFrame;
constexpr size_t kAfter = 50 * kFrame;
constexpr size_t kChunk = 320;
constexpr double kSpeechDbfs = -20;
constexpr double kHissDbfs = -60;
constexpr double kNoiseDbfs = kSpeechDbfs - 10;
constexpr uint64_t kFirstSeed = 22'000'000;

constexpr const char* kRequests[] = {
    // The first few are those of a quick run.
    "what time is it in tokyo",
    "convert ten miles to kilometers",
    "set a timer for five minutes",
    "take a note buy milk",
    "what is twelve times seven",
    "list my timers",
    "go forward ten meters",
    "read my notes",
    "what time is it in new york",
    "what time is it",
    "what is ten times twenty five",
    "what is one hundred minus forty two",
    "convert twenty pounds to kilograms",
    "set a timer for ninety seconds",
    "take a note call the doctor",
    "what did i say about coffee",
    "go backward six meters",
    "ten of clubs",
    "queen of hearts four of spades",
};

constexpr const char* kOtherSentences[] = {
    "my favourite colour is blue and i like trains",
    "please turn on the lights in the kitchen",
    "read me the news headlines",
    "will it rain tomorrow afternoon",
    "play some music by the beatles",
    "how do i get to the railway station",
    "the meeting has been moved to thursday",
    "i would like to speak to an agent",
    "hello there how are you",
    "remind me to water the plants",
    "set the alarm for the morning",
    "call my mother on her mobile phone",
    "open the garage door",
    "thank you very much goodbye",
    "what is the capital of france",
    "who won the football match yesterday",
};

enum class Condition { kClean, kPink10dB, kWhite10dB, kTelephone };
struct NamedCondition {
  Condition condition;
  const char* name;
  const char* title;
};
constexpr NamedCondition kConditions[] = {
    {Condition::kClean, "clean", "Clean"},
    {Condition::kPink10dB, "pink_10db", "Pink Noise at 10 dB"},
    {Condition::kWhite10dB, "white_10db", "White Noise at 10 dB"},
    {Condition::kTelephone, "telephone", "Telephone"},
};

double Amplitude(double dbfs) { return 32768 * std::pow(10, dbfs / 20); }

// The speech of a recording at kSpeechDbfs: what is within 40 dB of its loudest frame, measured
// where it is within 30 dB.
std::vector<int16_t> Trimmed(absl::Span<const int16_t> samples) {
  const size_t num_frames = samples.size() / kFrame;
  std::vector<double> levels;
  for (size_t i = 0; i < num_frames; ++i) {
    levels.push_back(audio::Level(samples.subspan(i * kFrame, kFrame)));
  }
  if (levels.empty()) return {};
  const double loudest = *std::max_element(levels.begin(), levels.end());
  const auto is_speech = [&](double level) { return level > loudest / 100; };
  const auto first = std::find_if(levels.begin(), levels.end(), is_speech);
  const auto last = std::find_if(levels.rbegin(), levels.rend(), is_speech).base();
  double energy = 0;
  double count = 0;
  for (auto level = first; level < last; ++level) {
    if (*level < loudest / 31.6) continue;
    energy += *level * *level;
    ++count;
  }
  const double gain = count == 0 ? 1 : Amplitude(kSpeechDbfs) / std::sqrt(energy / count);
  std::vector<int16_t> speech;
  for (auto i = static_cast<size_t>(first - levels.begin()) * kFrame;
       i < static_cast<size_t>(last - levels.begin()) * kFrame; ++i) {
    speech.push_back(
        static_cast<int16_t>(std::clamp(std::lround(gain * samples[i]), -32768L, 32767L)));
  }
  return speech;
}

std::vector<int16_t> Resample(absl::Span<const int16_t> samples, int from_hz, int to_hz) {
  auto resampler = audio::Resampler::Create(from_hz, to_hz);
  EXPECT_THAT(resampler, IsOk());
  std::vector<int16_t> resampled;
  resampler->Process(samples, resampled);
  resampler->Flush(resampled);
  return resampled;
}

std::vector<int16_t> ThroughTelephone(absl::Span<const int16_t> samples) {
  std::vector<int16_t> narrow = Resample(samples, kSampleRateHz, 8000);
  for (int16_t& sample : narrow) sample = audio::DecodeMuLaw(audio::EncodeMuLaw(sample));
  return Resample(narrow, 8000, kSampleRateHz);
}

std::vector<int16_t> Noise(audio::Noise kind, size_t num_samples, double dbfs, uint64_t seed) {
  audio::Random random(seed);
  const std::vector<float> noise = audio::MakeNoise(kind, num_samples, random);
  double energy = 0;
  for (const float sample : noise) energy += static_cast<double>(sample) * sample;
  const double gain = Amplitude(dbfs) / std::sqrt(energy / static_cast<double>(num_samples));
  std::vector<int16_t> samples;
  samples.reserve(num_samples);
  for (const float sample : noise) {
    samples.push_back(
        static_cast<int16_t>(std::clamp(std::lround(gain * sample), -32768L, 32767L)));
  }
  return samples;
}

// What a recogniser is given of somebody's speech.
std::vector<int16_t> Heard(absl::Span<const int16_t> recording, Condition condition,
                           uint64_t seed) {
  std::vector<int16_t> samples(kBefore);
  const std::vector<int16_t> speech = Trimmed(recording);
  samples.insert(samples.end(), speech.begin(), speech.end());
  samples.resize(samples.size() + kAfter);
  const bool is_noisy = condition == Condition::kPink10dB || condition == Condition::kWhite10dB;
  samples = audio::Mix(
      samples, Noise(condition == Condition::kPink10dB ? audio::Noise::kPink : audio::Noise::kWhite,
                     samples.size(), is_noisy ? kNoiseDbfs : kHissDbfs, seed));
  return condition == Condition::kTelephone ? ThroughTelephone(samples) : samples;
}

struct Said {
  // Empty for what is no request.
  std::string text = {};
  std::vector<int16_t> samples = {};
};

// A share, and the interval in which it lies with a probability of 95 % (E. Wilson, JASA 22, 1927),
// in per cent.
struct Share {
  double percent = 0;
  double low = 0;
  double high = 0;
};
Share ShareOf(int64_t count, int64_t total) {
  if (total == 0) return {};
  constexpr double kZ = 1.96;
  const auto n = static_cast<double>(total);
  const double p = static_cast<double>(count) / n;
  const double middle = (p + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n)) / (1 + kZ * kZ / n);
  return {.percent = 100 * p, .low = 100 * (middle - half), .high = 100 * (middle + half)};
}

// What came of some sounds.
struct Outcome {
  struct Answer {
    double confidence = 0;
    bool is_right = false;
  };
  // Those with words, whether they were rejected or not.
  std::vector<Answer> answers = {};
  int64_t total = 0;
  int64_t understood = 0;
  int64_t wrong = 0;
  double cpu_seconds = 0;
  double sound_seconds = 0;

  int64_t AtLeast(double confidence, bool is_right) const {
    return std::count_if(answers.begin(), answers.end(), [&](const Answer& answer) {
      return answer.confidence >= confidence && answer.is_right == is_right;
    });
  }
};

double CpuSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class RecognitionAccuracy : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    rules_ = new RuleSet(*DemoRules());
    auto recognizer = CreatePocketSphinxRecognizer(rules_->grammar(), {});
    ASSERT_THAT(recognizer, IsOk());
    recognizer_ = recognizer->release();
    std::printf("%-12s %-22s  n    understood           wrong  rejected, %%\n", "who", "condition");
  }
  static void TearDownTestSuite() {
    delete recognizer_;
    delete rules_;
  }

  static Outcome Hear(const std::vector<Said>& all, Condition condition) {
    Outcome outcome;
    uint64_t seed = kFirstSeed;
    for (const Said& said : all) {
      const std::vector<int16_t> samples = Heard(said.samples, condition, ++seed);
      recognizer_->ForgetSpeaker();
      const double begin = CpuSeconds();
      EXPECT_THAT(recognizer_->Start(), IsOk());
      for (size_t i = 0; i < samples.size(); i += kChunk) {
        EXPECT_THAT(recognizer_->Process(absl::MakeConstSpan(samples).subspan(i, kChunk)), IsOk());
      }
      const auto words = recognizer_->Finish();
      EXPECT_THAT(words, IsOk());
      outcome.cpu_seconds += CpuSeconds() - begin;
      outcome.sound_seconds += static_cast<double>(samples.size()) / kSampleRateHz;
      ++outcome.total;
      if (!words.ok() || words->text.empty()) continue;
      const bool is_right = words->text == said.text;
      outcome.answers.push_back({.confidence = words->confidence, .is_right = is_right});
      if (words->rejected) continue;
      (is_right ? outcome.understood : outcome.wrong) += 1;
    }
    return outcome;
  }

  static void Record(const std::string& name, const std::string& title, const std::string& unit,
                     bool more_is_better, double value, const Outcome& outcome) {
    perf::Recorder recorder({.name = absl::StrCat("pipeline.recognition.", name),
                             .title = absl::StrCat("Recognition, ", title),
                             .unit = unit,
                             .better = more_is_better ? perf::HIGHER : perf::LOWER,
                             .deterministic = unit == "%"});
    recorder.Add(value);
    recorder.SetCounter("sounds", static_cast<double>(outcome.total));
  }

  static void PrintCurve(const Outcome& outcome, bool are_requests) {
    std::printf("    confidence at least:");
    for (const double least : {0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9}) {
      if (are_requests) {
        std::printf("  %.1f: %.0f+%.0f", least,
                    ShareOf(outcome.AtLeast(least, true), outcome.total).percent,
                    ShareOf(outcome.AtLeast(least, false), outcome.total).percent);
      } else {
        std::printf("  %.1f: %.1f", least,
                    ShareOf(outcome.AtLeast(least, false), outcome.total).percent);
      }
    }
    std::printf(are_requests ? "  (%% understood + wrong)\n" : "  (%% accepted)\n");
  }

  // Requests of some voices in one condition: prints and records how they were understood.
  static Outcome Understand(const char* who, const std::string& title,
                            const std::vector<Said>& requests, const NamedCondition& in) {
    Outcome outcome = Hear(requests, in.condition);
    const Share understood = ShareOf(outcome.understood, outcome.total);
    const Share wrong = ShareOf(outcome.wrong, outcome.total);
    std::printf("%-12s %-22s %3lld  %5.1f (%5.1f to %5.1f)  %5.1f  %5.1f\n", who, in.title,
                static_cast<long long>(outcome.total), understood.percent, understood.low,
                understood.high, wrong.percent, 100 - understood.percent - wrong.percent);
    PrintCurve(outcome, true);
    const std::string name = absl::StrCat(who, ".", in.name);
    const std::string of = absl::StrCat(title, ", ", in.title);
    Record(name + ".understood", of + ", Understood", "%", true, understood.percent, outcome);
    Record(name + ".wrong", of + ", Misunderstood", "%", false, wrong.percent, outcome);
    return outcome;
  }

  static void Outside(const char* who, const std::string& title, const std::vector<Said>& speech,
                      const NamedCondition& in, double at_most) {
    const Outcome outcome = Hear(speech, in.condition);
    const Share accepted = ShareOf(outcome.wrong, outcome.total);
    std::printf("%-12s %-22s %3lld  no request; accepted %.1f (%.1f to %.1f)\n", who, in.title,
                static_cast<long long>(outcome.total), accepted.percent, accepted.low,
                accepted.high);
    PrintCurve(outcome, false);
    Record(absl::StrCat("outside.", who, ".", in.name, ".accepted"),
           absl::StrCat("No Request, ", title, ", ", in.title, ", Accepted"), "%", false,
           accepted.percent, outcome);
    EXPECT_LE(accepted.percent, at_most) << who << ", " << in.name;
  }

  // What the voices of a kind say; why not, if their program is missing.
  static absl::StatusOr<std::vector<Said>> Say(VoiceKind kind, absl::Span<const Rate> rates,
                                               absl::Span<const char* const> texts,
                                               bool are_requests) {
    std::vector<Said> all;
    const std::vector<std::string> sentences(texts.begin(), texts.end());
    for (const SyntheticVoice& voice : ReportedVoices()) {
      if (voice.kind != kind) continue;
      for (const Rate rate : rates) {
        auto sounds = SayAll(voice, rate, sentences, testing::TempDir());
        if (!sounds.ok()) return sounds.status();
        for (size_t i = 0; i < sentences.size(); ++i) {
          all.push_back(
              {.text = are_requests ? sentences[i] : "", .samples = std::move((*sounds)[i])});
        }
      }
    }
    return all;
  }

  static RuleSet* rules_;
  static Recognizer* recognizer_;
};

RuleSet* RecognitionAccuracy::rules_ = nullptr;
Recognizer* RecognitionAccuracy::recognizer_ = nullptr;

struct Voices {
  VoiceKind kind;
  const char* name;
  const char* title;
  // What has to be understood of clean speech and in pink noise, in per cent: far below what is
  // measured, as a quick run has few sounds.
  double least_clean;
  double least_noisy;
};

class RecognitionOfVoices : public RecognitionAccuracy,
                            public testing::WithParamInterface<Voices> {};

TEST_P(RecognitionOfVoices, UnderstandsRequestsAndRejectsOtherSpeech) {
  const Voices& voices = GetParam();
  const auto num_requests = static_cast<size_t>(perf::Load("recognition_requests"));
  const auto requests = absl::MakeConstSpan(kRequests).first(num_requests);
  const auto other = absl::MakeConstSpan(kOtherSentences)
                         .first(static_cast<size_t>(perf::Load("recognition_other_sentences")));
  const auto usual = Say(voices.kind, {Rate::kUsual}, requests, true);
  if (absl::IsNotFound(usual.status())) GTEST_SKIP() << "SKIPPED: " << usual.status().message();
  ASSERT_THAT(usual, IsOk());

  std::vector<Said> clean = *usual;
  if (perf::Load("recognition_rates") > 1) {
    const auto more = Say(voices.kind, {Rate::kSlow, Rate::kFast}, requests, true);
    ASSERT_THAT(more, IsOk());
    clean.insert(clean.end(), more->begin(), more->end());
  }
  Outcome cost;
  for (const NamedCondition& in : kConditions) {
    const bool is_clean = in.condition == Condition::kClean;
    const Outcome outcome = Understand(voices.name, voices.title, is_clean ? clean : *usual, in);
    const double percent = ShareOf(outcome.understood, outcome.total).percent;
    if (is_clean) {
      EXPECT_GE(percent, voices.least_clean);
      cost = outcome;
    } else if (in.condition == Condition::kPink10dB) {
      EXPECT_GE(percent, voices.least_noisy);
    }
  }
  const double percent_of_time = 100 * cost.cpu_seconds / cost.sound_seconds;
  std::printf("%-12s took %.1f %% of the sound's length\n", voices.name, percent_of_time);
  Record(absl::StrCat(voices.name, ".cost"), absl::StrCat(voices.title, ", CPU Time per Sound"),
         "% of real time", false, percent_of_time, cost);

  const auto sentences = Say(voices.kind, {Rate::kUsual}, other, false);
  ASSERT_THAT(sentences, IsOk());
  for (const NamedCondition& in : kConditions) {
    if (in.condition == Condition::kWhite10dB) continue;
    Outside(voices.name, voices.title, *sentences, in, 35);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, RecognitionOfVoices,
    testing::Values(Voices{VoiceKind::kHumanLike, "human_like", "Human-like Voices", 80, 20},
                    Voices{VoiceKind::kFormants, "formants", "Formant Voices", 50, 10}),
    [](const testing::TestParamInfo<Voices>& info) { return info.param.name; });

TEST_F(RecognitionAccuracy, UnderstandsRecordedCommands) {
  const std::pair<const char*, const char*> commands[] = {
      {"goforward.raw", "go forward ten meters"},
      {"cards/001.wav", "ten of clubs"},
      {"cards/003.wav", "seven of clubs"},
      {"cards/005.wav", "eight of spades four of clubs seven of hearts"},
  };
  std::vector<Said> recordings;
  for (const auto& [name, text] : commands) {
    recordings.push_back(
        {.text = text,
         .samples = audio::RecordedSpeech(absl::StrCat("pocketsphinx/", name), kSampleRateHz)});
  }
  for (const NamedCondition& in : kConditions) {
    const Outcome outcome = Understand("recorded", "Recorded Commands", recordings, in);
    if (in.condition == Condition::kClean) {
      EXPECT_GE(outcome.understood, outcome.total - 1);
    }
  }
}

// Files of a group of recordings, in the order of their names.
std::vector<std::string> Recordings(const std::string& group) {
  const std::filesystem::path folder = "third_party/speech_samples";
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator i(folder / group, error), end;
       !error && i != end; i.increment(error)) {
    if (i->path().extension() != ".wav") continue;
    names.push_back(i->path().lexically_relative(folder).string());
  }
  EXPECT_FALSE(error) << error.message();
  std::sort(names.begin(), names.end());
  return names;
}

TEST_F(RecognitionAccuracy, RejectsRecordedSpeechThatIsNoRequest) {
  std::vector<Said> prose;
  for (const std::string& name : Recordings("pocketsphinx/librivox")) {
    prose.push_back({.text = "", .samples = audio::RecordedSpeech(name, kSampleRateHz)});
  }
  // From 0.6 s, as a segmenter passes on no shorter speech, to 6 s, beyond which nothing is a
  // request.
  std::vector<Said> all;
  bool is_tuned_with = false;
  for (const std::string& name : Recordings("asterisk")) {
    std::vector<int16_t> samples = audio::RecordedSpeech(name, kSampleRateHz);
    if (samples.size() < 9600 || samples.size() > 96000) continue;
    is_tuned_with = !is_tuned_with;
    if (!is_tuned_with) all.push_back({.text = "", .samples = std::move(samples)});
  }
  const auto num_prompts = static_cast<size_t>(perf::Load("recognition_prompts"));
  const size_t step = std::max(size_t{1}, all.size() / num_prompts);
  std::vector<Said> prompts;
  for (size_t i = 0; i < all.size(); i += step) prompts.push_back(std::move(all[i]));
  ASSERT_FALSE(prose.empty());
  ASSERT_FALSE(prompts.empty());
  for (const NamedCondition& in : kConditions) {
    if (in.condition == Condition::kWhite10dB) continue;
    Outside("prose", "Prose", prose, in, 0);
    Outside("prompts", "Prompts", prompts, in, 8);
  }
}

}  // namespace
}  // namespace parlance::pipeline
