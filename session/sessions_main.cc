// Looks into a store of sessions, and looks after it.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "session/chat_lines.h"
#include "session/open_store.h"
#include "session/repair.h"
#include "session/sqlite_store.h"

ABSL_FLAG(std::string, db, "",
          "The database of sessions: an SQLite file, or postgresql://… of a server.");
ABSL_FLAG(bool, json, false, "Print JSON, one object a line.");
ABSL_FLAG(int, limit, 20, "How many sessions, messages or hits to print at most, 1 to 10000.");
ABSL_FLAG(std::string, before, "",
          "list: go on after the session of this id. show: go on before this sequence.");
ABSL_FLAG(std::string, session, "", "search: only in the session of this id.");
ABSL_FLAG(std::string, output, "", "export: write to this file instead of standard output.");
ABSL_FLAG(absl::Duration, older_than, absl::ZeroDuration(),
          "prune: delete sessions that did not change for so long, such as 720h.");
ABSL_FLAG(int64_t, keep, -1, "prune: keep at most so many sessions, which changed last.");

namespace parlance::session {
namespace {

constexpr char kUsage[] = R"(Looks into a store of sessions, and looks after it.

  sessions COMMAND --db FILE [ARGUMENT...] [FLAG...]

Commands:
  list                 the sessions, most recently changed first  [--limit] [--before ID]
  show ID              a session and its last messages            [--limit] [--before SEQUENCE]
  search WORD...       messages with all the words, best first    [--limit] [--session ID]
  export [ID...]       as JSON Lines; without an id, everything   [--output FILE]
  import FILE          JSON Lines of `export`, or OpenAI chats {"messages": [...]}; - reads
                       standard input. Makes the database if it is not there.
  stats                how much there is
  check                read everything and say whether it is sound
  backup FILE          copy the store, while others use it
  prune                delete old sessions                        --older_than 720h, --keep N
  delete ID            delete a session with its messages
  repair FILE          save what can be read of a damaged store to a new one

Flags:
  --db FILE            the database: an SQLite file, or postgresql://USER@HOST/NAME
  --json               print JSON, one object a line
  --limit N            how many to print at most, 1 to 10000. Default: 20.

Exit code: 0 if it worked, 1 if it did not, 2 if the command line is wrong.
)";

int WrongUse(const std::string& message) {
  std::fprintf(stderr, "sessions: %s; see --help\n", message.c_str());
  return 2;
}

// What a terminal would take for a command is shown as a question mark.
std::string Printable(absl::string_view text) {
  std::string printable(text);
  for (char& c : printable) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) c = '?';
  }
  return printable;
}

std::string OneLine(absl::string_view text) {
  std::string line = Printable(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::string LocalTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M", time, absl::LocalTimeZone());
}

void PrintSession(const Session& session) {
  std::printf("%-37s  %-16s  %8d  %-6s  %s\n", session.id.c_str(),
              LocalTime(session.updated).c_str(), static_cast<int>(session.num_messages),
              session.closed.has_value() ? "closed" : "open", OneLine(session.title).c_str());
}

void PrintMessage(const Message& message) {
  std::printf("#%d  %s  %s%s\n", static_cast<int>(message.sequence),
              absl::FormatTime("%H:%M:%S", message.created, absl::LocalTimeZone()).c_str(),
              std::string(RoleName(message.role)).c_str(),
              message.name.has_value() ? absl::StrCat(" ", OneLine(*message.name)).c_str() : "");
  if (!message.content.empty()) std::printf("%s\n", Printable(message.content).c_str());
  if (message.tool_calls.has_value()) {
    std::printf("calls %s\n", Printable(*message.tool_calls).c_str());
  }
  if (message.latency.has_value()) {
    std::printf("answered after %s\n", absl::FormatDuration(*message.latency).c_str());
  }
  std::printf("\n");
}

absl::Status List(SessionStore& store, const std::vector<std::string>&) {
  absl::StatusOr<std::vector<Session>> sessions =
      store.ListSessions(absl::GetFlag(FLAGS_limit), absl::GetFlag(FLAGS_before));
  if (!sessions.ok()) return sessions.status();
  if (absl::GetFlag(FLAGS_json)) {
    for (const Session& session : *sessions) std::printf("%s\n", SessionJson(session).c_str());
    return absl::OkStatus();
  }
  if (sessions->empty()) {
    std::printf("There are no sessions.\n");
    return absl::OkStatus();
  }
  std::printf("%-37s  %-16s  %8s  %-6s  %s\n", "ID", "CHANGED", "MESSAGES", "STATE", "TITLE");
  for (const Session& session : *sessions) PrintSession(session);
  if (sessions->size() == static_cast<size_t>(absl::GetFlag(FLAGS_limit))) {
    std::printf("There may be more: --before %s\n", sessions->back().id.c_str());
  }
  return absl::OkStatus();
}

absl::Status Show(SessionStore& store, const std::vector<std::string>& arguments) {
  absl::StatusOr<Session> session = store.GetSession(arguments[0]);
  if (!session.ok()) return session.status();
  SessionStore::HistoryOptions page;
  page.limit = absl::GetFlag(FLAGS_limit);
  if (const std::string before = absl::GetFlag(FLAGS_before); !before.empty()) {
    int64_t sequence = 0;
    if (!absl::SimpleAtoi(before, &sequence)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--before=", before, " is not the sequence of a message"));
    }
    page.before = sequence;
  }
  absl::StatusOr<std::vector<Message>> messages = store.History(session->id, page);
  if (!messages.ok()) return messages.status();
  if (absl::GetFlag(FLAGS_json)) {
    std::printf("%s\n", SessionJson(*session).c_str());
    for (const Message& message : *messages) std::printf("%s\n", MessageJson(message).c_str());
    return absl::OkStatus();
  }
  std::printf("%s\n%s, %d messages, created %s, changed %s%s\n\n", OneLine(session->title).c_str(),
              session->id.c_str(), static_cast<int>(session->num_messages),
              LocalTime(session->created).c_str(), LocalTime(session->updated).c_str(),
              session->closed.has_value() ? ", closed" : "");
  for (const Message& message : *messages) PrintMessage(message);
  if (!messages->empty() && messages->front().sequence > 1) {
    std::printf("There is more: --before %d\n", static_cast<int>(messages->front().sequence));
  }
  return absl::OkStatus();
}

absl::Status Search(SessionStore& store, const std::vector<std::string>& arguments) {
  auto hits = store.Search(absl::StrJoin(arguments, " "), absl::GetFlag(FLAGS_session),
                           absl::GetFlag(FLAGS_limit));
  if (!hits.ok()) return hits.status();
  if (!absl::GetFlag(FLAGS_json) && hits->empty()) std::printf("Nothing was found.\n");
  for (const SessionStore::SearchHit& hit : *hits) {
    if (absl::GetFlag(FLAGS_json)) {
      rapidjson::StringBuffer buffer;
      rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
      writer.StartObject();
      writer.Key("session");
      writer.String(hit.session_id.c_str());
      writer.Key("snippet");
      writer.String(hit.snippet.data(), static_cast<rapidjson::SizeType>(hit.snippet.size()));
      writer.Key("message");
      const std::string message = MessageJson(hit.message);
      writer.RawValue(message.data(), message.size(), rapidjson::kObjectType);
      writer.EndObject();
      std::printf("%s\n", buffer.GetString());
    } else {
      std::printf("%s  #%d  %s  %s\n  %s\n", hit.session_id.c_str(),
                  static_cast<int>(hit.message.sequence), LocalTime(hit.message.created).c_str(),
                  std::string(RoleName(hit.message.role)).c_str(), OneLine(hit.snippet).c_str());
    }
  }
  return absl::OkStatus();
}

// Of all sessions.
absl::StatusOr<std::vector<std::string>> AllIds(SessionStore& store) {
  std::vector<std::string> ids;
  std::string before;
  for (;;) {
    absl::StatusOr<std::vector<Session>> sessions = store.ListSessions(1000, before);
    if (!sessions.ok()) return sessions.status();
    if (sessions->empty()) return ids;
    for (Session& session : *sessions) ids.push_back(std::move(session.id));
    before = ids.back();
  }
}

absl::Status Export(SessionStore& store, const std::vector<std::string>& arguments) {
  const std::string path = UserPath(absl::GetFlag(FLAGS_output));
  std::ofstream file;
  if (!path.empty()) {
    file.open(path, std::ios::binary | std::ios::trunc);
    if (!file) return absl::NotFoundError(absl::StrCat("--output: cannot write ", path));
  }
  std::vector<std::string> ids = arguments;
  if (ids.empty()) {
    absl::StatusOr<std::vector<std::string>> all = AllIds(store);
    if (!all.ok()) return all.status();
    ids = *std::move(all);
  }
  for (const std::string& id : ids) {
    absl::Status exported = ExportSession(store, id, path.empty() ? std::cout : file);
    if (!exported.ok()) return exported;
  }
  if (!path.empty()) {
    std::printf("Exported %d sessions to %s.\n", static_cast<int>(ids.size()), path.c_str());
  }
  return absl::OkStatus();
}

absl::Status Import(SessionStore& store, const std::vector<std::string>& arguments) {
  std::ifstream file;
  if (arguments[0] != "-") {
    const std::string path = UserPath(arguments[0]);
    file.open(path, std::ios::binary);
    if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  absl::StatusOr<Imported> imported = ImportSessions(arguments[0] == "-" ? std::cin : file, store);
  if (!imported.ok()) {
    return absl::Status(imported.status().code(),
                        absl::StrCat(arguments[0], ": ", imported.status().message()));
  }
  std::printf("Imported %d sessions with %d messages.\n", static_cast<int>(imported->num_sessions),
              static_cast<int>(imported->num_messages));
  return absl::OkStatus();
}

absl::Status PrintStats(SessionStore& store, const std::vector<std::string>&) {
  absl::StatusOr<SessionStore::Stats> stats = store.GetStats();
  if (!stats.ok()) return stats.status();
  const struct {
    const char* key;
    const char* title;
    int64_t value;
  } lines[] = {
      {"sessions", "Sessions", stats->num_sessions},
      {"closed_sessions", "  of them closed", stats->num_closed_sessions},
      {"messages", "Messages", stats->num_messages},
      {"unindexed_messages", "  not yet searchable", stats->num_unindexed_messages},
      {"bytes", "Bytes on the disk", stats->bytes},
      {"schema_version", "Schema version", stats->schema_version},
  };
  std::vector<std::string> members;
  for (const auto& line : lines) {
    members.push_back(absl::StrCat("\"", line.key, "\":", line.value));
    if (!absl::GetFlag(FLAGS_json)) {
      std::printf("%-22s %14s\n", line.title, absl::StrCat(line.value).c_str());
    }
  }
  if (absl::GetFlag(FLAGS_json)) std::printf("{%s}\n", absl::StrJoin(members, ",").c_str());
  return absl::OkStatus();
}

absl::Status Check(SessionStore& store, const std::vector<std::string>&) {
  if (absl::Status checked = store.CheckIntegrity(); !checked.ok()) {
    return absl::Status(checked.code(),
                        absl::StrCat(checked.message(), "; `sessions repair` saves what it can"));
  }
  std::printf("Everything is sound.\n");
  return absl::OkStatus();
}

absl::Status Backup(SessionStore& store, const std::vector<std::string>& arguments) {
  auto* const file = dynamic_cast<SqliteStore*>(&store);
  if (file == nullptr) {
    return absl::InvalidArgumentError("a PostgreSQL store is copied by pg_dump, not by this");
  }
  const std::string path = UserPath(arguments[0]);
  if (absl::Status copied = file->Backup(path); !copied.ok()) return copied;
  std::printf("Copied to %s.\n", path.c_str());
  return absl::OkStatus();
}

absl::Status Prune(SessionStore& store, const std::vector<std::string>&) {
  SessionStore::Retention retention;
  if (absl::GetFlag(FLAGS_older_than) > absl::ZeroDuration()) {
    retention.changed_since = absl::Now() - absl::GetFlag(FLAGS_older_than);
  }
  if (absl::GetFlag(FLAGS_keep) >= 0) retention.most_sessions = absl::GetFlag(FLAGS_keep);
  absl::StatusOr<int64_t> deleted = store.PruneSessions(retention);
  if (!deleted.ok()) return deleted.status();
  std::printf("Deleted %d sessions.\n", static_cast<int>(*deleted));
  return absl::OkStatus();
}

absl::Status Delete(SessionStore& store, const std::vector<std::string>& arguments) {
  if (absl::Status deleted = store.DeleteSession(arguments[0]); !deleted.ok()) return deleted;
  std::printf("Deleted %s.\n", arguments[0].c_str());
  return absl::OkStatus();
}

absl::Status Repair(const std::string& damaged, const std::string& fresh) {
  absl::StatusOr<Salvaged> salvaged = SalvageStore(damaged, fresh);
  if (!salvaged.ok()) return salvaged.status();
  std::printf("Saved %d sessions, %d of them without their titles, and %d messages to %s. %s\n",
              static_cast<int>(salvaged->num_sessions), static_cast<int>(salvaged->num_orphans),
              static_cast<int>(salvaged->num_messages), fresh.c_str(),
              salvaged->num_gaps == 0
                  ? "Every row could be read."
                  : absl::StrCat("Rows were lost in ", salvaged->num_gaps, " places.").c_str());
  return absl::OkStatus();
}

// Says from time to time, on standard error, that a command that takes over two seconds is at work.
class Progress {
 public:
  explicit Progress(std::string name) : thread_([this, name = std::move(name)] { Tell(name); }) {}
  ~Progress() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void Tell(const std::string& name) {
    std::unique_lock<std::mutex> lock(mutex_);
    for (int seconds = 2; !changed_.wait_for(lock, std::chrono::seconds(2), [&] { return over_; });
         seconds += 2) {
      std::fprintf(stderr, "sessions: %s: at work for %d s\n", name.c_str(), seconds);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  // Last, as it uses the others.
  std::thread thread_;
};

struct Command {
  const char* name;
  // Of arguments after the name.
  size_t fewest;
  size_t most;
  absl::Status (*run)(SessionStore& store, const std::vector<std::string>& arguments);
};

constexpr size_t kAny = 1000000;
constexpr Command kCommands[] = {
    {"list", 0, 0, List},        {"show", 1, 1, Show},      {"search", 1, kAny, Search},
    {"export", 0, kAny, Export}, {"import", 1, 1, Import},  {"stats", 0, 0, PrintStats},
    {"check", 0, 0, Check},      {"backup", 1, 1, Backup},  {"prune", 0, 0, Prune},
    {"delete", 1, 1, Delete},    {"repair", 1, 1, nullptr},
};

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "sessions: %s\n", std::string(status.message()).c_str());
  return 1;
}

int Main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h" || argument == "-help" || argument == "help") {
      std::fputs(kUsage, stdout);
      return 0;
    }
  }
  const std::vector<char*> words = absl::ParseCommandLine(argc, argv);
  if (words.size() < 2) return WrongUse("no command is given");
  const std::string name = words[1];
  const auto* const command =
      std::find_if(std::begin(kCommands), std::end(kCommands),
                   [&](const Command& candidate) { return name == candidate.name; });
  if (command == std::end(kCommands)) {
    return WrongUse(absl::StrCat("there is no command '", name, "'"));
  }
  const std::vector<std::string> arguments(words.begin() + 2, words.end());
  if (arguments.size() < command->fewest || arguments.size() > command->most) {
    return WrongUse(absl::StrCat(name, " takes ",
                                 command->fewest == 0 ? "no argument"
                                 : command->most == 1 ? "one argument"
                                                      : "an argument or more"));
  }
  if (absl::GetFlag(FLAGS_db).empty()) return WrongUse("--db is missing: which database");
  const std::string path = UserPath(absl::GetFlag(FLAGS_db));
  if (name != "import" && !IsPostgresUri(path) && !std::filesystem::exists(path)) {
    return Fail(absl::NotFoundError(absl::StrCat("--db: there is no ", path)));
  }
  const Progress progress(name);
  if (command->run == nullptr) {
    const absl::Status repaired = Repair(path, UserPath(arguments[0]));
    return repaired.ok() ? 0 : Fail(repaired);
  }
  absl::StatusOr<std::unique_ptr<SessionStore>> store = OpenStore(path);
  if (!store.ok()) return Fail(store.status());
  const absl::Status status = command->run(**store, arguments);
  return status.ok() ? 0 : Fail(status);
}

}  // namespace
}  // namespace parlance::session

int main(int argc, char** argv) { return parlance::session::Main(argc, argv); }
