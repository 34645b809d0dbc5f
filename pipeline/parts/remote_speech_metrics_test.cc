#include "pipeline/parts/remote_speech_metrics.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/remote_speech/remote_service.h"
#include "pipeline/telemetry/metrics.h"

namespace parlance::pipeline {
namespace {

using testing::HasSubstr;

TEST(RemoteSpeechMetricsTest, WhatHappenedIsCountedOnce) {
  MetricRegistry registry;
  RemoteSpeechMetrics metrics(&registry);
  EXPECT_THAT(registry.Text(),
              HasSubstr("parlance_remote_recognition_total{result=\"too_late\"} 0\n"));
  RemoteStats stats = {
      .num_requests = 3, .num_answers = 1, .num_failed = {0, 2}, .num_fallbacks = 4};
  metrics.SetRecognition(stats);
  metrics.SetRecognition(stats);
  stats.num_answers = 2;
  stats.num_cancelled = 1;
  metrics.SetRecognition(stats);
  metrics.SetSynthesis({.num_fallbacks = 1});
  const std::string text = registry.Text();
  for (const char* const line : {"parlance_remote_recognition_total{result=\"answered\"} 2\n",
                                 "parlance_remote_recognition_total{result=\"cancelled\"} 1\n",
                                 "parlance_remote_recognition_total{result=\"too_late\"} 2\n",
                                 "parlance_remote_recognition_total{result=\"unavailable\"} 0\n",
                                 "parlance_recognition_fallbacks_total 4\n",
                                 "parlance_remote_synthesis_total{result=\"answered\"} 0\n",
                                 "parlance_synthesis_fallbacks_total 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

}  // namespace
}  // namespace parlance::pipeline
