// Reads a stream of server-sent events (html.spec.whatwg.org, 9.2.5 and 9.2.6), as it comes.
//
// Lines end with LF, CR or CRLF; a byte order mark at the beginning is skipped, and so are comments
// (": ping"), fields that nobody knows, and what is not ended by an empty line. `id` and `retry`
// serve to connect again, which nobody does here: they are read over. It does not matter how the
// stream is cut.
//
// Threads: one. Allocation: what an unfinished line and event take, within the bound.
#ifndef PIPELINE_HTTP_EVENT_STREAM_H_
#define PIPELINE_HTTP_EVENT_STREAM_H_

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline {

// Valid during the call that gives it.
struct ServerSentEvent {
  // "message" unless the stream says otherwise.
  absl::string_view type;
  absl::string_view data;
};

class EventStream {
 public:
  // `max_bytes`: the most that a line may have, and that an event's data may.
  explicit EventStream(size_t max_bytes) : max_bytes_(max_bytes) {}

  // Called with the name and the value of each field that the standard does not know, which says to
  // skip them. llama.cpp's server told of errors so until September 2025.
  void OnUnknownField(std::function<void(absl::string_view name, absl::string_view value)> call) {
    on_unknown_field_ = std::move(call);
  }

  // Calls `on_event` for each event that is complete now and has data, until it returns false: what
  // comes later is not read any more. ResourceExhausted if a line or an event is too long; nothing
  // can be read after that.
  absl::Status Append(absl::string_view bytes,
                      const std::function<bool(const ServerSentEvent&)>& on_event);

 private:
  absl::Status Line(absl::string_view line,
                    const std::function<bool(const ServerSentEvent&)>& on_event);

  const size_t max_bytes_;
  std::function<void(absl::string_view, absl::string_view)> on_unknown_field_;
  // The beginning of a line that has not ended.
  std::string line_;
  bool is_first_line_ = true;
  // The last line ended with CR: a LF that follows belongs to it.
  bool after_cr_ = false;
  bool stopped_ = false;
  std::string type_;
  std::string data_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_HTTP_EVENT_STREAM_H_
