#include "pipeline/conversation/answer/spoken_answer.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

using testing::Each;
using testing::StartsWith;

// Adds a piece of which each word takes 100 samples of the value of its place.
void AddWords(int32_t id, const std::string& text, SpokenAnswer& answer) {
  answer.AddPiece(id, text);
  std::vector<WordMark> words;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = text.find(' ', begin);
    if (end == std::string::npos) end = text.size();
    if (end > begin) {
      words.push_back({.sample = static_cast<int64_t>(words.size()) * 100,
                       .text_begin = begin,
                       .text_end = end});
    }
    begin = end + 1;
  }
  std::vector<int16_t> sound;
  for (size_t i = 0; i < words.size(); ++i) sound.insert(sound.end(), 100, static_cast<int16_t>(i));
  answer.AddSound(id, sound, words);
  answer.EndPiece(id);
}

size_t Take(SpokenAnswer& answer, size_t samples) {
  std::vector<int16_t> frame(samples);
  return answer.Take(absl::MakeSpan(frame));
}

// What was heard of all pieces.
std::string Heard(const SpokenAnswer& answer, int64_t position) {
  return answer.HeardText(position, 0, 1000);
}

TEST(SpokenAnswerTest, GivesWhatIsReleased) {
  SpokenAnswer answer;
  AddWords(7, "one two ", answer);
  AddWords(8, "three", answer);
  std::vector<int16_t> frame(250, -1);
  EXPECT_EQ(answer.Take(absl::MakeSpan(frame)), 0u);
  answer.Release(7);
  EXPECT_EQ(answer.num_waiting(), 200);
  EXPECT_EQ(answer.Take(absl::MakeSpan(frame)), 200u);
  EXPECT_EQ(answer.first_open(), 8);
  EXPECT_THAT(absl::MakeSpan(frame).subspan(0, 100), Each(0));
  EXPECT_THAT(absl::MakeSpan(frame).subspan(100, 100), Each(1));
  answer.Release(8);
  EXPECT_EQ(answer.Take(absl::MakeSpan(frame).subspan(0, 60)), 60u);
  EXPECT_EQ(answer.taken(), 260);
  EXPECT_EQ(answer.Take(absl::MakeSpan(frame)), 40u);
  EXPECT_EQ(answer.first_open(), 9);
  EXPECT_EQ(answer.Take(absl::MakeSpan(frame)), 0u);
}

TEST(SpokenAnswerTest, OneFrameMayHaveTheEndOfAPieceAndTheBeginningOfTheNext) {
  SpokenAnswer answer;
  AddWords(1, "one ", answer);
  AddWords(2, "two ", answer);
  answer.Release(1);
  answer.Release(2);
  EXPECT_EQ(Take(answer, 150), 150u);
  EXPECT_EQ(answer.first_open(), 2);
}

TEST(SpokenAnswerTest, SoundThatIsStillMadeIsWaitedFor) {
  SpokenAnswer answer;
  answer.AddPiece(1, "one");
  answer.Release(1);
  answer.AddSound(1, std::vector<int16_t>(50), {});
  EXPECT_EQ(Take(answer, 100), 50u);
  EXPECT_EQ(answer.first_open(), 1);
  answer.AddSound(1, std::vector<int16_t>(20), {});
  answer.EndPiece(1);
  EXPECT_EQ(Take(answer, 100), 20u);
  EXPECT_EQ(answer.first_open(), 2);
}

TEST(SpokenAnswerTest, APieceWithoutSoundIsOverAtOnce) {
  SpokenAnswer answer;
  answer.AddPiece(1, "(…)");
  answer.EndPiece(1);
  answer.Release(1);
  EXPECT_EQ(Take(answer, 100), 0u);
  EXPECT_EQ(answer.first_open(), 2);
}

// To the sample.
TEST(SpokenAnswerTest, AWordIsHeardWhenAllOfItIs) {
  SpokenAnswer answer;
  AddWords(1, "It is five, ", answer);
  AddWords(2, "not six.", answer);
  answer.Release(1);
  answer.Release(2);
  Take(answer, 1000);
  EXPECT_EQ(Heard(answer, 0), "");
  EXPECT_EQ(Heard(answer, 99), "");
  EXPECT_EQ(Heard(answer, 100), "It");
  EXPECT_EQ(Heard(answer, 199), "It");
  EXPECT_EQ(Heard(answer, 200), "It is");
  EXPECT_EQ(Heard(answer, 299), "It is");
  EXPECT_EQ(Heard(answer, 300), "It is five,");
  EXPECT_EQ(Heard(answer, 399), "It is five,");
  EXPECT_EQ(Heard(answer, 400), "It is five, not");
  EXPECT_EQ(Heard(answer, 499), "It is five, not");
  EXPECT_EQ(Heard(answer, 500), "It is five, not six.");
  EXPECT_EQ(Heard(answer, 1 << 20), "It is five, not six.");
}

TEST(SpokenAnswerTest, WhatWasNotTakenWasNotHeard) {
  SpokenAnswer answer;
  AddWords(1, "It is five, ", answer);
  answer.Release(1);
  Take(answer, 120);
  EXPECT_EQ(Heard(answer, 300), "It");
}

TEST(SpokenAnswerTest, WhatWasHeardOfSomePieces) {
  SpokenAnswer answer;
  AddWords(1, "one two ", answer);
  AddWords(2, "three four ", answer);
  answer.Release(1);
  answer.Release(2);
  Take(answer, 1000);
  EXPECT_EQ(answer.HeardText(300, 1, 1), "one two");
  EXPECT_EQ(answer.HeardText(300, 2, 2), "three");
  EXPECT_EQ(answer.HeardText(100, 2, 2), "");
}

TEST(SpokenAnswerTest, WhatHasNoSoundWasNotHeard) {
  SpokenAnswer answer;
  AddWords(1, "one two ", answer);
  answer.AddPiece(2, "never said ");
  answer.EndPiece(2, /*failed=*/true);
  AddWords(3, "three", answer);
  for (int32_t id = 1; id <= 3; ++id) answer.Release(id);
  EXPECT_EQ(Take(answer, 1000), 300u);
  EXPECT_EQ(Heard(answer, 300), "one two three");
}

TEST(SpokenAnswerTest, APieceThatBreaksOffWasHeardToItsLastWholeWord) {
  SpokenAnswer answer;
  answer.AddPiece(1, "one two three ");
  const std::vector<WordMark> words = {{.sample = 0, .text_begin = 0, .text_end = 3},
                                       {.sample = 100, .text_begin = 4, .text_end = 7}};
  answer.AddSound(1, std::vector<int16_t>(150), words);
  answer.EndPiece(1, /*failed=*/true);
  AddWords(2, "four", answer);
  answer.Release(1);
  answer.Release(2);
  EXPECT_EQ(Take(answer, 1000), 250u);
  EXPECT_EQ(Heard(answer, 120), "one");
  EXPECT_EQ(Heard(answer, 250), "one four");
}

TEST(SpokenAnswerTest, TextThroughAPiece) {
  SpokenAnswer answer;
  answer.AddPiece(4, "One, ");
  answer.AddPiece(5, "two. ");
  EXPECT_EQ(answer.Text(1, 3), "");
  EXPECT_EQ(answer.Text(4, 4), "One,");
  EXPECT_EQ(answer.Text(4, 5), "One, two.");
  EXPECT_EQ(answer.Text(5, 5), "two.");
  EXPECT_EQ(answer.Text(-7, 1000), "One, two.");
}

TEST(SpokenAnswerTest, OtherAnswersPiecesAreIgnored) {
  SpokenAnswer answer;
  AddWords(1, "one", answer);
  answer.Clear();
  AddWords(2, "two", answer);
  answer.AddSound(1, std::vector<int16_t>(500), {});
  answer.AddSound(3, std::vector<int16_t>(500), {});
  answer.Release(1);
  answer.Release(2);
  EXPECT_EQ(Take(answer, 1000), 100u);
  EXPECT_EQ(Heard(answer, 100), "two");
}

TEST(SpokenAnswerTest, NothingComesAfterAStop) {
  SpokenAnswer answer;
  AddWords(1, "one two ", answer);
  AddWords(2, "three", answer);
  answer.Release(1);
  answer.Release(2);
  EXPECT_EQ(Take(answer, 150), 150u);
  answer.Stop();
  answer.AddSound(2, std::vector<int16_t>(500), {});
  EXPECT_EQ(Take(answer, 1000), 0u);
  EXPECT_EQ(answer.num_waiting(), 0);
  EXPECT_EQ(Heard(answer, answer.taken()), "one");
}

TEST(SpokenAnswerTest, PiecesAreHeardLaterThanTheyAreTaken) {
  SpokenAnswer answer;
  AddWords(1, "one two ", answer);
  AddWords(2, "three", answer);
  answer.Release(1);
  answer.Release(2);
  EXPECT_EQ(answer.FirstUnheard(0), 1);
  Take(answer, 250);
  EXPECT_EQ(answer.FirstUnheard(199), 1);
  EXPECT_EQ(answer.FirstUnheard(200), 2);
  EXPECT_EQ(answer.FirstUnheard(1000), 2);
  Take(answer, 250);
  EXPECT_EQ(answer.FirstUnheard(1000), 3);
}

TEST(SpokenAnswerTest, WrongMarksAreNotBelieved) {
  SpokenAnswer answer;
  answer.AddPiece(1, "one two");
  const std::vector<WordMark> words = {{.sample = 50, .text_begin = 0, .text_end = 3},
                                       {.sample = 10, .text_begin = 90, .text_end = 40},
                                       {.sample = 60, .text_begin = 4, .text_end = 7000}};
  answer.AddSound(1, std::vector<int16_t>(100), words);
  answer.EndPiece(1);
  answer.Release(1);
  Take(answer, 100);
  EXPECT_EQ(Heard(answer, 99), "one two");
  EXPECT_EQ(Heard(answer, 40), "");
}

// However the sound comes and goes, what was heard only grows, and is a beginning of the text.
TEST(SpokenAnswerTest, WhatWasHeardGrows) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    SpokenAnswer answer;
    for (int32_t id = 1; id <= 3; ++id) AddWords(id, "some words, and more of them. ", answer);
    const std::string whole = answer.Text(1, 3);
    std::string last;
    int32_t released = 0;
    while (answer.first_open() <= 3) {
      if (released < 3 && random() % 4 == 0) answer.Release(++released);
      Take(answer, random() % 90);
      const std::string heard = Heard(answer, answer.taken());
      EXPECT_THAT(heard, StartsWith(last));
      EXPECT_THAT(whole, StartsWith(heard));
      last = heard;
    }
    EXPECT_EQ(last, whole);
  }
}

}  // namespace
}  // namespace parlance::pipeline
