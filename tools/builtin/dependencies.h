// What the built-in tools reach outside for, passed in by whoever composes the agent.
#ifndef TOOLS_BUILTIN_DEPENDENCIES_H_
#define TOOLS_BUILTIN_DEPENDENCIES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/builtin/time_zones.h"

namespace parlance::tools {

struct Note {
  int64_t id = 0;
  std::string text;
};

// The interface of whatever keeps notes. Implementations may be called from any thread.
class NoteStore {
 public:
  virtual ~NoteStore() = default;
  // Returns the note's id.
  virtual absl::StatusOr<int64_t> Add(absl::string_view text) = 0;
  // All notes, the oldest first.
  virtual absl::StatusOr<std::vector<Note>> List() = 0;
  // NotFound.
  virtual absl::Status Remove(int64_t id) = 0;
};

// Finds what was said. Implementations may be called from any thread.
class ConversationSearch {
 public:
  virtual ~ConversationSearch() = default;
  // Searches what was said in the conversation that ToolContext::caller names; the best match comes
  // first.
  virtual absl::StatusOr<std::vector<std::string>> Search(absl::string_view caller,
                                                          absl::string_view words, int limit) = 0;
};

struct Timer {
  int64_t id = 0;
  std::string label;
  absl::Time due;
};

// Where timers are kept, each for the caller who set it (ToolContext::caller): nobody else sees or
// hears it. Implementations may be called from any thread.
class TimerStore {
 public:
  virtual ~TimerStore() = default;
  virtual absl::StatusOr<Timer> Start(absl::string_view caller, absl::string_view label,
                                      absl::Time due) = 0;
  // The caller's timers, the next to ring first.
  virtual std::vector<Timer> List(absl::string_view caller) = 0;
  // NotFound.
  virtual absl::Status Cancel(absl::string_view caller, int64_t id) = 0;
};

// The dependencies that the tools need. All of them must outlive the tools.
struct BuiltinDependencies {
  std::function<absl::Time()> now;
  // The zone in which "what time is it" is answered where no zone is asked for.
  absl::TimeZone local_zone;
  // The zones that can be asked for. Null: this machine's.
  const TimeZones* time_zones = nullptr;
  NoteStore* notes = nullptr;
  ConversationSearch* conversation = nullptr;
  TimerStore* timers = nullptr;
};

}  // namespace parlance::tools

#endif  // TOOLS_BUILTIN_DEPENDENCIES_H_
