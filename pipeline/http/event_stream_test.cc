#include "pipeline/http/event_stream.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

using Events = std::vector<std::pair<std::string, std::string>>;

// The events of a stream that comes in pieces of `size` bytes.
Events Read(absl::string_view stream, size_t size) {
  EventStream reader(1000);
  Events events;
  for (size_t begin = 0; begin < stream.size(); begin += size) {
    EXPECT_THAT(reader.Append(stream.substr(begin, size),
                              [&](const ServerSentEvent& event) {
                                events.emplace_back(event.type, event.data);
                                return true;
                              }),
                IsOk());
  }
  return events;
}

struct Case {
  const char* name;
  std::string stream;
  Events events;
};

std::vector<Case> Cases() {
  return {
      {"one event", "data: a\n\n", {{"message", "a"}}},
      {"no space after the colon", "data:a\n\n", {{"message", "a"}}},
      {"only the first space goes", "data:  a \n\n", {{"message", " a "}}},
      {"a type, which is of one event",
       "event: x\ndata: a\n\ndata: b\n\n",
       {{"x", "a"}, {"message", "b"}}},
      {"lines of data", "data: a\ndata: b\n\n", {{"message", "a\nb"}}},
      {"data without a colon is an empty line", "data\ndata\n\n", {{"message", "\n"}}},
      {"empty data is an event", "data:\n\n", {{"message", ""}}},
      {"no data is none", "event: x\n\n\n\n: x\n\n", {}},
      {"CRLF", "event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", {{"x", "a"}, {"message", "b"}}},
      {"CR", "event: x\rdata: a\r\rdata: b\r\r", {{"x", "a"}, {"message", "b"}}},
      {"line ends of all kinds",
       "data: a\r\n\rdata: b\n\r\ndata: c\r\r\n",
       {{"message", "a"}, {"message", "b"}, {"message", "c"}}},
      {"a comment", ": ping\n\ndata: a\n:\n: x\n\n", {{"message", "a"}}},
      {"a byte order mark",
       "\xEF\xBB\xBF"
       "data: a\n\n",
       {{"message", "a"}}},
      {"a second one is part of a field",
       "\xEF\xBB\xBF\xEF\xBB\xBF"
       "data: a\ndata: b\n\n",
       {{"message", "b"}}},
      {"fields that nobody knows",
       "id: 7\nretry: 10\ndat: x\nData: y\n data: z\ndata: a\n\n",
       {{"message", "a"}}},
      {"an event that does not end", "data: a\n\ndata: b\n", {{"message", "a"}}},
      {"a NUL and what is not UTF-8",
       absl::StrCat("data: a", absl::string_view("\0\xFF", 2), "\n\n"),
       {{"message", std::string("a\0\xFF", 3)}}},
      {"a colon in the data", "data: a: b\n\n", {{"message", "a: b"}}},
  };
}

TEST(EventStreamTest, EventsAreReadHoweverTheStreamIsCut) {
  for (const Case& each : Cases()) {
    for (size_t size = 1; size <= each.stream.size(); ++size) {
      EXPECT_THAT(Read(each.stream, size), ElementsAreArray(each.events))
          << each.name << ", in pieces of " << size;
    }
  }
}

TEST(EventStreamTest, WhoHasEnoughReadsNoFurther) {
  EventStream reader(100);
  std::vector<std::string> data;
  const auto until_end = [&](const ServerSentEvent& event) {
    data.emplace_back(event.data);
    return event.data != "end";
  };
  EXPECT_THAT(reader.Append("data: a\n\ndata: end\n\ndata: b\n\n", until_end), IsOk());
  EXPECT_THAT(reader.Append(std::string(1000, 'x'), until_end), IsOk());
  EXPECT_THAT(data, ElementsAre("a", "end"));
}

TEST(EventStreamTest, UnknownFieldsAreToldOf) {
  EventStream reader(100);
  std::vector<std::string> fields;
  reader.OnUnknownField([&](absl::string_view name, absl::string_view value) {
    fields.push_back(absl::StrCat(name, "=", value));
  });
  EXPECT_THAT(reader.Append("error: {}\nid: 1\nretry: 2\n: c\ndata: a\nevent: e\nfoo\n\n",
                            [](const ServerSentEvent&) { return true; }),
              IsOk());
  EXPECT_THAT(fields, ElementsAre("error={}", "foo="));
}

TEST(EventStreamTest, WhatIsTooLongIsRefused) {
  const auto read = [](absl::string_view stream, size_t size) {
    EventStream reader(10);
    int num_events = 0;
    for (; !stream.empty(); stream.remove_prefix(std::min(size, stream.size()))) {
      const absl::Status status = reader.Append(stream.substr(0, size), [&](const auto&) {
        ++num_events;
        return true;
      });
      if (!status.ok()) return status;
    }
    EXPECT_GT(num_events, 0);
    return absl::OkStatus();
  };
  for (const size_t size : {1, 3, 1000}) {
    EXPECT_THAT(read("data: 4567\n\n", size), IsOk());
    EXPECT_THAT(read("data: 45678\n\n", size),
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("a line")));
    EXPECT_THAT(read("data:12345\ndata:678\n\n", size), IsOk());
    EXPECT_THAT(read("data:12345\ndata:6789\n\n", size),
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("an event")));
  }
}

}  // namespace
}  // namespace parlance::pipeline
