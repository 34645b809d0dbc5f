#include "tools/mcp/transport/sse.h"

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::tools::mcp {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

std::vector<std::string> Events(SseParser& parser, absl::string_view text, size_t piece) {
  std::vector<std::string> events;
  while (!text.empty()) {
    const absl::Status status = parser.Append(text.substr(0, piece), [&](const SseEvent& event) {
      events.push_back(absl::StrCat(event.type, "|", event.data));
    });
    EXPECT_THAT(status, IsOk());
    text.remove_prefix(std::min(piece, text.size()));
  }
  return events;
}

TEST(SseTest, ReadsEventsHoweverTheyAreCut) {
  const std::string text =
      "\xEF\xBB\xBF"
      "id: 1\ndata: {\"a\":1}\n\n"
      ": a comment\r\nevent: other\rdata:  two\r\ndata\r\ndata:lines\r\n\r\n"
      "unknown: x\ndata: last\nid\n\n"
      "data: unfinished";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    SseParser parser(1000);
    EXPECT_EQ(
        Events(parser, text, piece),
        (std::vector<std::string>{"message|{\"a\":1}", "other| two\n\nlines", "message|last"}))
        << piece;
    EXPECT_EQ(parser.last_event_id(), "");
  }
}

TEST(SseTest, AnEventWithoutDataGivesItsIdOnly) {
  SseParser parser(1000);
  EXPECT_TRUE(Events(parser, "id: 7\nretry: 250\n", 100).empty());
  // Not before the event is complete.
  EXPECT_EQ(parser.last_event_id(), "");
  EXPECT_TRUE(Events(parser, "\n", 100).empty());
  EXPECT_EQ(parser.last_event_id(), "7");
  EXPECT_EQ(parser.retry(), std::chrono::milliseconds(250));
  // The id stays until another comes; neither field takes what it cannot be.
  EXPECT_EQ(
      Events(parser, absl::StrCat("id: 8", std::string(1, '\0'), "\nretry: 1s\ndata:x\n\n"), 100),
      std::vector<std::string>{"message|x"});
  EXPECT_EQ(parser.last_event_id(), "7");
  EXPECT_EQ(parser.retry(), std::chrono::milliseconds(250));
}

TEST(SseTest, BoundsLinesAndEvents) {
  const auto ignore = [](const SseEvent&) {};
  SseParser line(10);
  EXPECT_THAT(line.Append("0123456789", ignore), IsOk());
  EXPECT_THAT(line.Append("x", ignore), StatusIs(absl::StatusCode::kResourceExhausted));
  SseParser event(10);
  EXPECT_THAT(event.Append("data:1234\ndata:123\n", ignore), IsOk());
  EXPECT_THAT(event.Append("data:1\n", ignore), StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace parlance::tools::mcp
