// Detectors and the endpointer together, in short sounds: which are turns, and how long a detector
// stays sure after one. Prints what it counts.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/scenes/corpus.h"
#include "audio/scenes/noises.h"
#include "audio/scenes/scene.h"
#include "audio/sound_file/testing/sounds.h"
#include "audio/turns/endpointer.h"
#include "audio/turns/speech_segmenter.h"
#include "audio/turns/turn_observer.h"
#include "audio/vad/classic_vad.h"
#include "audio/vad/neural_vad.h"
#include "audio/vad/vad.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::audio {
namespace {

using absl_testing::IsOk;

constexpr int kRateHz = 16000;
constexpr size_t kFrame = 160;
constexpr size_t kSecond = 16000;
// Levels as amplitudes; full scale is 32768.
constexpr double kHiss = 33;     // -60 dBFS
constexpr double kLevel = 3277;  // -20 dBFS

struct Detector {
  std::string name;
  std::unique_ptr<VoiceActivityDetector> (*create)();
};

void PrintTo(const Detector& detector, std::ostream* out) { *out << detector.name; }

class VadTurnsTest : public testing::TestWithParam<Detector> {};
INSTANTIATE_TEST_SUITE_P(
    Detectors, VadTurnsTest,
    testing::Values(Detector{"Classic", [] { return CreateClassicVad(); }},
                    Detector{"Neural", [] { return *CreateNeuralVad(0); }},
                    Detector{"NeuralLooksAhead",
                             [] { return *CreateNeuralVad(kMaxNeuralLookAhead); }}),
    [](const testing::TestParamInfo<Detector>& info) { return info.param.name; });

bool IsNeural(const Detector& detector) { return detector.name != "Classic"; }

// The level of the loudest 50 ms, which for short sounds is what a level is.
double LoudestLevel(absl::Span<const float> samples) {
  constexpr size_t kLength = 5 * kFrame;
  double greatest = 0;
  for (size_t begin = 0; begin < samples.size(); begin += kFrame) {
    double sum = 0;
    for (const float sample : samples.subspan(begin, kLength)) sum += double{sample} * sample;
    greatest = std::max(greatest, std::sqrt(sum / kLength));
  }
  return greatest;
}

std::vector<int16_t> AtLevel(absl::Span<const float> samples, double level) {
  const double gain = level / LoudestLevel(samples);
  std::vector<int16_t> scaled;
  for (const float sample : samples) {
    scaled.push_back(static_cast<int16_t>(std::clamp(gain * sample, -32768.0, 32767.0)));
  }
  return scaled;
}

// The sound with `before` samples of hiss before it, and two seconds after it.
std::vector<int16_t> InHiss(absl::Span<const int16_t> sound, size_t before, int rate_hz,
                            uint64_t seed) {
  std::vector<int16_t> samples(before, 0);
  samples.insert(samples.end(), sound.begin(), sound.end());
  samples.resize(samples.size() + 2 * static_cast<size_t>(rate_hz), 0);
  return Mix(samples, WhiteNoise(samples.size(), kHiss, seed));
}

enum class Burst { kWhite, kPink, kVowel };

// The loudest stretch of a spoken "a", "e" or "o", faded in and out over 5 ms.
std::vector<float> Vowel(size_t num_samples, Random& random) {
  constexpr const char* kLetters[] = {"a", "e", "o"};
  const std::vector<int16_t> letter =
      RecordedSpeech(absl::StrCat("asterisk/letters/", kLetters[random.Below(3)], ".wav"), kRateHz);
  size_t loudest = 0;
  double level = 0;
  for (size_t begin = 0; begin + num_samples <= letter.size(); begin += kFrame) {
    const double here = Level(absl::MakeConstSpan(letter).subspan(begin, num_samples));
    if (here > level) {
      level = here;
      loudest = begin;
    }
  }
  constexpr size_t kFade = 80;
  std::vector<float> vowel(num_samples);
  for (size_t i = 0; i < num_samples; ++i) {
    const size_t to_edge = std::min(i, num_samples - 1 - i);
    vowel[i] = static_cast<float>(letter[loudest + i]) *
               std::min(1.0F, static_cast<float>(to_edge) / kFade);
  }
  return vowel;
}

std::vector<float> MakeBurst(Burst burst, size_t num_samples, Random& random) {
  switch (burst) {
    case Burst::kWhite:
      return MakeNoise(Noise::kWhite, num_samples, random);
    case Burst::kPink:
      return MakeNoise(Noise::kPink, num_samples, random);
    case Burst::kVowel:
      return Vowel(num_samples, random);
  }
  return {};
}

std::vector<float> Probabilities(VoiceActivityDetector& vad, absl::Span<const int16_t> samples) {
  std::vector<float> probabilities;
  for (size_t i = 0; i + kFrame <= samples.size(); i += kFrame) {
    probabilities.push_back(vad.Process(samples.subspan(i, kFrame)));
  }
  // Each to its frame.
  probabilities.erase(probabilities.begin(), probabilities.begin() + vad.look_ahead_frames());
  return probabilities;
}

// How many frames the probability stays at the endpointer's threshold after the end of a burst of
// 80 to 200 ms in hiss, over lengths and seeds; of bursts in whose last 50 ms it was there.
std::vector<int> FramesOutlasted(const Detector& detector, Burst burst) {
  std::vector<int> outlasted;
  for (size_t frames = 8; frames <= 20; frames += 2) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      Random random(seed);
      const size_t before = 150;
      const std::vector<int16_t> sound =
          InHiss(AtLevel(MakeBurst(burst, frames * kFrame, random), kLevel), before * kFrame,
                 kRateHz, seed);
      const auto vad = detector.create();
      const std::vector<float> probabilities = Probabilities(*vad, sound);
      const size_t end = before + frames;
      const auto threshold = Endpointer::Options().threshold;
      if (*std::max_element(probabilities.begin() + static_cast<ptrdiff_t>(end) - 5,
                            probabilities.begin() + static_cast<ptrdiff_t>(end)) < threshold) {
        continue;
      }
      size_t last = end;
      while (last < probabilities.size() && probabilities[last] >= threshold) ++last;
      outlasted.push_back(static_cast<int>(last - end));
    }
  }
  std::sort(outlasted.begin(), outlasted.end());
  return outlasted;
}

// What is printed for vowels has to be set in the detector when its weights change; noise is
// outlasted by less. With look-ahead there is less of it, as the end was heard; frames too many
// only make a start wait for as long.
TEST_P(VadTurnsTest, TheHangoverIsMeasured) {
  std::vector<int> of_speech;
  for (const auto& [name, burst] : {std::pair("white noise", Burst::kWhite),
                                    {"pink noise", Burst::kPink},
                                    {"vowels", Burst::kVowel}}) {
    const std::vector<int> outlasted = FramesOutlasted(GetParam(), burst);
    const size_t n = outlasted.size();
    absl::PrintF("%-16s %-11s: sure of %3d of 140", GetParam().name, name, n);
    if (n > 0) {
      absl::PrintF(", outlasted by %d %d %d %d %d frames (quartiles)", outlasted[0],
                   outlasted[n / 4], outlasted[n / 2], outlasted[3 * n / 4], outlasted[n - 1]);
    }
    absl::PrintF("\n");
    if (burst == Burst::kVowel) of_speech = outlasted;
  }
  ASSERT_GE(of_speech.size(), 50u);
  const int median = of_speech[of_speech.size() / 2];
  const auto vad = GetParam().create();
  EXPECT_NEAR(vad->hangover_frames(), median, vad->look_ahead_frames() > 0 ? 3 : 1);
}

std::vector<SpeechSegment> Turns(const Detector& detector, absl::Span<const int16_t> samples,
                                 int rate_hz) {
  SpeechSegmenter::Options options;
  options.input_sample_rate_hz = rate_hz;
  auto segmenter = SpeechSegmenter::Create(detector.create(), options);
  EXPECT_THAT(segmenter, IsOk());
  class Ends : public TurnObserver {
   public:
    void OnTurnEnd(const EndpointerEvent& end) override { turns.push_back(end.segment); }
    std::vector<SpeechSegment> turns;
  } ends;
  segmenter->Push(samples, ends);
  segmenter->Flush(ends);
  return ends.turns;
}

TEST_P(VadTurnsTest, ShortNoisesAreNoTurns) {
  for (const auto& [name, burst] :
       {std::pair("white noise", Burst::kWhite), {"pink noise", Burst::kPink}}) {
    int num_turns = 0;
    int num_bursts = 0;
    for (size_t frames = 8; frames <= 12; frames += 2) {
      for (uint64_t seed = 1; seed <= 20; ++seed) {
        Random random(seed);
        const std::vector<int16_t> sound = InHiss(
            AtLevel(MakeBurst(burst, frames * kFrame, random), kLevel), kSecond, kRateHz, seed);
        num_turns += !Turns(GetParam(), sound, kRateHz).empty();
        ++num_bursts;
      }
    }
    absl::PrintF("%-16s %-11s: %3d of %d bursts of 80 to 120 ms open a turn\n", GetParam().name,
                 name, num_turns, num_bursts);
    EXPECT_EQ(num_turns, 0) << name;
  }
}

// The networks have met such noises, made by the same functions, while they were trained: this says
// that they have learned it and still know it, not what other coughs do. The classic detector has
// too few weights to tell coughs and many knocks from words.
TEST_P(VadTurnsTest, NoisesOfMouthsAndDesksAreFewTurns) {
  // In how many of 40 stretches of 10 s there may be turns. Measured, for the neural detector with
  // and without look-ahead: 0 1 0 0 0; for the classic one: 17 0 0 0 7.
  const struct {
    const char* name;
    Noise noise;
    int max_neural;
    int max_classic;
  } cases[] = {{"coughs", Noise::kCough, 1, 22},
               {"breaths", Noise::kBreath, 2, 1},
               {"clicks", Noise::kClicks, 0, 2},
               {"keyboard", Noise::kKeyboard, 0, 2},
               {"knocks", Noise::kKnocks, 0, 12}};
  for (const auto& test : cases) {
    int num_turns = 0;
    int num_stretches = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      Random random(seed);
      const std::vector<int16_t> sound = InHiss(
          AtLevel(MakeNoise(test.noise, 10 * kSecond, random), kLevel), kSecond, kRateHz, seed);
      const size_t turns = Turns(GetParam(), sound, kRateHz).size();
      num_turns += static_cast<int>(turns);
      num_stretches += turns > 0;
    }
    absl::PrintF("%-16s %-11s: turns in %2d of 40 stretches of 10 s, %d in all\n", GetParam().name,
                 test.name, num_stretches, num_turns);
    EXPECT_LE(num_stretches, IsNeural(GetParam()) ? test.max_neural : test.max_classic)
        << test.name;
  }
}

// Recorded, and no voice: the tones of a telephone exchange, and a loudspeaker test's noise. The
// classic detector takes one of the tones for a word.
TEST_P(VadTurnsTest, RecordedTonesAndNoiseAreNoTurns) {
  size_t num_turns = 0;
  for (const char* name : {"asterisk/beep.wav", "asterisk/beeperr.wav",
                           "asterisk/descending-2tone.wav", "alsa/Noise.wav"}) {
    const std::vector<int16_t> sound = RecordedSpeech(name, kRateHz);
    const size_t turns = Turns(GetParam(), InHiss(sound, kSecond, kRateHz, 1), kRateHz).size();
    absl::PrintF("%-16s %-29s: %d turns\n", GetParam().name, name, turns);
    num_turns += turns;
  }
  EXPECT_LE(num_turns, IsNeural(GetParam()) ? 0u : 1u);
}

// How many words a detector finds, each alone in hiss and as one turn, and how many of those turns
// reach from the first to the last that can be heard of the word.
class WordCounter {
 public:
  explicit WordCounter(const Detector& detector) : detector_(detector) {}

  void Add(absl::string_view word_name, absl::Span<const int16_t> word, SpeechSegment extent,
           int rate_hz) {
    ++num_words_;
    const size_t before = 3 * static_cast<size_t>(rate_hz) / 2;
    const std::vector<SpeechSegment> turns =
        Turns(detector_, InHiss(word, before, rate_hz, 1), rate_hz);
    if (turns.size() != 1) {
      absl::StrAppend(&missed_, " ", word_name);
      return;
    }
    ++num_found_;
    const int64_t early = static_cast<int64_t>(before) + extent.begin - turns[0].begin;
    const int64_t late = turns[0].end - static_cast<int64_t>(before) - extent.end;
    if (early >= 0 && late >= 0) {
      ++num_whole_;
    } else {
      absl::StrAppend(&cut_, " ", word_name);
    }
  }

  void Print(absl::string_view name) const {
    absl::PrintF("%-16s %-15s: %d of %d words found, %d whole; missed:%s; cut:%s\n", detector_.name,
                 name, num_found_, num_words_, num_whole_, missed_, cut_);
  }
  int num_words() const { return num_words_; }
  int num_whole() const { return num_whole_; }

 private:
  const Detector& detector_;
  int num_words_ = 0;
  int num_found_ = 0;
  int num_whole_ = 0;
  std::string missed_;
  std::string cut_;
};

// Where a word is: from the first to the last 10 ms within 30 dB of its loudest.
SpeechSegment Extent(absl::Span<const int16_t> samples, size_t frame) {
  std::vector<double> levels;
  for (size_t i = 0; i + frame <= samples.size(); i += frame) {
    levels.push_back(Level(samples.subspan(i, frame)));
  }
  const double least = *std::max_element(levels.begin(), levels.end()) * std::pow(10, -30 / 20.0);
  const auto is_loud = [&](double level) { return level >= least; };
  const auto first = std::find_if(levels.begin(), levels.end(), is_loud);
  const auto last = std::find_if(levels.rbegin(), levels.rend(), is_loud);
  return {.begin = static_cast<int64_t>(frame) * (first - levels.begin()),
          .end = static_cast<int64_t>(frame) * (levels.rend() - last)};
}

// Prompts of a telephone exchange at 8 kHz. The detectors were trained with this speaker. Measured:
// all 46 by the classic detector, 43 by the neural one, without "and", l and x.
TEST_P(VadTurnsTest, ShortWordsAreWholeTurns) {
  constexpr int kRate = 8000;
  std::vector<std::string> files = {"vm-no", "vm-and", "for",  "is",    "with",
                                    "hello", "sorry",  "time", "hours", "digits/oh"};
  for (char digit = '0'; digit <= '9'; ++digit)
    files.push_back(absl::StrCat("digits/", std::string(1, digit)));
  for (char letter = 'a'; letter <= 'z'; ++letter)
    files.push_back(absl::StrCat("letters/", std::string(1, letter)));
  WordCounter counter(GetParam());
  for (const std::string& file : files) {
    const std::vector<int16_t> word =
        RecordedSpeech(absl::StrCat("asterisk/", file, ".wav"), kRate);
    counter.Add(file, word, Extent(word, kRate / 100), kRate);
  }
  counter.Print("English words");
  EXPECT_EQ(counter.num_words(), 46);
  EXPECT_GE(counter.num_whole(), 41);
}

// Digits, numbers, days and letters in Russian: neither the language nor the speaker was trained
// with. Measured, of 96 digits and 63 letters: whole 93 and 54; with look-ahead 94 and 55; by the
// classic detector 94 and 60. What is missed is not believed for long enough to be a turn.
TEST_P(VadTurnsTest, ShortWordsOfAnotherSpeakerAreWholeTurns) {
  const struct {
    const char* folder;
    int num_words;
    int least_whole;
  } cases[] = {{"digits", 96, 90}, {"letters", 63, 50}};
  for (const auto& [folder, num_words, least_whole] : cases) {
    std::vector<Recording> recordings;
    const absl::Status added =
        AddSpeech(absl::StrCat("third_party/speech_samples/asterisk_ru/", folder), "g722", "ru", 1,
                  Labelling::kByLevel, recordings);
    ASSERT_THAT(added, IsOk());
    WordCounter counter(GetParam());
    for (const Recording& recording : recordings) {
      counter.Add(absl::StrCat(counter.num_words()), recording.samples,
                  Extent(recording.samples, kFrame), kRateHz);
    }
    counter.Print(absl::StrCat("Russian ", folder));
    EXPECT_EQ(counter.num_words(), num_words);
    EXPECT_GE(counter.num_whole(), least_whole);
  }
}

}  // namespace
}  // namespace parlance::audio
