// Tells the world of turns: each becomes a trace and counts in the metrics.
//
//   TurnTelemetry telemetry({.exporter = &exporter, .metrics = &metrics, .random = …});
//   …
//   telemetry.Add(session_id, conversation_began, report);   // in ConversationActions::TurnDone
//
// Add never waits: spans go to a queue (SpanExporter), and numbers are added up.
//
// Threads: any.
#ifndef PIPELINE_TELEMETRY_TURN_TELEMETRY_H_
#define PIPELINE_TELEMETRY_TURN_TELEMETRY_H_

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/telemetry/span_exporter.h"
#include "pipeline/telemetry/turn_metrics.h"
#include "pipeline/telemetry/turn_spans.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

class TurnTelemetry {
 public:
  struct Options {
    // The exporter that traces go to; null if there is none. Both must outlive the telemetry.
    SpanExporter* exporter = nullptr;
    // Where turns are counted; null if nowhere.
    TurnMetrics* metrics = nullptr;
    // For ids of traces and spans. Called by one thread at a time. Needed with an exporter.
    RandomBits random = {};
    // Whether traces have what was said, too.
    bool with_content = false;
  };

  explicit TurnTelemetry(Options options) : options_(std::move(options)) {}

  // `conversation_began`: the wall-clock time of the conversation's time zero.
  void Add(absl::string_view session_id, absl::Time conversation_began, const TurnReport& report) {
    if (options_.metrics != nullptr) options_.metrics->Add(report);
    if (options_.exporter == nullptr) return;
    annotated::MutexLock lock(mutex_);
    options_.exporter->Export(
        TurnSpans(session_id, conversation_began, report, options_.random, options_.with_content));
  }

 private:
  const Options options_;
  // The source of randomness is used.
  annotated::Mutex mutex_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_TURN_TELEMETRY_H_
