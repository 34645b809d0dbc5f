#include "pipeline/telemetry/trace_settings.h"

#include <map>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

absl::StatusOr<TraceSettings> Of(const std::map<std::string, std::string>& environment) {
  return TraceSettingsOf([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(TraceSettingsTest, AnEmptyEnvironmentNamesNothing) {
  for (const std::map<std::string, std::string>& environment :
       {std::map<std::string, std::string>(),
        std::map<std::string, std::string>{{"OTEL_EXPORTER_OTLP_ENDPOINT", ""},
                                           {"OTEL_SERVICE_NAME", " "}}}) {
    const auto settings = Of(environment);
    ASSERT_THAT(settings, IsOk());
    EXPECT_EQ(settings->url, "");
    EXPECT_EQ(settings->service_name, "parlance");
    EXPECT_THAT(settings->headers, IsEmpty());
  }
}

TEST(TraceSettingsTest, EndpointsAreThoseOfTheSpecification) {
  EXPECT_EQ(Of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"}})->url, "http://c:4318/v1/traces");
  EXPECT_EQ(Of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c/base/"}})->url,
            "http://c/base/v1/traces");
  // The one for traces goes before, as it is.
  EXPECT_EQ(Of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"},
                {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:9/spans"}})
                ->url,
            "http://t:9/spans");
  EXPECT_EQ(Of({{"OTEL_SERVICE_NAME", "office"}})->service_name, "office");
}

TEST(TraceSettingsTest, HeadersArePairs) {
  const auto settings =
      Of({{"OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Cb%3D, Authorization=Basic%20eA==,x="}});
  ASSERT_THAT(settings, IsOk());
  EXPECT_THAT(settings->headers, ElementsAre(Pair("api-key", "a,b="),
                                             Pair("Authorization", "Basic eA=="), Pair("x", "")));
  for (const char* wrong : {"secret", "=secret", "a=b,secret", "a=secret%2", "a=%zzsecret"}) {
    EXPECT_THAT(Of({{"OTEL_EXPORTER_OTLP_HEADERS", wrong}}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("OTEL_EXPORTER_OTLP_HEADERS"), Not(HasSubstr("secret")))))
        << wrong;
  }
}

TEST(TraceSettingsTest, ATypedServerGetsThePath) {
  EXPECT_EQ(TracesUrl("http://localhost:4318"), "http://localhost:4318/v1/traces");
  EXPECT_EQ(TracesUrl("http://localhost:4318/"), "http://localhost:4318/v1/traces");
  EXPECT_EQ(TracesUrl("https://c/otlp/v1/traces"), "https://c/otlp/v1/traces");
  EXPECT_EQ(TracesUrl("https://c?key=1"), "https://c?key=1");
}

}  // namespace
}  // namespace parlance::pipeline
