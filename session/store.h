// Sessions and their messages, kept for good.
//
// Durability: what a call acknowledged by returning OK is on the disk; a killed process or a power
// cut loses nothing of it, as far as the disk keeps what fsync promised. A call that failed changed
// nothing, except that after Unavailable and Internal it may yet turn out to have: try again with a
// client key, and the message is there once.
//
// Errors, besides those of each method: InvalidArgument for text that is not UTF-8 or too long, and
// for JSON that is none; ResourceExhausted for a full disk, and if the disk does not keep up;
// Unavailable if another process kept its lock for too long; PermissionDenied for a read-only file;
// DataLoss for a damaged one; Internal otherwise, such as an I/O error. The message names the file.
//
// Threads: all methods may be called from any thread, and several processes may open one store.
// Writes of all threads are committed together; reads do not wait for them, and see everything that
// was acknowledged before.
#ifndef SESSION_STORE_H_
#define SESSION_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "session/message.h"

namespace parlance::session {

class SessionStore {
 public:
  virtual ~SessionStore() = default;

  // Sessions.

  struct NewSession {
    std::string title = {};
    std::optional<std::string> metadata = {};
    // The id and times of a session from elsewhere. Otherwise the store chooses.
    std::optional<std::string> id = {};
    std::optional<absl::Time> created = {};
    // What was said there: the session begins with them, and is there with all or not at all.
    std::vector<Message> messages = {};
    // When it was changed last, and closed, there. Otherwise it is changed now, and open.
    std::optional<absl::Time> updated = {};
    std::optional<absl::Time> closed = {};
    // Its place in the order of last changes. Otherwise that of `updated`. It need be no time: a
    // change after one of the year 9999 has a greater one.
    std::optional<int64_t> activity = {};
  };
  // Creates a session. Times and activity (up to 2^62) are kept as they are, so that a session from
  // elsewhere takes its place among those that are here. AlreadyExists if the id is taken;
  // InvalidArgument for a time before the year 1 or after 9999.
  virtual absl::StatusOr<Session> CreateSession(const NewSession& session) = 0;
  absl::StatusOr<Session> CreateSession(absl::string_view title) {
    return CreateSession(NewSession{.title = std::string(title)});
  }
  // NotFound if there is no such session, as all methods that name a session.
  virtual absl::StatusOr<Session> GetSession(absl::string_view session_id) = 0;
  // Returns a page of sessions, the most recently changed first, by `activity`. `before`: the id of
  // the last session of the page before, or empty.
  virtual absl::StatusOr<std::vector<Session>> ListSessions(int limit,
                                                            absl::string_view before) = 0;
  absl::StatusOr<std::vector<Session>> ListSessions(int limit) { return ListSessions(limit, ""); }
  virtual absl::Status RenameSession(absl::string_view session_id, absl::string_view title) = 0;
  // A closed session takes no more messages and amendments, until it is resumed. Closing twice is
  // no error.
  virtual absl::Status CloseSession(absl::string_view session_id) = 0;
  virtual absl::StatusOr<Session> ResumeSession(absl::string_view session_id) = 0;
  // Deletes the session with all its messages, and all that search knows of them.
  virtual absl::Status DeleteSession(absl::string_view session_id) = 0;
  struct Retention {
    // Delete the sessions that did not change since.
    std::optional<absl::Time> changed_since = {};
    // Delete all sessions but so many, those that changed last. 0 or more.
    std::optional<int64_t> most_sessions = {};
  };
  // Returns how many sessions were deleted. InvalidArgument if nothing is asked for.
  virtual absl::StatusOr<int64_t> PruneSessions(const Retention& retention) = 0;

  // Messages.

  // Appends all messages or none, in order. Returns the sequence of the first. InvalidArgument for
  // a message of role tool without tool_call_id, and for tool_calls that are no JSON array;
  // FailedPrecondition if the session is closed. If the session has the first message's client key
  // already, nothing is appended, and its sequence is returned; AlreadyExists if it has that of a
  // later one.
  virtual absl::StatusOr<int64_t> AppendAll(absl::string_view session_id,
                                            absl::Span<const Message> messages) = 0;
  absl::StatusOr<int64_t> Append(absl::string_view session_id, const Message& message) {
    return AppendAll(session_id, absl::MakeConstSpan(&message, 1));
  }
  // Appends as AppendAll does, but returns when the messages are handed in, and calls `done` with
  // the result once they are durable, in the order of the calls. `done` runs on a thread of the
  // store, is called before the store's destructor returns, and must not block. Errors that are
  // known at once are returned, and `done` is not called then. Waits while too much is under way.
  using AppendDone = std::function<void(const absl::StatusOr<int64_t>&)>;
  virtual absl::Status AppendAsync(absl::string_view session_id, std::vector<Message> messages,
                                   AppendDone done) = 0;

  // A change of a stored answer: its text, and perhaps its metadata, from now on.
  struct Amendment {
    // The message, by its place in the session.
    int64_t sequence = 0;
    // The text that was said, in UTF-8. It is empty if nothing of the answer was heard.
    std::string content = {};
    // A JSON object. If not set, the message keeps what it has.
    std::optional<std::string> metadata = {};
  };
  // Corrects what a message of role assistant says: an answer is stored before it is heard, and
  // whoever interrupts it has heard less. What else belongs to the message stays as it was, and
  // search finds the new words and no longer the old ones. The session counts as changed. Writes of
  // one thread are made in the order of its calls, so that an append can be amended before it is
  // durable. NotFound if there is no such message; InvalidArgument if it is of another role,
  // because what a user or a tool said is a fact; FailedPrecondition if the session is closed.
  virtual absl::Status Amend(absl::string_view session_id, const Amendment& amendment) = 0;
  // Amends as Amend does, and returns and calls `done` as AppendAsync does.
  using AmendDone = std::function<void(const absl::Status&)>;
  virtual absl::Status AmendAsync(absl::string_view session_id, Amendment amendment,
                                  AmendDone done) = 0;

  struct HistoryOptions {
    // The first messages after this sequence; if not set, the last ones before `before`, or before
    // the end.
    std::optional<int64_t> after;
    std::optional<int64_t> before;
    // How many messages are returned at most. At least 1.
    int limit = 50;
  };
  // Returns messages in the order in which they were said.
  virtual absl::StatusOr<std::vector<Message>> History(absl::string_view session_id,
                                                       const HistoryOptions& options) = 0;

  struct SearchHit {
    std::string session_id;
    Message message;
    // The part around the words, which are between [ and ].
    std::string snippet;
  };
  // Finds messages that have every word of `words`, the best match first (BM25). Nothing in `words`
  // is syntax. `session_id` empty: in all. InvalidArgument if there is no word. The search index
  // follows messages at some distance: after many were appended, a search waits until it has caught
  // up.
  virtual absl::StatusOr<std::vector<SearchHit>> Search(absl::string_view words,
                                                        absl::string_view session_id,
                                                        int limit) = 0;

  // About the store as a whole.

  struct Stats {
    int64_t num_sessions = 0;
    int64_t num_closed_sessions = 0;
    int64_t num_messages = 0;
    // Messages that search does not know yet.
    int64_t num_unindexed_messages = 0;
    // The size on the disk.
    int64_t bytes = 0;
    int64_t schema_version = 0;
  };
  virtual absl::StatusOr<Stats> GetStats() = 0;
  // Reads everything. DataLoss if the data or the search index is damaged. Writes wait meanwhile.
  virtual absl::Status CheckIntegrity() = 0;
};

}  // namespace parlance::session

#endif  // SESSION_STORE_H_
