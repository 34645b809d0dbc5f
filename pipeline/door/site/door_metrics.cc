#include "pipeline/door/site/door_metrics.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace parlance::pipeline::door {
namespace {

class Text {
 public:
  void Gauge(absl::string_view name, absl::string_view help, double value) {
    Begin(name, "gauge", help);
    absl::StrAppend(&text_, name, " ", value, "\n");
  }
  // `labelled`: what `label` says, and how many there were of it.
  void Counter(absl::string_view name, absl::string_view help, absl::string_view label,
               const std::vector<std::pair<absl::string_view, int64_t>>& labelled) {
    Begin(name, "counter", help);
    for (const auto& [value, count] : labelled) {
      absl::StrAppend(&text_, name, "_total");
      if (!label.empty()) absl::StrAppend(&text_, "{", label, "=\"", value, "\"}");
      absl::StrAppend(&text_, " ", count, "\n");
    }
  }
  void Counter(absl::string_view name, absl::string_view help, int64_t count) {
    Counter(name, help, "", {{"", count}});
  }
  std::string Finish() { return text_ + "# EOF\n"; }

 private:
  void Begin(absl::string_view name, absl::string_view type, absl::string_view help) {
    absl::StrAppend(&text_, "# TYPE ", name, " ", type, "\n# HELP ", name, " ", help, "\n");
  }

  std::string text_;
};

}  // namespace

std::string DoorMetrics(const ServerStats& server, const RuntimeStats& runtime,
                        const std::map<std::string, int64_t>& faults) {
  Text text;
  text.Gauge("parlance_connections", "Connections that are open.",
             static_cast<double>(server.num_open));
  text.Counter("parlance_connections_accepted", "Connections that were accepted.",
               server.num_accepted);
  text.Counter("parlance_connections_refused", "Connections that were refused, by the reason.",
               "reason",
               {{"full", server.num_refused_full},
                {"peer", server.num_refused_peer},
                {"busy", server.num_refused_busy},
                {"request", server.num_refused_request},
                {"site", server.num_refused_site}});
  text.Counter("parlance_connections_ended", "Connections that were ended, by the reason.",
               "reason",
               {{"silent", server.num_timed_out},
                {"not_reading", server.num_slow_readers},
                {"flooding", server.num_flooding},
                {"protocol", server.num_protocol_errors},
                {"broken_off", server.num_broken_off}});
  text.Counter("parlance_messages", "Messages, by their direction.", "direction",
               {{"in", server.num_messages_in}, {"out", server.num_messages_out}});
  text.Counter("parlance_bytes", "Bytes, by their direction.", "direction",
               {{"in", server.num_bytes_in}, {"out", server.num_bytes_out}});
  text.Counter("parlance_peer_faults",
               "Malformed messages of telephony and Home Assistant peers, by kind.", "kind",
               {faults.begin(), faults.end()});
  text.Gauge("parlance_sessions", "Conversations that are going on.",
             static_cast<double>(runtime.num_sessions));
  text.Counter("parlance_sessions_opened", "Conversations that were begun.", runtime.num_opened);
  text.Counter("parlance_sessions_refused", "Conversations that were refused, by the reason.",
               "reason",
               {{"full", runtime.num_refused_full},
                {"busy", runtime.num_refused_busy},
                {"stopping", runtime.num_refused_stopping}});
  text.Counter("parlance_turns", "Turns that are over.", runtime.num_turns);
  text.Counter("parlance_frames_dropped", "Pieces of sound that were lost because too much waited.",
               runtime.num_frames_dropped);
  text.Counter("parlance_store_failures", "Writes that failed and nobody could be told of.",
               runtime.num_store_failures);
  text.Gauge("parlance_utilization", "The busiest thread's part of its time, of late.",
             runtime.utilization);
  text.Gauge("parlance_frame_age_seconds", "The 99th percentile of how old sound was when heard.",
             absl::ToDoubleSeconds(runtime.frame_age.Percentile(0.99)));
  return text.Finish();
}

}  // namespace parlance::pipeline::door
