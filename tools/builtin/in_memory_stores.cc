#include "tools/builtin/in_memory_stores.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace parlance::tools {
namespace {

void SortByDue(std::vector<Timer>& timers) {
  std::sort(timers.begin(), timers.end(), [](const Timer& a, const Timer& b) {
    return std::tie(a.due, a.id) < std::tie(b.due, b.id);
  });
}

}  // namespace

absl::StatusOr<int64_t> InMemoryNoteStore::Add(absl::string_view text) {
  annotated::MutexLock lock(mutex_);
  if (notes_.size() >= max_notes_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", max_notes_, " notes already; remove one first"));
  }
  notes_.emplace(next_id_, std::string(text));
  return next_id_++;
}

absl::StatusOr<std::vector<Note>> InMemoryNoteStore::List() {
  annotated::MutexLock lock(mutex_);
  std::vector<Note> notes;
  for (const auto& [id, text] : notes_) notes.push_back({.id = id, .text = text});
  return notes;
}

absl::Status InMemoryNoteStore::Remove(int64_t id) {
  annotated::MutexLock lock(mutex_);
  if (notes_.erase(id) == 0) return absl::NotFoundError(absl::StrCat("there is no note ", id));
  return absl::OkStatus();
}

absl::StatusOr<Timer> InMemoryTimerStore::Start(absl::string_view caller, absl::string_view label,
                                                absl::Time due) {
  annotated::MutexLock lock(mutex_);
  auto found = timers_.find(caller);
  if (found == timers_.end()) {
    if (timers_.size() >= max_callers_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("there are timers of ", max_callers_, " others already; try later"));
    }
    found = timers_.emplace(std::string(caller), Timers()).first;
  }
  Timers& timers = found->second;
  if (timers.by_id.size() >= max_timers_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", max_timers_, " timers already; cancel one first"));
  }
  const Timer timer{.id = timers.next_id++, .label = std::string(label), .due = due};
  timers.by_id.emplace(timer.id, timer);
  return timer;
}

std::vector<Timer> InMemoryTimerStore::List(absl::string_view caller) {
  annotated::MutexLock lock(mutex_);
  std::vector<Timer> timers;
  const auto found = timers_.find(caller);
  if (found == timers_.end()) return timers;
  for (const auto& [id, timer] : found->second.by_id) timers.push_back(timer);
  SortByDue(timers);
  return timers;
}

absl::Status InMemoryTimerStore::Cancel(absl::string_view caller, int64_t id) {
  annotated::MutexLock lock(mutex_);
  const auto found = timers_.find(caller);
  if (found == timers_.end() || found->second.by_id.erase(id) == 0) {
    return absl::NotFoundError(absl::StrCat("there is no timer ", id));
  }
  if (found->second.by_id.empty()) timers_.erase(found);
  return absl::OkStatus();
}

std::vector<Timer> InMemoryTimerStore::TakeDue(absl::string_view caller, absl::Time now) {
  annotated::MutexLock lock(mutex_);
  std::vector<Timer> due;
  const auto found = timers_.find(caller);
  if (found == timers_.end()) return due;
  std::map<int64_t, Timer>& timers = found->second.by_id;
  for (auto timer = timers.begin(); timer != timers.end();) {
    if (timer->second.due > now) {
      ++timer;
      continue;
    }
    due.push_back(std::move(timer->second));
    timer = timers.erase(timer);
  }
  if (timers.empty()) timers_.erase(found);
  SortByDue(due);
  return due;
}

}  // namespace parlance::tools
