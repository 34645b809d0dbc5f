#include <string>

#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "words.h"

TEST(WordsPerformance, CountsABook) {
  std::string book;
  for (int i = 0; i < 100'000; ++i) book += "word ";
  perf::Recorder recorder({.name = "words.count_book",
                           .title = "Count of a Book",
                           .unit = "ms",
                           .better = perf::LOWER});
  for (int64_t i = 0; i < perf::Load("books"); ++i) {
    const int words = recorder.Time([&] { return CountWords(book); });
    EXPECT_EQ(words, 100'000);
  }
}
