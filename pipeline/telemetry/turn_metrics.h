// Turns in numbers: how long each stage was, how turns ended, and what was lost.
//
//   parlance_turn_latency_seconds                 from the end of speech to the first sound of the
//                                                 answer, of turns that were heard
//   parlance_turn_stage_seconds{stage}            the stages that it consists of
//   parlance_turn_played_seconds                  from the end of speech until the first sound was
//                                                 known to have been played, where somebody tells
//   parlance_turns_total{ending}                  turns, by how they ended
//   parlance_store_failures_total                 times that the store failed, and nobody could be
//                                                 told of it any more
//   parlance_dropped_total{what}                  what had no room: announcements, spans
//   parlance_spans_total{result}                  spans sent, and those that failed
//
// Threads: any.
#ifndef PIPELINE_TELEMETRY_TURN_METRICS_H_
#define PIPELINE_TELEMETRY_TURN_METRICS_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/telemetry/metrics.h"
#include "pipeline/telemetry/span_exporter.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

class TurnMetrics {
 public:
  // `registry` must outlive the metrics.
  explicit TurnMetrics(MetricRegistry* registry);

  void Add(const TurnReport& report);
  void AddStoreFailures(int64_t count);
  void AddDroppedAnnouncements(int64_t count);
  // What an exporter counts since its beginning; what of it was told before is not added again.
  void SetSpans(const SpanExporter::Counts& counts);

 private:
  MetricRegistry::Histogram* latency_;
  MetricRegistry::Histogram* stages_;
  MetricRegistry::Histogram* played_;
  MetricRegistry::Counter* turns_;
  MetricRegistry::Counter* store_failures_;
  MetricRegistry::Counter* dropped_;
  MetricRegistry::Counter* spans_;
  annotated::Mutex mutex_;
  SpanExporter::Counts told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_TURN_METRICS_H_
