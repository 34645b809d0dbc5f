#include <string>

#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/recorder.h"
#include "words.h"

TEST(WordsTest, CountsABook) {
  const std::string book(10'000'000, 'x');
  perf::Recorder recorder({.name = "words.count_book",
                           .title = "Count of a Book",
                           .unit = "ms",
                           .better = perf::LOWER});
  for (int64_t i = 0; i < perf::Load("books"); ++i) {
    EXPECT_EQ(recorder.Time([&] { return CountWords(book); }), 1);
  }
}
