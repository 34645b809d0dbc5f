// Sends spans on a thread of its own, so that whoever has them never waits for a disk or a network.
//
//   Export ─► queue (bounded; the oldest are dropped, and counted) ─► thread ─► SpanDestination
//
// The thread sends all that waits in one request. One that may be sent again is, after a pause that
// doubles from the first to the longest, with a random part so that many senders do not come back
// at once, or that the receiver asks for; after a number of tries it is given up, and counted.
//
// Threads: any. Source: OpenTelemetry protocol 1.7, "Retryable Response Codes" and "All Other
// Responses"; the pauses are those of M. Brooker, "Exponential Backoff And Jitter" (2015), half of
// each random.
#ifndef PIPELINE_TELEMETRY_SPAN_EXPORTER_H_
#define PIPELINE_TELEMETRY_SPAN_EXPORTER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "pipeline/telemetry/span.h"
#include "pipeline/telemetry/span_destination.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

struct SpanExporterOptions {
  // The attribute service.name.
  std::string service_name = "parlance";
  // How many spans may wait, at least 1; a turn has some ten.
  size_t max_queued_spans = 4096;
  // A request has no more, but for those of one turn.
  size_t max_request_spans = 512;
  // How often a request is sent at most, at least 1.
  int max_tries = 6;
  absl::Duration first_pause = absl::Seconds(1);
  absl::Duration longest_pause = absl::Seconds(30);
  // What the receiver asks for is granted up to this.
  absl::Duration longest_retry_after = absl::Minutes(5);
  // How long the destructor waits for what is not sent yet, unless Shutdown was called.
  absl::Duration shutdown_limit = absl::Seconds(3);
  // 64 random bits with each call. Called by the exporter's thread alone.
  std::function<uint64_t()> random = {};
  // Told each pause before it begins; returns how long it is to be. A test makes them short.
  std::function<absl::Duration(absl::Duration)> pause = {};
};

class SpanExporter {
 public:
  // Spans, by what became of them.
  struct Counts {
    int64_t sent = 0;
    // The queue was full, or there was no time left at the end.
    int64_t dropped = 0;
    // The receiver refused them, or they were given up.
    int64_t failed = 0;
    // Requests that were sent again.
    int64_t retries = 0;
    // The last error, for people; empty if there was none. It is there while it is tried again.
    std::string last_error = {};
    // What the receiver said last of a request of which it accepted everything; empty if nothing.
    std::string last_warning = {};
  };

  SpanExporter(std::unique_ptr<SpanDestination> destination, SpanExporterOptions options);
  // Shutdown with the limit of the options.
  ~SpanExporter();
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  // The spans of one turn. Returns at once: takes a mutex that is never held while something is
  // written or sent.
  void Export(std::vector<Span> spans);
  // Returns true once all that was exported before is sent or counted as lost; false after `limit`.
  bool Flush(absl::Duration limit);
  // Waits for what is not sent yet, up to the limit, and drops the rest; what is exported later is
  // dropped, too. The counts are those of the end then. Returns whether nothing had to be dropped.
  // Called from one thread only.
  bool Shutdown(absl::Duration limit);
  Counts counts() const;

 private:
  void Run();
  // Sends one request until something has come of it.
  SendResult SendPatiently(const std::string& request);
  // False if it was cut short because the exporter ends.
  bool Pause(absl::Duration duration);
  absl::Duration PauseBefore(int retry, const SendResult& result);

  const SpanExporterOptions options_;
  const std::unique_ptr<SpanDestination> destination_;
  mutable annotated::Mutex mutex_;
  // There is something to do for the thread; nothing is left to do.
  std::condition_variable work_;
  std::condition_variable idle_;
  std::deque<std::vector<Span>> queue_ ABSL_GUARDED_BY(mutex_);
  size_t num_queued_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool aborting_ ABSL_GUARDED_BY(mutex_) = false;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  // The result of the first Shutdown. Only the thread that calls Shutdown uses it.
  bool all_sent_ = true;
  std::thread thread_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_SPAN_EXPORTER_H_
