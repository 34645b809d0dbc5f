#include "pipeline/parts/session_adapters.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

constexpr char kNotesTitle[] = "Notes";
constexpr char kNote[] = "note";
constexpr char kRemoved[] = "note_removed";
constexpr int kPage = 1000;

class SessionNoteStore : public tools::NoteStore {
 public:
  SessionNoteStore(session::SessionStore* store, std::string session_id)
      : store_(store), session_id_(std::move(session_id)) {}

  absl::StatusOr<int64_t> Add(absl::string_view text) override { return Append(kNote, text); }

  absl::StatusOr<std::vector<tools::Note>> List() override {
    std::map<int64_t, std::string> notes;
    session::SessionStore::HistoryOptions page{.after = 0, .before = std::nullopt, .limit = kPage};
    for (;;) {
      auto messages = store_->History(session_id_, page);
      if (!messages.ok()) return messages.status();
      if (messages->empty()) break;
      for (session::Message& message : *messages) {
        int64_t id = 0;
        if (message.name == kNote) {
          notes.emplace(message.sequence, std::move(message.content));
        } else if (message.name == kRemoved && absl::SimpleAtoi(message.content, &id)) {
          notes.erase(id);
        }
        page.after = message.sequence;
      }
    }
    std::vector<tools::Note> list;
    for (auto& [id, text] : notes) list.push_back({.id = id, .text = std::move(text)});
    return list;
  }

  absl::Status Remove(int64_t id) override {
    absl::StatusOr<std::vector<tools::Note>> notes = List();
    if (!notes.ok()) return notes.status();
    for (const tools::Note& note : *notes) {
      if (note.id == id) return Append(kRemoved, absl::StrCat(id)).status();
    }
    return absl::NotFoundError(absl::StrCat("there is no note ", id));
  }

 private:
  // The message's sequence is the note's id.
  absl::StatusOr<int64_t> Append(const char* name, absl::string_view content) {
    session::Message message;
    message.role = session::Role::kDeveloper;
    message.name = name;
    message.content = std::string(content);
    return store_->Append(session_id_, message);
  }

  session::SessionStore* const store_;
  const std::string session_id_;
};

class SessionSearch : public tools::ConversationSearch {
 public:
  explicit SessionSearch(session::SessionStore* store) : store_(store) {}

  absl::StatusOr<std::vector<std::string>> Search(absl::string_view session_id,
                                                  absl::string_view words, int limit) override {
    // More messages than asked for, because the agent's own words are left out.
    auto hits = store_->Search(words, session_id, kPage);
    if (!hits.ok()) return hits.status();
    std::vector<std::string> said;
    for (const session::SessionStore::SearchHit& hit : *hits) {
      if (hit.message.role == session::Role::kUser && said.size() < static_cast<size_t>(limit)) {
        said.push_back(hit.message.content);
      }
    }
    return said;
  }

 private:
  session::SessionStore* const store_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<tools::NoteStore>> CreateSessionNoteStore(
    session::SessionStore* store) {
  std::string before;
  for (;;) {
    auto sessions = store->ListSessions(kPage, before);
    if (!sessions.ok()) return sessions.status();
    for (const session::Session& session : *sessions) {
      if (session.title == kNotesTitle)
        return std::make_unique<SessionNoteStore>(store, session.id);
    }
    if (sessions->size() < kPage) break;
    before = sessions->back().id;
  }
  absl::StatusOr<session::Session> created = store->CreateSession(kNotesTitle);
  if (!created.ok()) return created.status();
  return std::make_unique<SessionNoteStore>(store, created->id);
}

std::unique_ptr<tools::ConversationSearch> CreateSessionSearch(session::SessionStore* store) {
  return std::make_unique<SessionSearch>(store);
}

}  // namespace parlance::pipeline
