#include "pipeline/parts/remote_speech_metrics.h"

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"

namespace parlance::pipeline {
namespace {

constexpr absl::string_view kAnswered = "answered";
constexpr absl::string_view kCancelled = "cancelled";

absl::string_view NameOf(size_t failure) {
  return RemoteFailureName(static_cast<RemoteFailure>(failure));
}

std::vector<absl::string_view> Results() {
  std::vector<absl::string_view> results = {kAnswered, kCancelled};
  for (size_t i = 0; i < kNumRemoteFailures; ++i) results.push_back(NameOf(i));
  return results;
}

}  // namespace

RemoteSpeechMetrics::RemoteSpeechMetrics(MetricRegistry* registry) {
  recognition_.requests =
      registry->AddCounter({.name = "parlance_remote_recognition",
                            .help = "Utterances that a server was sent, by what came of them.",
                            .label = "result"},
                           Results());
  recognition_.fallbacks =
      registry->AddCounter({.name = "parlance_recognition_fallbacks",
                            .help = "Utterances that were recognised here in a server's place."});
  synthesis_.requests =
      registry->AddCounter({.name = "parlance_remote_synthesis",
                            .help = "Texts that a server was sent, by what came of them.",
                            .label = "result"},
                           Results());
  synthesis_.fallbacks =
      registry->AddCounter({.name = "parlance_synthesis_fallbacks",
                            .help = "Texts that were spoken here in a server's place."});
}

void RemoteSpeechMetrics::Set(const RemoteStats& stats, Service& service) {
  annotated::MutexLock lock(mutex_);
  service.requests->Add(kAnswered, stats.num_answers - service.told.num_answers);
  service.requests->Add(kCancelled, stats.num_cancelled - service.told.num_cancelled);
  for (size_t i = 0; i < kNumRemoteFailures; ++i) {
    service.requests->Add(NameOf(i), stats.num_failed[i] - service.told.num_failed[i]);
  }
  service.fallbacks->Add("", stats.num_fallbacks - service.told.num_fallbacks);
  service.told = stats;
}

}  // namespace parlance::pipeline
