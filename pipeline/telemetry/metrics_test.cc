#include "pipeline/telemetry/metrics.h"

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

using testing::HasSubstr;

TEST(MetricsTest, NothingIsAFileToo) { EXPECT_EQ(MetricRegistry().Text(), "# EOF\n"); }

TEST(MetricsTest, ACounterIsWhatOpenMetricsSays) {
  MetricRegistry registry;
  MetricRegistry::Counter* const turns =
      registry.AddCounter({.name = "turns", .help = "Turns.", .label = "ending"}, {"answered"});
  MetricRegistry::Counter* const failures =
      registry.AddCounter({.name = "failures", .help = "One \"line\"\nand \\ another."});
  turns->Add("hung_up", 2);
  turns->Add("hung_up", 1);
  turns->Add("hung_up", -5);
  failures->Add("", 0);
  EXPECT_EQ(registry.Text(),
            "# TYPE turns counter\n"
            "# HELP turns Turns.\n"
            "turns_total{ending=\"answered\"} 0\n"
            "turns_total{ending=\"hung_up\"} 3\n"
            "# TYPE failures counter\n"
            "# HELP failures One \\\"line\\\"\\nand \\\\ another.\n"
            "failures_total 0\n"
            "# EOF\n");
}

TEST(MetricsTest, AHistogramIsWhatOpenMetricsSays) {
  MetricRegistry registry;
  MetricRegistry::Histogram* const latency = registry.AddHistogram(
      {.name = "latency_seconds", .unit = "seconds", .help = "How long."}, {0.25, 1});
  // A bucket has what is at most its bound.
  for (const double seconds : {0.125, 0.25, 0.5, 1.0, 8.0}) latency->Observe("", seconds);
  latency->Observe("", std::nan(""));
  latency->Observe("", INFINITY);
  EXPECT_EQ(registry.Text(),
            "# TYPE latency_seconds histogram\n"
            "# UNIT latency_seconds seconds\n"
            "# HELP latency_seconds How long.\n"
            "latency_seconds_bucket{le=\"0.25\"} 2\n"
            "latency_seconds_bucket{le=\"1.0\"} 4\n"
            "latency_seconds_bucket{le=\"+Inf\"} 5\n"
            "latency_seconds_count 5\n"
            "latency_seconds_sum 9.875\n"
            "# EOF\n");
}

TEST(MetricsTest, LabelsAreEscaped) {
  MetricRegistry registry;
  MetricRegistry::Histogram* const stages =
      registry.AddHistogram({.name = "s", .help = "S.", .label = "stage"}, {1}, {"agent"});
  stages->Observe("a\"b\\c\nd", 2);
  EXPECT_THAT(registry.Text(), HasSubstr("s_bucket{stage=\"agent\",le=\"+Inf\"} 0\n"));
  EXPECT_THAT(registry.Text(), HasSubstr("s_bucket{stage=\"a\\\"b\\\\c\\nd\",le=\"+Inf\"} 1\n"));
}

TEST(MetricsTest, ManyThreadsCount) {
  MetricRegistry registry;
  MetricRegistry::Counter* const counter = registry.AddCounter({.name = "c", .help = "C."});
  MetricRegistry::Histogram* const histogram =
      registry.AddHistogram({.name = "h", .help = "H."}, {1});
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        counter->Add("", 1);
        histogram->Observe("", 0.5);
        EXPECT_TRUE(j % 100 != 0 || absl::EndsWith(registry.Text(), "# EOF\n"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(registry.Text(), HasSubstr("c_total 4000\n"));
  EXPECT_THAT(registry.Text(), HasSubstr("h_bucket{le=\"1.0\"} 4000\n"));
}

}  // namespace
}  // namespace parlance::pipeline
