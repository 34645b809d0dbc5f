#include "pipeline/door/telephony/media_order.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::pipeline::door {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

// A chunk of 20 ms. Its first byte names it.
struct Sent {
  std::optional<int64_t> number;
  std::optional<int64_t> time_ms;
  char name;
};

std::vector<std::string> Order(const std::vector<Sent>& chunks) {
  std::vector<std::string> given;
  MediaOrder order(8000, [&](absl::string_view bytes, absl::Duration missing) {
    const std::string name(bytes.substr(0, 1));
    given.push_back(missing == absl::ZeroDuration()
                        ? name
                        : absl::StrCat(absl::FormatDuration(missing), " ", name));
  });
  for (const Sent& each : chunks) {
    if (!order.Add({.number = each.number,
                    .time_ms = each.time_ms,
                    .bytes = std::string(160, each.name)})) {
      given.push_back(absl::StrCat("dropped ", std::string(1, each.name)));
    }
  }
  return given;
}

TEST(MediaOrderTest, ChunksAreGivenInTheirOrder) {
  struct Case {
    const char* name;
    std::vector<Sent> chunks;
    std::vector<std::string> given;
  };
  const std::vector<Case> cases = {
      {"in order", {{1, 0, 'a'}, {2, 20, 'b'}, {3, 40, 'c'}}, {"a", "b", "c"}},
      {"two turned round",
       {{1, 0, 'a'}, {3, 40, 'c'}, {2, 20, 'b'}, {4, 60, 'd'}},
       {"a", "b", "c", "d"}},
      {"twice",
       {{1, 0, 'a'}, {1, 0, 'a'}, {3, 40, 'c'}, {3, 40, 'c'}, {2, 20, 'b'}},
       {"a", "dropped a", "dropped c", "b", "c"}},
      {"one lost",
       {{1, 0, 'a'},
        {3, 40, 'c'},
        {4, 60, 'd'},
        {5, 80, 'e'},
        {6, 100, 'f'},
        {7, 120, 'g'},
        {8, 140, 'h'},
        {2, 20, 'b'}},
       {"a", "c", "d", "e", "f", "g", "h", "dropped b"}},
      {"a gap in time only", {{1, 0, 'a'}, {2, 520, 'b'}, {3, 540, 'c'}}, {"a", "500ms b", "c"}},
      {"times that jitter",
       {{1, 0, 'a'}, {2, 41, 'b'}, {3, 40, 'c'}, {4, 99, 'd'}},
       {"a", "b", "c", "d"}},
      {"no numbers", {{std::nullopt, 0, 'a'}, {std::nullopt, 520, 'b'}}, {"a", "500ms b"}},
      {"nothing but sound",
       {{std::nullopt, std::nullopt, 'a'}, {std::nullopt, std::nullopt, 'b'}},
       {"a", "b"}},
      {"lost, and no times",
       {{1, {}, 'a'},
        {13, {}, 'c'},
        {14, {}, 'd'},
        {15, {}, 'e'},
        {16, {}, 'f'},
        {17, {}, 'g'},
        {18, {}, 'h'}},
       {"a", "220ms c", "d", "e", "f", "g", "h"}},
      {"a new count ahead",
       {{1, {}, 'a'}, {3, {}, 'c'}, {5000, {}, 'b'}, {5001, {}, 'd'}},
       {"a", "c", "b", "d"}},
      {"numbers out of range",
       {{-1, -5, 'a'}, {INT64_MAX, INT64_MAX, 'b'}, {INT64_MIN, INT64_MIN, 'c'}},
       {"a", "b", "c"}},
  };
  for (const Case& each : cases) {
    EXPECT_THAT(Order(each.chunks), ElementsAreArray(each.given)) << each.name;
  }
}

TEST(MediaOrderTest, WhoBeginsToCountAnewIsHeard) {
  std::vector<Sent> chunks = {{500, {}, 'a'}};
  for (int64_t number = 1; number <= 52; ++number) chunks.push_back({number, {}, 'b'});
  const std::vector<std::string> given = Order(chunks);
  EXPECT_EQ(given[50], "dropped b");
  EXPECT_THAT(std::vector<std::string>(given.end() - 2, given.end()), ElementsAre("b", "b"));
}

}  // namespace
}  // namespace parlance::pipeline::door
