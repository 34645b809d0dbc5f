// Sessions and their messages in one SQLite database.
//
// Durability: what a call acknowledged by returning OK is on the disk. A killed process or a power
// cut loses nothing of it, as far as the disk keeps what fsync promised (WAL mode,
// synchronous=FULL). A call that failed changed nothing.
//
// Errors, besides those of each method: InvalidArgument for text that is not UTF-8 or too long;
// ResourceExhausted for a full disk; Unavailable if another process kept its lock for the busy
// timeout; DataLoss for a damaged file; Internal otherwise. The message names the file.
//
// Threads: all methods may be called from any thread. Writes are serialized; reads have a
// connection of their own, see the last commit, and do not wait for writes. Several processes may
// open one file.
//
// Latency: a write waits for one fsync of the log, so AppendAll with several messages costs as much
// as one Append. Reads touch what they return, whatever the size of the session.
#ifndef SESSION_STORE_H_
#define SESSION_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "session/message.h"

namespace parlance::session {

class SessionStore {
 public:
  struct Options {
    std::function<absl::Time()> now = absl::Now;
    // Unique names for new sessions. Default: "sess_" and 128 random bits in hexadecimal.
    std::function<std::string()> new_id;
    int busy_timeout_ms = 5000;
    // Of content, and of tool_calls.
    size_t max_message_bytes = size_t{1} << 20;
  };

  // Opens the file and brings it to the current schema; makes it if it is not there. NotFound if it
  // cannot be opened (a missing folder, a folder); DataLoss if it is not a database;
  // FailedPrecondition if it belongs to another application or a newer program.
  static absl::StatusOr<std::unique_ptr<SessionStore>> Open(const std::string& path,
                                                            Options options);
  static absl::StatusOr<std::unique_ptr<SessionStore>> Open(const std::string& path);

  ~SessionStore();
  SessionStore(const SessionStore&) = delete;
  SessionStore& operator=(const SessionStore&) = delete;

  absl::StatusOr<Session> CreateSession(absl::string_view title);
  // NotFound.
  absl::StatusOr<Session> GetSession(absl::string_view session_id);
  // Most recently changed first. `before`: the id of the last session of the page before, or empty.
  // NotFound if it is gone.
  absl::StatusOr<std::vector<Session>> ListSessions(int limit, absl::string_view before = "");
  // With all its messages. NotFound.
  absl::Status DeleteSession(absl::string_view session_id);

  // Returns the message's sequence. NotFound if there is no such session; InvalidArgument for a
  // message of role tool without tool_call_id, and for tool_calls that are no JSON array.
  absl::StatusOr<int64_t> Append(absl::string_view session_id, const Message& message);
  // All or none, in order; returns the sequence of the first.
  absl::StatusOr<int64_t> AppendAll(absl::string_view session_id,
                                    absl::Span<const Message> messages);

  struct HistoryOptions {
    // The first messages after this sequence; if not set, the last ones before `before`, or before
    // the end.
    std::optional<int64_t> after;
    std::optional<int64_t> before;
    // At least 1.
    int limit = 50;
  };
  // In the order they were said. NotFound.
  absl::StatusOr<std::vector<Message>> History(absl::string_view session_id,
                                               const HistoryOptions& options);

  struct SearchHit {
    std::string session_id;
    Message message;
    // The part around the words, which are between [ and ].
    std::string snippet;
  };
  // Messages that have every word of `words`, best first (BM25). Nothing in `words` is syntax.
  // `session_id` empty: in all. InvalidArgument if there is no word.
  absl::StatusOr<std::vector<SearchHit>> Search(absl::string_view words,
                                                absl::string_view session_id, int limit);

  // One JSON object a line: the session ({"type":"session",…}), then its messages in order
  // ({"type":"message",…}). Reads in pages, so memory does not grow with the session; messages
  // appended meanwhile may or may not be there. NotFound; Unavailable if the stream fails.
  absl::Status ExportJsonLines(absl::string_view session_id, std::ostream& out);

  // DataLoss if the file or the search index is damaged. Reads everything.
  absl::Status CheckIntegrity();

 private:
  class Impl;
  explicit SessionStore(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::session

#endif  // SESSION_STORE_H_
