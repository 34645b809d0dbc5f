// Lists, searches, exports, backs up and repairs stored sessions.
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "command/exit_code.h"
#include "command/file/file_kind.h"
#include "command/file/input_file.h"
#include "command/file/output_file.h"
#include "command/file/user_path.h"
#include "command/local_zone.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "command/terminal/progress.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "session/chat_lines.h"
#include "session/new_session.h"
#include "session/open/open_store.h"
#include "session/sqlite/repair.h"
#include "session/sqlite/sqlite_store.h"

ABSL_FLAG(std::string, db, "",
          "The database of sessions: an SQLite file, or postgresql://USER@HOST/NAME of a server.");
ABSL_FLAG(bool, json, false, "Print JSON, one object per line.");
ABSL_FLAG(int, limit, 20, "How many sessions, messages or hits to print at most, 1 to 10000.");
ABSL_FLAG(std::string, before, "",
          "list: continue after the session with this id. show: continue before the message with "
          "this sequence number.");
ABSL_FLAG(std::string, session, "", "Search only the session with this id.");
ABSL_FLAG(std::string, output, "", "Write to this file instead of standard output.");
ABSL_FLAG(std::optional<absl::Duration>, older_than, std::nullopt,
          "Delete the sessions that have not changed for this long, such as 720h.");
ABSL_FLAG(std::optional<int64_t>, keep, std::nullopt,
          "Keep this many sessions, the most recently changed ones, and delete the others.");

namespace parlance::session {
namespace {

using command::Arguments;
using command::Fail;
using command::kDone;
using command::kNo;
using command::Print;
using command::PrintableLine;
using command::WrongUse;

// What a command needs of the store.
enum class Need { kRead, kChange, kMake };

bool IsServer() { return IsPostgresUri(absl::GetFlag(FLAGS_db)); }

std::string DatabasePath() { return command::UserPath(absl::GetFlag(FLAGS_db)); }

// The files that must not be overwritten.
std::vector<std::string> FilesToKeep() {
  return IsServer() ? std::vector<std::string>() : command::DatabaseFiles(absl::GetFlag(FLAGS_db));
}

// The file whose readers may read what is made of it; "" for a server.
std::string Source() { return IsServer() ? "" : DatabasePath(); }

// Whether what is printed may be: `>>sessions.db` would destroy the database.
absl::Status CheckPrintable() { return command::CheckStandardOutput(FilesToKeep()); }

absl::StatusOr<std::unique_ptr<SessionStore>> OpenDatabase(Need need) {
  if (absl::Status apart = CheckPrintable(); !apart.ok()) return apart;
  OpenStoreOptions options;
  options.may_make = need == Need::kMake;
  options.may_be_read_only = need == Need::kRead;
  absl::StatusOr<std::unique_ptr<SessionStore>> store = OpenStore(DatabasePath(), options);
  if (store.ok()) return store;
  return absl::Status(store.status().code(), absl::StrCat("--db: ", store.status().message()));
}

// A command that works on an open store.
using StoreCommand = int (*)(SessionStore& store, const Arguments& arguments);

std::function<int(const Arguments&)> OnStore(const char* name, Need need, StoreCommand run) {
  return [=](const Arguments& arguments) {
    if (absl::GetFlag(FLAGS_db).empty())
      return WrongUse("--db is missing: the database of sessions");
    const command::Progress progress(absl::StrCat("sessions: ", name));
    absl::StatusOr<std::unique_ptr<SessionStore>> store = OpenDatabase(need);
    if (!store.ok()) return Fail(store.status());
    return run(**store, arguments);
  };
}

std::string LocalTime(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%d %H:%M", time, command::LocalZone());
}

std::string SessionLine(const Session& session) {
  return absl::StrFormat("%-37s  %-16s  %8d  %-6s  %s\n", PrintableLine(session.id),
                         LocalTime(session.updated), session.num_messages,
                         session.closed.has_value() ? "closed" : "open",
                         PrintableLine(session.title));
}

std::string MessageText(const Message& message) {
  std::string text =
      absl::StrCat("#", message.sequence, "  ",
                   absl::FormatTime("%H:%M:%S", message.created, command::LocalZone()), "  ",
                   RoleName(message.role), message.name.has_value() ? " " : "",
                   PrintableLine(message.name.value_or("")), "\n");
  if (!message.content.empty()) {
    absl::StrAppend(&text, command::Printable(message.content), "\n");
  }
  if (message.tool_calls.has_value()) {
    absl::StrAppend(&text, "calls ", command::Printable(*message.tool_calls), "\n");
  }
  if (message.latency.has_value()) {
    absl::StrAppend(&text, "answered after ", absl::FormatDuration(*message.latency), "\n");
  }
  return absl::StrCat(text, "\n");
}

void PrintJson(const std::string& json) { Print(absl::StrCat(command::PrintableJson(json), "\n")); }

int List(SessionStore& store, const Arguments&) {
  absl::StatusOr<std::vector<Session>> sessions =
      store.ListSessions(absl::GetFlag(FLAGS_limit), absl::GetFlag(FLAGS_before));
  if (!sessions.ok()) return Fail(sessions.status());
  if (absl::GetFlag(FLAGS_json)) {
    for (const Session& session : *sessions) PrintJson(SessionJson(session));
    return kDone;
  }
  if (sessions->empty()) {
    Print("There are no sessions.\n");
    return kDone;
  }
  Print(absl::StrFormat("%-37s  %-16s  %8s  %-6s  %s\n", "ID", "CHANGED", "MESSAGES", "STATE",
                        "TITLE"));
  for (const Session& session : *sessions) Print(SessionLine(session));
  if (sessions->size() == static_cast<size_t>(absl::GetFlag(FLAGS_limit))) {
    Print(absl::StrCat("There may be more; continue with --before ",
                       PrintableLine(sessions->back().id), "\n"));
  }
  return kDone;
}

int Show(SessionStore& store, const Arguments& arguments) {
  SessionStore::HistoryOptions page;
  page.limit = absl::GetFlag(FLAGS_limit);
  if (const std::string before = absl::GetFlag(FLAGS_before); !before.empty()) {
    int64_t sequence = 0;
    if (!absl::SimpleAtoi(before, &sequence)) {
      return WrongUse(absl::StrCat("--before=", before, " is not the sequence of a message"));
    }
    page.before = sequence;
  }
  absl::StatusOr<Session> session = store.GetSession(arguments[0]);
  if (absl::IsNotFound(session.status())) {
    command::Say(session.status().message());
    return kNo;
  }
  if (!session.ok()) return Fail(session.status());
  absl::StatusOr<std::vector<Message>> messages = store.History(session->id, page);
  if (!messages.ok()) return Fail(messages.status());
  if (absl::GetFlag(FLAGS_json)) {
    PrintJson(SessionJson(*session));
    for (const Message& message : *messages) PrintJson(MessageJson(message));
    return kDone;
  }
  Print(absl::StrCat(PrintableLine(session->title), "\n", PrintableLine(session->id), ", ",
                     session->num_messages, " messages, created ", LocalTime(session->created),
                     ", changed ", LocalTime(session->updated),
                     session->closed.has_value() ? ", closed" : "", "\n\n"));
  for (const Message& message : *messages) Print(MessageText(message));
  if (!messages->empty() && messages->front().sequence > 1) {
    Print(absl::StrCat("There are earlier messages; continue with --before ",
                       messages->front().sequence, "\n"));
  }
  return kDone;
}

std::string HitJson(const SessionStore::SearchHit& hit) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto string = [&](const char* key, const std::string& value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  string("session", hit.session_id);
  string("snippet", hit.snippet);
  writer.Key("message");
  const std::string message = MessageJson(hit.message);
  writer.RawValue(message.data(), message.size(), rapidjson::kObjectType);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

int Search(SessionStore& store, const Arguments& arguments) {
  auto hits = store.Search(absl::StrJoin(arguments, " "), absl::GetFlag(FLAGS_session),
                           absl::GetFlag(FLAGS_limit));
  if (!hits.ok()) return Fail(hits.status());
  for (const SessionStore::SearchHit& hit : *hits) {
    if (absl::GetFlag(FLAGS_json)) {
      PrintJson(HitJson(hit));
    } else {
      Print(absl::StrCat(PrintableLine(hit.session_id), "  #", hit.message.sequence, "  ",
                         LocalTime(hit.message.created), "  ", RoleName(hit.message.role), "\n  ",
                         PrintableLine(hit.snippet), "\n"));
    }
  }
  if (!hits->empty()) return kDone;
  if (!absl::GetFlag(FLAGS_json)) Print("Nothing was found.\n");
  return kNo;
}

// `all`: the ids are those of all sessions, and one that is deleted meanwhile is left out.
absl::Status ExportTo(SessionStore& store, const std::vector<std::string>& ids, bool all,
                      ChatLinesSink sink) {
  for (const std::string& id : ids) {
    absl::Status exported = ExportSession(store, id, sink);
    if (!exported.ok() && !(all && absl::IsNotFound(exported))) return exported;
  }
  return absl::OkStatus();
}

// An export may replace an earlier one, which begins with a session, but no chats or other JSON
// that somebody else wrote.
bool IsExport(absl::string_view head) { return absl::StartsWith(head, R"({"type":"session",)"); }

int Export(SessionStore& store, const Arguments& arguments) {
  const std::string path = absl::GetFlag(FLAGS_output);
  std::vector<std::string> ids = arguments;
  const bool all = ids.empty();
  if (all) {
    absl::StatusOr<std::vector<std::string>> found = AllSessionIds(store);
    if (!found.ok()) return Fail(found.status());
    ids = *std::move(found);
  } else {
    // Every id is looked up before anything is printed.
    for (const std::string& id : ids) {
      if (absl::StatusOr<Session> session = store.GetSession(id); !session.ok()) {
        return Fail(session.status());
      }
    }
  }
  if (path.empty()) {
    const absl::Status exported =
        ExportTo(store, ids, all, [](absl::string_view lines) -> absl::Status {
          command::PrintData(lines);
          return absl::OkStatus();
        });
    return exported.ok() ? kDone : Fail(exported);
  }
  absl::StatusOr<command::OutputFile> file =
      command::OutputFile::Create(path, {.kind = {"an export of sessions", IsExport},
                                         .keep = FilesToKeep(),
                                         .as_private_as = Source()});
  if (!file.ok()) return Fail(file.status());
  absl::Status exported =
      ExportTo(store, ids, all, [&](absl::string_view lines) { return file->Write(lines); });
  if (exported.ok()) exported = file->Commit();
  if (!exported.ok()) return Fail(exported);
  // This is not printed to standard output, which may be the file.
  command::Say(absl::StrCat("Exported ", ids.size(), " sessions to ", path, "."));
  return kDone;
}

bool IsDatabase(const std::string& path) {
  struct stat file = {};
  struct stat database = {};
  return stat(path.c_str(), &file) == 0 && stat(DatabasePath().c_str(), &database) == 0 &&
         file.st_dev == database.st_dev && file.st_ino == database.st_ino;
}

int Import(const Arguments& arguments) {
  const std::string& typed = arguments[0];
  if (absl::GetFlag(FLAGS_db).empty()) return WrongUse("--db is missing: the database of sessions");
  if (absl::Status apart = command::CheckStandardOutput({typed}); !apart.ok()) return Fail(apart);
  if (typed != "-" && !IsServer() && IsDatabase(command::UserPath(typed))) {
    return Fail(absl::StrCat(typed, " is the database itself; name the file to import"));
  }
  // The file is opened before the database is made.
  absl::StatusOr<command::InputFile> file = command::InputFile::Open(typed);
  if (!file.ok()) return Fail(file.status());
  const command::Progress progress("sessions: import");
  absl::StatusOr<std::unique_ptr<SessionStore>> store = OpenDatabase(Need::kMake);
  if (!store.ok()) return Fail(store.status());
  absl::Status read;
  absl::StatusOr<Imported> imported = ImportSessions(
      [&](absl::Span<char> part) {
        absl::StatusOr<size_t> count = file->Read(part);
        read.Update(count.status());
        return count;
      },
      **store);
  if (!imported.ok()) {
    // An error of reading names the file already.
    const std::string name = read.ok() ? absl::StrCat(command::InputName(typed), ": ") : "";
    return Fail(absl::StrCat(name, imported.status().message()));
  }
  if (imported->num_incomplete > 0) {
    command::Say(absl::StrCat(command::InputName(typed), ": ", imported->first_incomplete,
                              imported->num_incomplete == 1
                                  ? ""
                                  : absl::StrCat("; ", imported->num_incomplete - 1,
                                                 " other sessions lack messages, too")));
  }
  if (imported->num_cut_times > 0) {
    command::Say(absl::StrCat(command::InputName(typed), ": ", imported->num_cut_times,
                              imported->num_cut_times == 1 ? " time is" : " times are",
                              " cut to microseconds, which is what a store keeps"));
  }
  if (imported->num_cut_activities > 0) {
    command::Say(absl::StrCat(
        command::InputName(typed), ": ", imported->num_cut_activities,
        imported->num_cut_activities == 1 ? " \"activity\" is" : " times \"activity\" is",
        " beyond ", kMaxActivity, " and counts as that"));
  }
  Print(absl::StrCat("Imported ", imported->num_sessions, " sessions with ", imported->num_messages,
                     " messages.\n"));
  return kDone;
}

int PrintStats(SessionStore& store, const Arguments&) {
  absl::StatusOr<SessionStore::Stats> stats = store.GetStats();
  if (!stats.ok()) return Fail(stats.status());
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
      Print(absl::StrFormat("%-22s %14d\n", line.title, line.value));
    }
  }
  if (absl::GetFlag(FLAGS_json)) Print(absl::StrCat("{", absl::StrJoin(members, ","), "}\n"));
  return kDone;
}

// Damage is an answer (kNo), also if it keeps the store from being opened.
int Check(const Arguments&) {
  if (absl::GetFlag(FLAGS_db).empty()) return WrongUse("--db is missing: the database of sessions");
  const command::Progress progress("sessions: check");
  absl::StatusOr<std::unique_ptr<SessionStore>> store = OpenDatabase(Need::kRead);
  const absl::Status checked = store.ok() ? (*store)->CheckIntegrity() : store.status();
  if (checked.ok()) {
    Print("No damage was found.\n");
    return kDone;
  }
  if (!absl::IsDataLoss(checked)) return Fail(checked);
  const bool may_be_saved = store.ok() || CheckSalvageable(DatabasePath()).ok();
  command::Say(absl::StrCat(checked.message(),
                            may_be_saved
                                ? "; `sessions repair` saves what can be read to a new file"
                                : "; it is not a store, or its first page is lost, and nothing of "
                                  "it can be saved"));
  return kNo;
}

command::OutputOptions NewDatabase() {
  return {.kind = command::kSqliteFile,
          .keep = FilesToKeep(),
          .may_replace = false,
          .as_private_as = Source()};
}

int Backup(SessionStore& store, const Arguments& arguments) {
  auto* const database = dynamic_cast<SqliteStore*>(&store);
  if (database == nullptr) {
    return Fail("backup copies SQLite files only; use pg_dump for a PostgreSQL store");
  }
  absl::StatusOr<command::OutputFile> file =
      command::OutputFile::CreateNamed(arguments[0], NewDatabase());
  if (!file.ok()) return Fail(file.status());
  absl::Status copied = database->Backup(file->path());
  if (copied.ok()) copied = file->Commit();
  if (!copied.ok()) return Fail(copied);
  Print(absl::StrCat("Copied to ", PrintableLine(arguments[0]), ".\n"));
  return kDone;
}

int Prune(SessionStore& store, const Arguments&) {
  const std::optional<absl::Duration> older_than = absl::GetFlag(FLAGS_older_than);
  const std::optional<int64_t> keep = absl::GetFlag(FLAGS_keep);
  if (!older_than.has_value() && !keep.has_value()) {
    return WrongUse("say what to delete: with --older_than, --keep or both");
  }
  SessionStore::Retention retention;
  if (older_than.has_value()) {
    if (*older_than <= absl::ZeroDuration()) {
      return WrongUse(absl::StrCat("--older_than must be positive, but is ",
                                   absl::FormatDuration(*older_than)));
    }
    retention.changed_since = absl::Now() - *older_than;
  }
  if (keep.has_value()) {
    if (*keep < 0) return WrongUse(absl::StrCat("--keep must be 0 or more, but is ", *keep));
    retention.most_sessions = *keep;
  }
  absl::StatusOr<int64_t> deleted = store.PruneSessions(retention);
  if (!deleted.ok()) return Fail(deleted.status());
  Print(absl::StrCat("Deleted ", *deleted, " sessions.\n"));
  return kDone;
}

int Delete(SessionStore& store, const Arguments& arguments) {
  if (absl::Status deleted = store.DeleteSession(arguments[0]); !deleted.ok()) return Fail(deleted);
  Print(absl::StrCat("Deleted ", PrintableLine(arguments[0]), ".\n"));
  return kDone;
}

// Everything that is known to be lost, a line each.
std::string Losses(const Salvaged& salvaged) {
  std::string text;
  if (salvaged.num_gaps > 0) {
    absl::StrAppend(&text, "Rows could not be read in ", salvaged.num_gaps, " places.\n");
  }
  if (salvaged.num_refused > 0) {
    absl::StrAppend(&text, salvaged.num_refused, " rows were damaged and are left out.\n");
  }
  if (salvaged.log_was_ignored) {
    absl::StrAppend(&text,
                    "The database's log (-wal) could not be used: the newest messages may be "
                    "missing.\n");
  }
  if (salvaged.num_orphans > 0) {
    absl::StrAppend(&text, salvaged.num_orphans, " sessions have lost their titles and times.\n");
  }
  int64_t num_lost = 0;
  for (const Salvaged::Loss& loss : salvaged.losses) {
    num_lost += loss.num_lost;
    absl::StrAppend(&text, "  ", PrintableLine(loss.session_id), ": ", loss.num_lost,
                    " messages lost");
    if (loss.num_doubtful > 0) absl::StrAppend(&text, ", ", loss.num_doubtful, " doubtful");
    absl::StrAppend(&text, "\n");
  }
  if (num_lost > 0) absl::StrAppend(&text, num_lost, " messages are known to be lost.\n");
  return text;
}

int Repair(const Arguments& arguments) {
  if (absl::GetFlag(FLAGS_db).empty()) return WrongUse("--db is missing: the database of sessions");
  if (IsServer())
    return Fail(
        "repair reads SQLite files only; use the tools of PostgreSQL for a PostgreSQL store");
  if (absl::Status apart = CheckPrintable(); !apart.ok()) return Fail(apart);
  absl::StatusOr<command::OutputFile> file =
      command::OutputFile::CreateNamed(arguments[0], NewDatabase());
  if (!file.ok()) return Fail(file.status());
  const command::Progress progress("sessions: repair");
  absl::StatusOr<Salvaged> salvaged = SalvageStore(DatabasePath(), file->path());
  if (!salvaged.ok()) return Fail(salvaged.status());
  if (absl::Status committed = file->Commit(); !committed.ok()) return Fail(committed);
  Print(absl::StrCat("Saved ", salvaged->num_sessions, " sessions and ", salvaged->num_messages,
                     " messages to ", PrintableLine(arguments[0]), ".\n",
                     salvaged->lost_nothing() ? "Every row could be read.\n" : Losses(*salvaged)));
  return salvaged->lost_nothing() ? kDone : kNo;
}

command::Program Sessions() {
  return {
      .name = "sessions",
      .summary = "Lists, searches, exports, backs up and repairs stored sessions.",
      .synopsis = {"sessions COMMAND --db FILE [ARGUMENT...] [FLAG...]"},
      .details = "",
      .flag_groups = {{"Flags",
                       {"db", "json", "limit", "before", "session", "output", "older_than",
                        "keep"}}},
      .common_flags = {"db"},
      .examples = {"sessions list --db sessions.db", "sessions search train nine --db sessions.db",
                   "sessions export --db sessions.db --output all.jsonl"},
      .no_means =
          "nothing was found (search, show), the store is damaged (check), something was "
          "lost (repair)",
      .subcommands = {{.name = "list",
                       .arguments = "",
                       .description = "list the sessions, the most recently changed first",
                       .min_arguments = 0,
                       .max_arguments = 0,
                       .flags = {"limit", "before", "json"},
                       .run = OnStore("list", Need::kRead, List)},
                      {.name = "show",
                       .arguments = "ID",
                       .description = "print a session and its last messages",
                       .min_arguments = 1,
                       .max_arguments = 1,
                       .flags = {"limit", "before", "json"},
                       .run = OnStore("show", Need::kRead, Show)},
                      {.name = "search",
                       .arguments = "WORD...",
                       .description = "find messages that have all the words, the best match first",
                       .min_arguments = 1,
                       .max_arguments = command::kAnyNumber,
                       .flags = {"limit", "session", "json"},
                       .run = OnStore("search", Need::kRead, Search)},
                      {.name = "export",
                       .arguments = "[ID...]",
                       .description = "write sessions as JSON Lines; without an id, all of them",
                       .min_arguments = 0,
                       .max_arguments = command::kAnyNumber,
                       .flags = {"output"},
                       .run = OnStore("export", Need::kRead, Export)},
                      {.name = "import",
                       .arguments = "FILE",
                       .description =
                           "read JSON Lines as `export` writes them, or OpenAI chats "
                           "{\"messages\": [...]}; - reads standard input. The database is created "
                           "if it does not exist.",
                       .min_arguments = 1,
                       .max_arguments = 1,
                       .flags = {},
                       .run = Import},
                      {.name = "stats",
                       .arguments = "",
                       .description = "count sessions, messages and bytes",
                       .min_arguments = 0,
                       .max_arguments = 0,
                       .flags = {"json"},
                       .run = OnStore("stats", Need::kRead, PrintStats)},
                      {.name = "check",
                       .arguments = "",
                       .description = "read everything and report damage",
                       .min_arguments = 0,
                       .max_arguments = 0,
                       .flags = {},
                       .run = Check},
                      {.name = "backup",
                       .arguments = "FILE",
                       .description = "copy the store to a new file, while others use it",
                       .min_arguments = 1,
                       .max_arguments = 1,
                       .flags = {},
                       .run = OnStore("backup", Need::kRead, Backup)},
                      {.name = "prune",
                       .arguments = "",
                       .description = "delete old sessions: by age, by number, or both",
                       .min_arguments = 0,
                       .max_arguments = 0,
                       .flags = {"older_than", "keep"},
                       .run = OnStore("prune", Need::kChange, Prune)},
                      {.name = "delete",
                       .arguments = "ID",
                       .description = "delete a session with its messages",
                       .min_arguments = 1,
                       .max_arguments = 1,
                       .flags = {},
                       .run = OnStore("delete", Need::kChange, Delete)},
                      {.name = "repair",
                       .arguments = "FILE",
                       .description = "save what can be read of a damaged store to a new file",
                       .min_arguments = 1,
                       .max_arguments = 1,
                       .flags = {},
                       .run = Repair}},
      .run = nullptr,
      .max_arguments = 0,
  };
}

}  // namespace
}  // namespace parlance::session

int main(int argc, char** argv) { return command::Main(parlance::session::Sessions(), argc, argv); }
