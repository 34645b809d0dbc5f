#include "session/new_session.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "session/message_check.h"

namespace parlance::session {

std::string NewSessionId(absl::Time now) {
  // Whoever knows a session's id may go on with it, so ids come from the system: those of a
  // generator can be foretold by whoever has seen some of them.
  thread_local std::random_device device;
  const auto random = [] { return uint64_t{device()} << 32 | device(); };
  return absl::StrFormat("sess_%012x%016x%04x", absl::ToUnixMillis(now) & 0xFFFFFFFFFFFF, random(),
                         random() & 0xFFFF);
}

absl::Status CheckNewSession(const SessionStore::NewSession& from, size_t max_bytes) {
  if (absl::Status ok = CheckText("title", from.title, max_bytes); !ok.ok()) return ok;
  if (from.metadata.has_value()) {
    if (absl::Status ok = CheckJsonObject("metadata", *from.metadata, max_bytes); !ok.ok()) {
      return ok;
    }
  }
  if (!from.messages.empty()) {
    if (absl::Status ok = CheckMessages(from.messages, max_bytes); !ok.ok()) return ok;
  }
  for (const auto& [what, time] :
       {std::pair("created", from.created), std::pair("updated", from.updated),
        std::pair("closed", from.closed)}) {
    if (!time.has_value()) continue;
    if (absl::Status ok = CheckTime(what, *time); !ok.ok()) return ok;
  }
  return from.id.has_value() ? CheckId(*from.id) : absl::OkStatus();
}

Session SessionFrom(const SessionStore::NewSession& from, absl::Time now,
                    const std::function<std::string()>& new_id) {
  Session session;
  if (from.id.has_value()) {
    session.id = *from.id;
  } else {
    session.id = new_id == nullptr ? NewSessionId(now) : new_id();
  }
  session.title = from.title;
  session.metadata = from.metadata;
  session.created = from.created.value_or(now);
  session.updated = from.updated.value_or(now);
  session.closed = from.closed;
  if (from.activity.has_value()) {
    session.activity = std::clamp(*from.activity, -kMaxActivity, kMaxActivity);
  } else {
    session.activity = from.updated.has_value() ? absl::ToUnixMicros(*from.updated) : kNoActivity;
  }
  session.num_messages = static_cast<int64_t>(from.messages.size());
  return session;
}

}  // namespace parlance::session
