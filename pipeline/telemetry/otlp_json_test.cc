#include "pipeline/telemetry/otlp_json.h"

#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/telemetry/span.h"
#include "pipeline/telemetry/testing/otlp_checker.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using testing::ElementsAre;
using testing::Not;
using testing::Pair;

Span AnySpan() {
  return {.trace_id_high = 0x0123456789abcdef,
          .trace_id_low = 0xf,
          .span_id = 0xa,
          .parent_span_id = 0xffffffffffffffff,
          .name = "tools",
          .start = absl::FromUnixNanos(1'700'000'000'123'456'789),
          .end = absl::FromUnixNanos(1'700'000'001'000'000'000),
          .attributes = {{"text", "a \"quoted\" word"}, {"number", int64_t{-5}}, {"flag", true}},
          .events = {{.name = "heard", .time = absl::FromUnixNanos(1'700'000'000'500'000'000)}},
          .failed = true};
}

// Byte by byte, as the protocol's examples have it.
TEST(OtlpJsonTest, ARequestIsWhatTheProtocolSays) {
  const Span span = AnySpan();
  EXPECT_EQ(
      ExportTraceRequestJson("parlance", {span}),
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",)"
      R"("value":{"stringValue":"parlance"}}]},"scopeSpans":[{"scope":{"name":"parlance.pipeline"},)"
      R"("spans":[{"traceId":"0123456789abcdef000000000000000f","spanId":"000000000000000a",)"
      R"("parentSpanId":"ffffffffffffffff","name":"tools","kind":1,)"
      R"("startTimeUnixNano":"1700000000123456789","endTimeUnixNano":"1700000001000000000",)"
      R"("attributes":[{"key":"text","value":{"stringValue":"a \"quoted\" word"}},)"
      R"({"key":"number","value":{"intValue":"-5"}},{"key":"flag","value":{"boolValue":true}}],)"
      R"("events":[{"timeUnixNano":"1700000000500000000","name":"heard"}],)"
      R"("status":{"code":2}}]}]}]})");
}

TEST(OtlpJsonTest, AReceiverReadsIt) {
  const auto request = ReadTraceRequest(ExportTraceRequestJson("my service", {AnySpan()}));
  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(request->resource, ElementsAre(Pair("service.name", "my service")));
  ASSERT_EQ(request->spans.size(), 1u);
  const ReceivedSpan& span = request->spans[0];
  EXPECT_EQ(span.name, "tools");
  EXPECT_EQ(span.end - span.start, 876'543'211);
  EXPECT_EQ(span.attributes.at("number"), "-5");
  EXPECT_TRUE(span.failed);
}

// What others wrote does not break the request, nor make it as long as they like.
TEST(OtlpJsonTest, AnyTextIsWritten) {
  Span span = AnySpan();
  span.parent_span_id = 0;
  span.attributes = {{"binary", std::string("\xFF\0\n", 3)}, {"long", std::string(100'000, 'x')}};
  const std::string json = ExportTraceRequestJson("parlance", {span});
  EXPECT_EQ(json.find('\n'), std::string::npos);
  const auto request = ReadTraceRequest(json);
  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->spans[0].parent_span_id, "");
  EXPECT_EQ(request->spans[0].attributes.at("binary"), std::string("\xEF\xBF\xBD\0\n", 5));
  EXPECT_EQ(request->spans[0].attributes.at("long").size(), kMaxAttributeBytes);
}

// What the checker would let pass would prove nothing of those that pass.
TEST(OtlpCheckerTest, RefusesWhatIsNotOfTheProtocol) {
  const std::string good = ExportTraceRequestJson("parlance", {AnySpan()});
  const std::pair<const char*, const char*> kReplacements[] = {
      {"resourceSpans", "resource_spans"},
      {R"("kind":1)", R"("kind":"SPAN_KIND_INTERNAL")"},
      {R"("kind":1)", R"("kind":6)"},
      {R"("kind":1,)", ""},
      {R"("kind":1)", R"("kind":1,"kind":1)"},
      {R"("kind":1)", R"("kind":1,"surprise":1)"},
      {R"("startTimeUnixNano":"1700000000123456789")",
       R"("startTimeUnixNano":1700000000123456789)"},
      {R"("startTimeUnixNano":"1700000000123456789")", R"("startTimeUnixNano":"1.7e18")"},
      {R"("endTimeUnixNano":"1700000001000000000")", R"("endTimeUnixNano":"1")"},
      {"0123456789abcdef000000000000000f", "ASNFZ4mrze8AAAAAAAAADw=="},
      {"0123456789abcdef000000000000000f", "00000000000000000000000000000000"},
      {"000000000000000a", "a"},
      {R"({"intValue":"-5"})", R"({"intValue":-5})"},
      {R"({"intValue":"-5"})", R"({"intValue":"-5","boolValue":true})"},
      {R"({"intValue":"-5"})", "{}"},
      {R"({"intValue":"-5"})", R"("-5")"},
      {R"("key":"flag")", R"("key":"number")"},
      {R"("key":"flag")", R"("key":"")"},
      {R"({"code":2})", R"({"code":"STATUS_CODE_ERROR"})"},
      {R"({"code":2})", R"({"code":3})"},
      {R"("name":"tools")", R"("name":"")"},
      {R"("timeUnixNano":"1700000000500000000",)", ""},
      {"quoted", "\xFF"},
      {"]}]}]}", "]}]}"}};
  ASSERT_THAT(ReadTraceRequest(good), IsOk());
  for (const auto& [from, to] : kReplacements) {
    const std::string bad = absl::StrReplaceAll(good, {{from, to}});
    ASSERT_NE(bad, good) << from;
    EXPECT_THAT(ReadTraceRequest(bad), Not(IsOk())) << from << " -> " << to;
  }
}

}  // namespace
}  // namespace parlance::pipeline
