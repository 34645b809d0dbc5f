#include "pipeline/speech/flite_synthesizer.h"

#include <flite/flite.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/sound_file/testing/sounds.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/speech/synthesizer.h"
#include "third_party/status_matchers.h"

extern "C" {
cst_voice* register_cmu_us_kal16(const char* voxdir);
cst_voice* register_cmu_us_slt(const char* voxdir);
}

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr int kSampleRateHz = 16000;

struct Chunk {
  size_t num_samples = 0;
  std::vector<WordMark> words;
};

struct Speech {
  std::vector<int16_t> samples;
  std::vector<WordMark> words;
  std::vector<Chunk> chunks;
};

Speech Say(const std::string& voice, const std::string& text) {
  auto synthesizer = CreateFliteSynthesizer(voice);
  EXPECT_THAT(synthesizer, IsOk());
  Speech speech;
  const absl::Status said = (*synthesizer)->Synthesize(text, [&](const SpeechChunk& chunk) {
    speech.samples.insert(speech.samples.end(), chunk.samples.begin(), chunk.samples.end());
    speech.words.insert(speech.words.end(), chunk.words.begin(), chunk.words.end());
    speech.chunks.push_back(
        {.num_samples = chunk.samples.size(), .words = {chunk.words.begin(), chunk.words.end()}});
    return true;
  });
  EXPECT_THAT(said, IsOk()) << text;
  return speech;
}

std::vector<std::string> Words(const std::string& text, const Speech& speech) {
  std::vector<std::string> words;
  for (const WordMark& word : speech.words) {
    words.push_back(text.substr(word.text_begin, word.text_end - word.text_begin));
  }
  return words;
}

TEST(FliteSynthesizerTest, SpeaksInChunks) {
  const Speech speech = Say("kal16", "The timer is set for five minutes. It will ring.");
  EXPECT_EQ((*CreateFliteSynthesizer("kal16"))->sample_rate_hz(), kSampleRateHz);
  EXPECT_GT(speech.chunks.size(), 3u);
  EXPECT_GT(speech.samples.size(), 16000u * 2);
  EXPECT_LT(speech.samples.size(), 16000u * 8);
  EXPECT_GT(audio::Level(speech.samples), 300);
}

TEST(FliteSynthesizerTest, SaysWhatItCannotDo) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(CreateFliteSynthesizer("hal"), StatusIs(kInvalid, HasSubstr("kal16, slt")));
  auto synthesizer = *CreateFliteSynthesizer("kal16");
  const auto ignore = [](const SpeechChunk&) { return true; };
  EXPECT_THAT(synthesizer->Synthesize("", ignore), StatusIs(kInvalid));
  EXPECT_THAT(synthesizer->Synthesize(std::string(20000, 'a'), ignore), StatusIs(kInvalid));
  EXPECT_THAT(synthesizer->Synthesize(absl::string_view("a\0b", 3), ignore), StatusIs(kInvalid));
  EXPECT_THAT(synthesizer->Synthesize("\xff\xfe ... ?! 漢", ignore), IsOk());
}

// Whenever nobody wants to hear more, the sink is not called again, and another may speak: the lock
// that all speakers share was given back.
TEST(FliteSynthesizerTest, StopsAtOnceWhenNobodyListens) {
  const std::string text = "One two three four five six seven eight nine ten.";
  for (const char* voice : {"kal16", "slt"}) {
    const Speech whole = Say(voice, text);
    const int num_chunks = static_cast<int>(whole.chunks.size());
    for (const int wanted : {1, 2, num_chunks / 2, num_chunks}) {
      auto synthesizer = *CreateFliteSynthesizer(voice);
      int num_calls = 0;
      size_t num_heard = 0;
      const absl::Status said = synthesizer->Synthesize(text, [&](const SpeechChunk& chunk) {
        num_heard += chunk.samples.size();
        return ++num_calls < wanted;
      });
      EXPECT_THAT(said, IsOk());
      EXPECT_EQ(num_calls, wanted) << voice;
      size_t num_samples = 0;
      for (int i = 0; i < wanted; ++i) {
        num_samples += whole.chunks[static_cast<size_t>(i)].num_samples;
      }
      EXPECT_EQ(num_heard, num_samples) << voice;
      std::thread other([&] { EXPECT_EQ(Say(voice, text).words.size(), 10u); });
      other.join();
    }
  }
}

struct WordsCase {
  const char* name = "";
  std::string text;
  // As the marks cut them.
  std::vector<std::string> words;
};

TEST(FliteSynthesizerTest, MarksEachWordOfTheText) {
  const std::vector<WordsCase> cases = {
      {"plain", "the timer is set", {"the", "timer", "is", "set"}},
      {"punctuation",
       "Hello, world. It (really) works!",
       {"Hello,", "world.", "It", "(really)", "works!"}},
      {"sentences", "One. Two? Three; four: five", {"One.", "Two?", "Three;", "four:", "five"}},
      {"white space", "  lead\n\n new\tline \r\n", {"lead", "new", "line"}},
      {"numbers", "25 of 1,234,567.89 at 5:30", {"25", "of", "1,234,567.89", "at", "5:30"}},
      {"currency",
       "It is $25.50 or $1.5 million, 30%.",
       {"It", "is", "$25.50", "or", "$1.5", "million,", "30%."}},
      {"abbreviations",
       "Dr. Smith met Mr. Jones on Jan. 3rd.",
       {"Dr.", "Smith", "met", "Mr.", "Jones", "on", "Jan.", "3rd."}},
      {"the same word again", "to go to a to-do", {"to", "go", "to", "a", "to-do"}},
      {"a word within another", "a cat at a tea", {"a", "cat", "at", "a", "tea"}},
      {"quotes", "he said \"don't\" 'now'", {"he", "said", "\"don't\"", "'now'"}},
      {"addresses", "mail foo@bar.com", {"mail", "foo@bar.com"}},
  };
  for (const char* voice : {"kal16", "slt"}) {
    for (const WordsCase& c : cases) {
      EXPECT_THAT(Words(c.text, Say(voice, c.text)), ElementsAreArray(c.words))
          << voice << ", " << c.name;
    }
  }
}

// Everything that holds for the marks of any text.
void ExpectSoundMarks(const std::string& text, const Speech& speech) {
  SCOPED_TRACE(absl::StrCat("text '", text, "'"));
  const auto num_samples = static_cast<int64_t>(speech.samples.size());
  int64_t sample = 0;
  size_t place = 0;
  std::string left_out;
  for (const WordMark& word : speech.words) {
    EXPECT_GE(word.sample, sample);
    EXPECT_LT(word.sample, num_samples);
    ASSERT_GE(word.text_begin, place);
    ASSERT_LT(word.text_begin, word.text_end);
    ASSERT_LE(word.text_end, text.size());
    absl::StrAppend(&left_out, text.substr(place, word.text_begin - place));
    sample = word.sample;
    place = word.text_end;
  }
  absl::StrAppend(&left_out, text.substr(place));
  // Only what is not said has no mark.
  EXPECT_FALSE(std::any_of(left_out.begin(), left_out.end(),
                           [](unsigned char c) { return absl::ascii_isalnum(c); }))
      << "'" << left_out << "'";
  // A word is told with the chunk that it begins in.
  int64_t chunk_begin = 0;
  for (const Chunk& chunk : speech.chunks) {
    const int64_t chunk_end = chunk_begin + static_cast<int64_t>(chunk.num_samples);
    for (const WordMark& word : chunk.words) {
      EXPECT_GE(word.sample, chunk_begin);
      EXPECT_LT(word.sample, chunk_end);
    }
    chunk_begin = chunk_end;
  }
}

std::string RandomText(uint64_t seed) {
  static const auto& pieces = *new std::vector<std::string>{
      "hello",       "World",    "a",      "I",     "25",    "1999",   "3.14",    "$5",     "50%",
      "Dr.",         "e.g.",     "U.S.A.", "-",     "--",    "...",    "?!",      "(",      ")",
      "\"",          "'",        "don't",  "to-do", "naïve", "漢字",   "😀",       "\xff",   "@",
      "foo@bar.com", "1/2",      "2nd",    "XIV",   "12:05", "#1",     "&",       "and/or", "C++",
      "x_y",         "*",        "yes,",   "no;",   "(so)",  "[that]", "{is}",    "\"it\"", "it's",
      "'tis",        "555-1234", "ABC123", "!",     ",",     "a,b",    "well...", "ok.\"",  "`x`",
      "<b>",         "=",        "+5",     "-3",    "0",     "1,000"};
  static const auto& spaces = *new std::vector<std::string>{" ", " ", " ", "  ", "\n", "\t", ""};
  std::mt19937_64 random(seed);
  std::string text;
  for (uint64_t i = 0; i < 1 + random() % 12; ++i) {
    absl::StrAppend(&text, pieces[random() % pieces.size()], spaces[random() % spaces.size()]);
  }
  return text;
}

TEST(FliteSynthesizerTest, MarksAreInOrderAndCoverAllThatIsSaid) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const std::string text = RandomText(seed);
    ExpectSoundMarks(text, Say("kal16", text));
    if (seed <= 20) ExpectSoundMarks(text, Say("slt", text));
  }
}

TEST(FliteSynthesizerTest, MarksLongTexts) {
  std::string text;
  for (int i = 0; text.size() < 9000; ++i) {
    absl::StrAppend(&text, "This is sentence ", i, ", and it's \"one\" of many. ");
  }
  const Speech speech = Say("kal16", text);
  ExpectSoundMarks(text, speech);
  EXPECT_EQ(speech.words.size(), static_cast<size_t>(std::count(text.begin(), text.end(), ' ')));
}

// Flite itself writes past the end of a buffer.
TEST(FliteSynthesizerTest, SurvivesLongRunsOfPunctuation) {
  for (const char* mark : {".", "!?", ")", "\"", "-", "'"}) {
    for (const int count : {150, 199, 200, 201, 257, 400, 4000}) {
      std::string text = "a";
      for (int i = 0; i < count; ++i) absl::StrAppend(&text, mark);
      absl::StrAppend(&text, " b");
      SCOPED_TRACE(absl::StrCat(count, " times ", mark));
      const Speech speech = Say("kal16", text);
      ExpectSoundMarks(text, speech);
      EXPECT_EQ(speech.words.size(), 2u);
    }
  }
}

// What is no word is begun, and then left out.
TEST(FliteSynthesizerTest, SaysLittleOfWhatIsTooLongForAWord) {
  const std::string text = absl::StrCat("begin ", std::string(9000, 'a'), " end");
  const Speech speech = Say("kal16", text);
  ExpectSoundMarks(text, speech);
  EXPECT_EQ(speech.words.size(), 3u);
  EXPECT_EQ(speech.samples,
            Say("kal16", absl::StrCat("begin ", std::string(200, 'a'), " end")).samples);
}

// What Flite gives without anybody who listens while it speaks.
TEST(FliteSynthesizerTest, TheSoundIsFlitesOwn) {
  for (const char* text : {"Hello, world. The timer is set for 25 minutes; it will ring!",
                           "He said \"(maybe)\" at 5:30 p.m.", "漢字 naïve", "a"}) {
    for (const std::string voice : {"kal16", "slt"}) {
      const std::vector<int16_t> samples = Say(voice, text).samples;
      // Nobody else uses the voice meanwhile.
      cst_wave* wave = flite_text_to_wave(
          text, voice == "slt" ? register_cmu_us_slt(nullptr) : register_cmu_us_kal16(nullptr));
      ASSERT_NE(wave, nullptr);
      const std::vector<int16_t> own(wave->samples, wave->samples + wave->num_samples);
      delete_wave(wave);
      // The breath of the other voice is noise, which differs each time.
      EXPECT_EQ(samples.size(), own.size()) << voice << ": " << text;
      EXPECT_TRUE(voice == "slt" || samples == own) << text;
    }
  }
}

// Where sound begins at or after `from`, in steps of 5 ms.
int64_t Onset(absl::Span<const int16_t> samples, int64_t from) {
  constexpr int64_t kStep = 80;
  const auto end = static_cast<int64_t>(samples.size());
  for (int64_t at = from; at + kStep <= end; at += kStep) {
    if (audio::Level(samples.subspan(static_cast<size_t>(at), kStep)) > 200) return at;
  }
  return end;
}

// After a pause, silence ends where the mark says that a word begins, or up to 30 ms later: it
// takes some time to become loud. These words begin with vowels and sonorants; a plosive is
// preceded by up to 100 ms of silence that are a part of it.
TEST(FliteSynthesizerTest, WordsAreHeardWhereTheirMarksSay) {
  constexpr int64_t kSilence = 640;
  for (const std::string voice : {"kal16", "slt"}) {
    for (const std::string text : {"One, nine, eleven, and more.",
                                   "Yes. It is done. Anything else?", "Now; always; never."}) {
      const Speech speech = Say(voice, text);
      int num_pauses = 0;
      bool after_pause = true;
      for (const WordMark& word : speech.words) {
        SCOPED_TRACE(absl::StrCat(voice, ": ", text.substr(word.text_begin), " at ", word.sample));
        if (after_pause) {
          ++num_pauses;
          ASSERT_GE(word.sample, kSilence);
          const int64_t late = Onset(speech.samples, word.sample - kSilence) - word.sample;
          EXPECT_GE(late, -80);
          EXPECT_LE(late, 480);
        }
        after_pause = absl::ascii_ispunct(static_cast<unsigned char>(text[word.text_end - 1]));
      }
      EXPECT_GE(num_pauses, 3);
      // The last word is heard, too.
      EXPECT_LT(Onset(speech.samples, speech.words.back().sample),
                static_cast<int64_t>(speech.samples.size()));
    }
  }
}

}  // namespace
}  // namespace parlance::pipeline
