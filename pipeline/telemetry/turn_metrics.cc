#include "pipeline/telemetry/turn_metrics.h"

#include <array>
#include <cstddef>
#include <vector>

#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "pipeline/conversation/turn/turn_machine.h"

namespace parlance::pipeline {
namespace {

// Seconds: fine where an answer feels prompt, and up to what a conversation waits for an agent.
constexpr double kBounds[] = {0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5,
                              0.75,  1,    1.5,  2,    3,   5,   10,  30};

std::string EndingLabel(TurnEnding ending) {
  return absl::StrReplaceAll(TurnEndingName(ending), {{" ", "_"}});
}

}  // namespace

TurnMetrics::TurnMetrics(MetricRegistry* registry) {
  latency_ = registry->AddHistogram(
      {.name = "parlance_turn_latency_seconds",
       .unit = "seconds",
       .help = "Time from the end of speech to the first sound of the answer."},
      kBounds);
  std::vector<absl::string_view> stages;
  for (size_t i = 0; i < kNumTurnStages; ++i) {
    stages.push_back(TurnStageName(static_cast<TurnStage>(i)));
  }
  stages_ = registry->AddHistogram(
      {.name = "parlance_turn_stage_seconds",
       .unit = "seconds",
       .help = "Time that a turn waited for each stage; their sum is the turn's latency.",
       .label = "stage"},
      kBounds, stages);
  played_ = registry->AddHistogram(
      {.name = "parlance_turn_played_seconds",
       .unit = "seconds",
       .help = "Time from the end of speech until the answer was known to be played."},
      kBounds);
  std::vector<std::string> endings;
  for (const TurnEnding ending :
       {TurnEnding::kAnswered, TurnEnding::kInterrupted, TurnEnding::kNothingSaid,
        TurnEnding::kNotStored, TurnEnding::kHungUp}) {
    endings.push_back(EndingLabel(ending));
  }
  turns_ = registry->AddCounter(
      {.name = "parlance_turns", .help = "Turns, by how they ended.", .label = "ending"},
      std::vector<absl::string_view>(endings.begin(), endings.end()));
  store_failures_ = registry->AddCounter(
      {.name = "parlance_store_failures",
       .help = "Times that the session store failed after what it was to keep had been said."});
  dropped_ = registry->AddCounter(
      {.name = "parlance_dropped", .help = "What found no room, by what it was.", .label = "what"},
      {"announcements", "spans"});
  spans_ = registry->AddCounter({.name = "parlance_spans",
                                 .help = "Spans of traces, by what became of them.",
                                 .label = "result"},
                                {"failed", "sent"});
}

void TurnMetrics::Add(const TurnReport& report) {
  turns_->Add(EndingLabel(report.ending), 1);
  // A turn that was not heard, or that nobody waited for, has no latency.
  if (report.heard.empty() || report.waits.empty()) return;
  latency_->Observe("", absl::ToDoubleSeconds(report.latency.total()));
  for (size_t i = 0; i < kNumTurnStages; ++i) {
    stages_->Observe(TurnStageName(static_cast<TurnStage>(i)),
                     absl::ToDoubleSeconds(report.latency.stages[i]));
  }
  if (report.latency.played.has_value()) {
    played_->Observe("", absl::ToDoubleSeconds(*report.latency.played));
  }
}

void TurnMetrics::AddStoreFailures(int64_t count) { store_failures_->Add("", count); }

void TurnMetrics::AddDroppedAnnouncements(int64_t count) { dropped_->Add("announcements", count); }

void TurnMetrics::SetSpans(const SpanExporter::Counts& counts) {
  annotated::MutexLock lock(mutex_);
  spans_->Add("sent", counts.sent - told_.sent);
  spans_->Add("failed", counts.failed - told_.failed);
  dropped_->Add("spans", counts.dropped - told_.dropped);
  told_ = counts;
}

}  // namespace parlance::pipeline
