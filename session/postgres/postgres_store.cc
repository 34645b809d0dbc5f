#include "session/postgres/postgres_store.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "session/message_check.h"
#include "session/new_session.h"
#include "session/reader_pool.h"
#include "session/rows.h"
#include "session/unspaced.h"
#include "third_party/postgres_connection.h"

namespace parlance::session {
namespace {

// `parlance_append` answers with a code (0 appended or there already, 1 no session, 2 closed, 3 a
// later key is taken) and the sequence of the first message: a refusal must not be an error, which
// would undo the batch.
constexpr char kVersion1[] = R"sql(
CREATE SEQUENCE parlance_activity;
CREATE TABLE parlance_sessions (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  public_id text NOT NULL UNIQUE,
  title text NOT NULL,
  metadata text,
  created_us bigint NOT NULL,
  updated_us bigint NOT NULL,
  closed_us bigint,
  activity bigint NOT NULL UNIQUE DEFAULT nextval('parlance_activity'),
  next_sequence bigint NOT NULL DEFAULT 1
);
CREATE TABLE parlance_messages (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  session bigint NOT NULL REFERENCES parlance_sessions ON DELETE CASCADE,
  sequence bigint NOT NULL,
  role text NOT NULL CHECK (role IN ('system', 'developer', 'user', 'assistant', 'tool')),
  content text NOT NULL,
  name text,
  tool_call_id text,
  tool_calls text,
  created_us bigint NOT NULL,
  client_key text,
  metadata text,
  input_tokens bigint,
  output_tokens bigint,
  latency_us bigint,
  words tsvector GENERATED ALWAYS AS (to_tsvector('simple', left(content, 200000))) STORED,
  UNIQUE (session, sequence)
);
CREATE UNIQUE INDEX parlance_messages_by_client_key ON parlance_messages (session, client_key)
  WHERE client_key IS NOT NULL;
CREATE INDEX parlance_messages_by_word ON parlance_messages USING gin (words);

CREATE FUNCTION parlance_append(IN wanted text, IN now_us bigint, IN said json,
                                OUT code int, OUT first_sequence bigint) AS $$
DECLARE
  place record;
  key_sequence bigint;
BEGIN
  code := 0;
  SELECT id, next_sequence, closed_us INTO place FROM parlance_sessions WHERE public_id = wanted
    FOR UPDATE;
  IF NOT FOUND THEN code := 1; RETURN; END IF;
  SELECT m.sequence INTO key_sequence FROM parlance_messages m
    WHERE m.session = place.id AND m.client_key = said->0->>'client_key';
  IF FOUND THEN first_sequence := key_sequence; RETURN; END IF;
  PERFORM 1 FROM json_array_elements(said) item JOIN parlance_messages m
    ON m.session = place.id AND m.client_key = item->>'client_key';
  IF FOUND THEN code := 3; RETURN; END IF;
  IF place.closed_us IS NOT NULL THEN code := 2; RETURN; END IF;
  INSERT INTO parlance_messages (session, sequence, role, content, name, tool_call_id, tool_calls,
      created_us, client_key, metadata, input_tokens, output_tokens, latency_us)
    SELECT place.id, place.next_sequence + number - 1, item->>'role', item->>'content',
      item->>'name', item->>'tool_call_id', item->>'tool_calls',
      coalesce((item->>'created_us')::bigint, now_us), item->>'client_key', item->>'metadata',
      (item->>'input_tokens')::bigint, (item->>'output_tokens')::bigint,
      (item->>'latency_us')::bigint
    FROM json_array_elements(said) WITH ORDINALITY AS items (item, number);
  UPDATE parlance_sessions SET next_sequence = next_sequence + json_array_length(said),
    updated_us = now_us, activity = nextval('parlance_activity') WHERE id = place.id;
  first_sequence := place.next_sequence;
END $$ LANGUAGE plpgsql;

CREATE FUNCTION parlance_create(IN wanted text, IN new_title text, IN new_metadata text,
    IN new_created_us bigint, IN now_us bigint, IN said json, IN ending boolean, OUT code int) AS $$
BEGIN
  INSERT INTO parlance_sessions (public_id, title, metadata, created_us, updated_us)
    VALUES (wanted, new_title, new_metadata, new_created_us, now_us) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN code := 1; RETURN; END IF;
  code := 0;
  IF json_array_length(said) > 0 THEN PERFORM parlance_append(wanted, now_us, said); END IF;
  IF ending THEN UPDATE parlance_sessions SET closed_us = now_us WHERE public_id = wanted; END IF;
END $$ LANGUAGE plpgsql;
)sql";

// `activity` is a time that never goes back, no longer a count, so that sessions from elsewhere
// take their places among those that are here; two sessions may have the same, as programs that
// commit at the same moment do not know of each other.
constexpr char kActivityOfVersion2[] = R"sql(
ALTER TABLE parlance_sessions DROP CONSTRAINT parlance_sessions_activity_key;
ALTER TABLE parlance_sessions ALTER COLUMN activity DROP DEFAULT;
DROP SEQUENCE parlance_activity;
UPDATE parlance_sessions SET activity = timed.activity FROM
  (SELECT id, max(updated_us - place) OVER (ORDER BY place) + place AS activity FROM
    (SELECT id, updated_us, row_number() OVER (ORDER BY activity) AS place
      FROM parlance_sessions) numbered) timed
  WHERE timed.id = parlance_sessions.id;
CREATE INDEX parlance_sessions_by_activity ON parlance_sessions (activity, id);
CREATE FUNCTION parlance_next_activity(now_us bigint) RETURNS bigint AS $$
  SELECT coalesce(greatest(now_us, 1 + max(activity)), now_us) FROM parlance_sessions
$$ LANGUAGE sql;

CREATE OR REPLACE FUNCTION parlance_append(IN wanted text, IN now_us bigint, IN said json,
                                           OUT code int, OUT first_sequence bigint) AS $$
DECLARE
  place record;
  key_sequence bigint;
BEGIN
  code := 0;
  SELECT id, next_sequence, closed_us INTO place FROM parlance_sessions WHERE public_id = wanted
    FOR UPDATE;
  IF NOT FOUND THEN code := 1; RETURN; END IF;
  SELECT m.sequence INTO key_sequence FROM parlance_messages m
    WHERE m.session = place.id AND m.client_key = said->0->>'client_key';
  IF FOUND THEN first_sequence := key_sequence; RETURN; END IF;
  PERFORM 1 FROM json_array_elements(said) item JOIN parlance_messages m
    ON m.session = place.id AND m.client_key = item->>'client_key';
  IF FOUND THEN code := 3; RETURN; END IF;
  IF place.closed_us IS NOT NULL THEN code := 2; RETURN; END IF;
  INSERT INTO parlance_messages (session, sequence, role, content, name, tool_call_id, tool_calls,
      created_us, client_key, metadata, input_tokens, output_tokens, latency_us)
    SELECT place.id, place.next_sequence + number - 1, item->>'role', item->>'content',
      item->>'name', item->>'tool_call_id', item->>'tool_calls',
      coalesce((item->>'created_us')::bigint, now_us), item->>'client_key', item->>'metadata',
      (item->>'input_tokens')::bigint, (item->>'output_tokens')::bigint,
      (item->>'latency_us')::bigint
    FROM json_array_elements(said) WITH ORDINALITY AS items (item, number);
  UPDATE parlance_sessions SET next_sequence = next_sequence + json_array_length(said),
    updated_us = now_us, activity = parlance_next_activity(now_us) WHERE id = place.id;
  first_sequence := place.next_sequence;
END $$ LANGUAGE plpgsql;

DROP FUNCTION parlance_create(text, text, text, bigint, bigint, json, boolean);
CREATE FUNCTION parlance_create(IN wanted text, IN new_title text, IN new_metadata text,
    IN new_created_us bigint, IN now_us bigint, IN said json, IN new_updated_us bigint,
    IN new_closed_us bigint, IN new_activity bigint, OUT code int, OUT made_activity bigint) AS $$
BEGIN
  made_activity := coalesce(new_activity, parlance_next_activity(now_us));
  INSERT INTO parlance_sessions (public_id, title, metadata, created_us, updated_us, activity)
    VALUES (wanted, new_title, new_metadata, new_created_us, now_us, made_activity)
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN code := 1; RETURN; END IF;
  code := 0;
  IF json_array_length(said) > 0 THEN PERFORM parlance_append(wanted, now_us, said); END IF;
  UPDATE parlance_sessions SET closed_us = new_closed_us, updated_us = new_updated_us,
    activity = made_activity WHERE public_id = wanted;
END $$ LANGUAGE plpgsql;
)sql";

// Words of scripts without spaces (unspaced.h) are pairs of neighbouring characters, and single
// ones, to the server: it splits text at spaces only. $U stands for such a character, and $I for
// one that is read over. `parlance_pairs` writes a run of them as its first and second, third and
// fourth… character, and `parlance_shifted` sets the first aside, for the pairs between. A text
// with such a script is known to search by its first 60,000 characters, and another by 200,000:
// more may be too much for a tsvector (1 MiB).
constexpr char kSearchOfVersion2[] = R"sql(
CREATE FUNCTION parlance_pairs(said text) RETURNS text AS $$
  SELECT regexp_replace(said, '([$U][$U]?)', ' \1 ', 'g')
$$ LANGUAGE sql IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION parlance_shifted(said text) RETURNS text AS $$
  SELECT regexp_replace(said, '([$U])([$U]*)', ' \1 \2 ', 'g')
$$ LANGUAGE sql IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION parlance_words(said text) RETURNS tsvector AS $$
DECLARE
  seen text;
BEGIN
  seen := left(said, 200000);
  IF seen !~ '[$U]' THEN RETURN to_tsvector('simple', seen); END IF;
  seen := regexp_replace(left(seen, 60000), '[$I]', '', 'g');
  RETURN to_tsvector('simple', parlance_pairs(seen))
    || strip(to_tsvector('simple', parlance_pairs(parlance_shifted(seen))))
    || strip(to_tsvector('simple', regexp_replace(seen, '([$U])', ' \1 ', 'g')));
END $$ LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION parlance_query(wanted text) RETURNS tsquery AS $$
DECLARE
  seen text;
BEGIN
  IF wanted !~ '[$U]' THEN RETURN plainto_tsquery('simple', wanted); END IF;
  seen := regexp_replace(wanted, '[$I]', '', 'g');
  RETURN plainto_tsquery('simple', parlance_pairs(seen) || parlance_pairs(parlance_shifted(seen)));
END $$ LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE;
ALTER TABLE parlance_messages DROP COLUMN words;
ALTER TABLE parlance_messages ADD COLUMN words tsvector
  GENERATED ALWAYS AS (parlance_words(content)) STORED;
CREATE INDEX parlance_messages_by_word ON parlance_messages USING gin (words);
)sql";

// Writes the ranges for a bracket expression of the server's regular expressions.
std::string ClassOf(absl::Span<const CharacterRange> ranges) {
  std::string text;
  for (const CharacterRange& range : ranges) {
    absl::StrAppendFormat(&text, "\\U%08X-\\U%08X", range.first, range.last);
  }
  return text;
}

}  // namespace

absl::Span<const std::string> PostgresMigrations() {
  static const auto& migrations = *new std::vector<std::string>{
      kVersion1,
      absl::StrCat(kActivityOfVersion2,
                   absl::StrReplaceAll(kSearchOfVersion2,
                                       {{"$U", ClassOf(kUnspaced)}, {"$I", ClassOf(kUnseen)}})),
  };
  return migrations;
}

namespace {

// Selects the messages of a session between two sequences.
std::string HistoryQuery(const char* order) {
  return absl::StrCat(
      "SELECT ", kMessageColumns,
      " FROM parlance_messages m WHERE m.session = $1::bigint AND m.sequence > $2::bigint AND "
      "m.sequence < $3::bigint ORDER BY m.sequence ",
      order, " LIMIT $4::bigint");
}

// The statements that every connection prepares, as readers and the writer are alike. Each member
// is the name under which its SQL is prepared, and stands in one line with it.
struct Statements {
  std::vector<postgres::Connection::Prepared> all;

  const char* const get_session =
      Add("get_session",
          absl::StrCat("SELECT ", kSessionColumns, " FROM parlance_sessions WHERE public_id = $1"));
  const char* const list_sessions =
      Add("list_sessions",
          absl::StrCat("SELECT ", kSessionColumns,
                       " FROM parlance_sessions WHERE (activity, id) < ($1::bigint, $3::bigint) "
                       "ORDER BY activity DESC, id DESC LIMIT $2::bigint"));
  const char* const find_session =
      Add("find_session", "SELECT id, activity FROM parlance_sessions WHERE public_id = $1");
  const char* const history_after = Add("history_after", HistoryQuery("ASC"));
  const char* const history_before = Add("history_before", HistoryQuery("DESC"));
  // Only the best hits get a snippet, because a snippet costs a reading of the text.
  const char* const search = Add(
      "search",
      absl::StrCat(
          "SELECT ", kMessageColumns,
          ", m.public_id, ts_headline('simple', m.content, m.query, 'StartSel=[, StopSel=], "
          "MaxWords=12, MinWords=5, FragmentDelimiter=…') FROM (SELECT m.*, s.public_id, query, "
          "ts_rank_cd(m.words, query) AS rank FROM parlance_query($1) query, "
          "parlance_messages m JOIN parlance_sessions s ON s.id = m.session WHERE "
          "m.words @@ query AND ($2 = '' OR s.public_id = $2) "
          "ORDER BY rank DESC, m.id DESC LIMIT $3::bigint) m ORDER BY m.rank DESC, m.id DESC"));
  const char* const stats = Add(
      "stats",
      "SELECT count(*), count(closed_us), coalesce(sum(next_sequence - 1), 0)::bigint, "
      "pg_total_relation_size('parlance_sessions') + pg_total_relation_size('parlance_messages'), "
      "(SELECT version FROM parlance_schema) FROM parlance_sessions");
  const char* const check = Add(
      "check",
      "SELECT s.public_id FROM parlance_sessions s LEFT JOIN parlance_messages m ON m.session = "
      "s.id GROUP BY s.id HAVING count(m.id) <> s.next_sequence - 1 OR max(m.sequence) <> "
      "s.next_sequence - 1 LIMIT 1");
  const char* const append =
      Add("append", "SELECT code, first_sequence FROM parlance_append($1, $2::bigint, $3::json)");
  // A row if there is the session, with no role if there is no such message. Who amends a session
  // locks its row first, as who appends to it does.
  const char* const amend = Add("amend", R"sql(
WITH place AS (SELECT id, closed_us FROM parlance_sessions WHERE public_id = $1 FOR UPDATE),
said AS (SELECT m.id, m.role FROM place JOIN parlance_messages m
  ON m.session = place.id AND m.sequence = $2::bigint),
amended AS (UPDATE parlance_messages m SET content = $3, metadata = coalesce($4, m.metadata)
  FROM place, said WHERE m.id = said.id AND said.role = 'assistant' AND place.closed_us IS NULL
  RETURNING m.session),
changed AS (UPDATE parlance_sessions s SET updated_us = $5::bigint,
  activity = parlance_next_activity($5::bigint) FROM amended WHERE s.id = amended.session)
SELECT said.role, (place.closed_us IS NOT NULL)::int FROM place LEFT JOIN said ON TRUE)sql");
  const char* const create =
      Add("create",
          "SELECT code, made_activity FROM parlance_create($1, $2, $3, $4::bigint, $5::bigint, "
          "$6::json, $7::bigint, $8::bigint, $9::bigint)");
  const char* const rename =
      Add("rename",
          "UPDATE parlance_sessions SET title = $2, updated_us = $3::bigint, activity = "
          "parlance_next_activity($3::bigint) WHERE public_id = $1 RETURNING id");
  const char* const set_closed = Add(
      "set_closed",
      "UPDATE parlance_sessions SET closed_us = $2::bigint, updated_us = $3::bigint, activity = "
      "parlance_next_activity($3::bigint) WHERE public_id = $1 RETURNING id");
  const char* const delete_session =
      Add("delete_session", "DELETE FROM parlance_sessions WHERE public_id = $1 RETURNING id");
  const char* const prune =
      Add("prune",
          "WITH gone AS (DELETE FROM parlance_sessions WHERE updated_us < $1::bigint OR "
          "(activity, id) <= (SELECT activity, id FROM parlance_sessions WHERE "
          "updated_us >= $1::bigint ORDER BY activity DESC, id DESC LIMIT 1 OFFSET $2::bigint) "
          "RETURNING id) SELECT count(*) FROM gone");

 private:
  const char* Add(const char* name, std::string sql) {
    all.push_back({.name = name, .sql = std::move(sql)});
    return name;
  }
};

const Statements& Sql() {
  static const Statements& statements = *new Statements;
  return statements;
}

// The part of `text` around the first of `words` that is there as it is: 12 characters before, and
// as many after.
std::string SnippetAround(absl::string_view text, absl::string_view words) {
  absl::string_view found = text.substr(0, 0);
  const std::string spaced = absl::StrReplaceAll(words, {{"\u3000", " "}});
  for (const absl::string_view word :
       absl::StrSplit(spaced, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty())) {
    if (const size_t at = text.find(word); at != absl::string_view::npos) {
      found = text.substr(at, word.size());
      break;
    }
  }
  const auto is_inside = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  constexpr int kMaxContext = 12;
  const auto found_at = static_cast<size_t>(found.data() - text.data());
  size_t start = found_at;
  for (int i = 0; i < kMaxContext && start > 0; ++i) {
    do --start;
    while (start > 0 && is_inside(text[start]));
  }
  const size_t found_end = found_at + found.size();
  size_t end = found_end;
  for (int i = 0; i < kMaxContext && end < text.size(); ++i) {
    do ++end;
    while (end < text.size() && is_inside(text[end]));
  }
  return absl::StrCat(start > 0 ? "…" : "", text.substr(start, found_at - start),
                      found.empty() ? "" : "[", found, found.empty() ? "" : "]",
                      text.substr(found_end, end - found_end), end < text.size() ? "…" : "");
}

absl::string_view View(const std::optional<std::string>& text) {
  return text.has_value() ? absl::string_view(*text) : absl::string_view();
}

absl::Status CheckNoNul(absl::string_view what, absl::string_view text) {
  if (text.find('\0') == absl::string_view::npos) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " has a NUL character, which PostgreSQL's text cannot keep"));
}

absl::Status CheckNoNuls(absl::Span<const Message> messages) {
  for (const Message& message : messages) {
    for (const absl::string_view text : {absl::string_view(message.content), View(message.name),
                                         View(message.tool_call_id), View(message.client_key)}) {
      if (absl::Status ok = CheckNoNul("the message", text); !ok.ok()) return ok;
    }
  }
  return absl::OkStatus();
}

std::string Micros(absl::Time time) { return absl::StrCat(absl::ToUnixMicros(time)); }

// What parlance_append reads.
std::string MessagesJson(absl::Span<const Message> messages) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto string = [&](const char* key, const std::optional<std::string>& value) {
    if (!value.has_value()) return;
    writer.Key(key);
    writer.String(value->data(), static_cast<rapidjson::SizeType>(value->size()));
  };
  const auto integer = [&](const char* key, const std::optional<int64_t>& value) {
    if (!value.has_value()) return;
    writer.Key(key);
    writer.Int64(*value);
  };
  writer.StartArray();
  for (const Message& message : messages) {
    writer.StartObject();
    string("role", std::string(RoleName(message.role)));
    string("content", message.content);
    string("name", message.name);
    string("tool_call_id", message.tool_call_id);
    string("tool_calls", message.tool_calls);
    string("client_key", message.client_key);
    string("metadata", message.metadata);
    integer("input_tokens", message.input_tokens);
    integer("output_tokens", message.output_tokens);
    if (message.latency.has_value()) {
      integer("latency_us", absl::ToInt64Microseconds(*message.latency));
    }
    if (message.created != absl::InfinitePast())
      integer("created_us", absl::ToUnixMicros(message.created));
    writer.EndObject();
  }
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

// One statement that changes something, and what its answer means.
class PostgresWrite {
 public:
  using Take = std::function<absl::Status(const postgres::Rows&)>;
  using Finish = std::function<void(const absl::Status&)>;

  PostgresWrite(postgres::Connection::Request request, Take take, Finish finish = nullptr)
      : request(std::move(request)), take(std::move(take)), finish(std::move(finish)) {}

  size_t bytes() const {
    size_t sum = sizeof(*this);
    for (const auto& parameter : request.parameters) sum += parameter.value_or("").size();
    return sum;
  }

  const postgres::Connection::Request request;
  const Take take;
  const Finish finish;
  absl::Status status;
};

class PostgresStore : public SessionStore {
 public:
  PostgresStore(std::string uri, PostgresStoreOptions options, postgres::Connection writer)
      : uri_(std::move(uri)),
        options_(std::move(options)),
        writer_(std::move(writer)),
        readers_(options_.max_readers,
                 [this] { return postgres::Connection::Open(uri_, Sql().all); }),
        queue_(
            options_.queue, [this](absl::Span<PostgresWrite* const> writes) { Commit(writes); },
            nullptr) {}

  absl::StatusOr<Session> CreateSession(const NewSession& from) override {
    if (absl::Status ok = CheckNewSession(from, options_.max_message_bytes); !ok.ok()) return ok;
    if (absl::Status ok = CheckNoNul("title", from.title); !ok.ok()) return ok;
    if (absl::Status ok = CheckNoNuls(from.messages); !ok.ok()) return ok;
    const absl::Time now = Now();
    Session session = SessionFrom(from, now, options_.new_id);
    const absl::Status created =
        Write({Sql().create,
               {session.id, session.title, session.metadata, Micros(session.created), Micros(now),
                MessagesJson(from.messages), Micros(session.updated),
                session.closed.has_value() ? std::optional(Micros(*session.closed)) : std::nullopt,
                session.activity == kNoActivity ? std::nullopt
                                                : std::optional(absl::StrCat(session.activity))}},
              [&](const postgres::Rows& rows) -> absl::Status {
                session.activity = rows.Integer(0, 1);
                if (rows.Integer(0, 0) == 0) return absl::OkStatus();
                return absl::AlreadyExistsError(
                    absl::StrCat("there is a session '", session.id, "' already"));
              });
    if (!created.ok()) return created;
    return session;
  }

  absl::StatusOr<Session> GetSession(absl::string_view session_id) override {
    absl::StatusOr<postgres::Rows> rows = Read(Sql().get_session, {std::string(session_id)});
    if (!rows.ok()) return rows.status();
    if (rows->size() == 0) return NoSession(session_id);
    return SessionOf(rows->row(0));
  }

  absl::StatusOr<std::vector<Session>> ListSessions(int limit, absl::string_view before) override {
    if (absl::Status ok = CheckLimit(limit); !ok.ok()) return ok;
    std::string before_activity = absl::StrCat(INT64_MAX);
    std::string before_id = before_activity;
    if (!before.empty()) {
      absl::StatusOr<postgres::Rows> key = Read(Sql().find_session, {std::string(before)});
      if (!key.ok()) return key.status();
      if (key->size() == 0) return NoSession(before);
      before_id = key->Text(0, 0);
      before_activity = key->Text(0, 1);
    }
    absl::StatusOr<postgres::Rows> rows =
        Read(Sql().list_sessions, {before_activity, absl::StrCat(limit), before_id});
    if (!rows.ok()) return rows.status();
    std::vector<Session> sessions;
    for (int row = 0; row < rows->size(); ++row) sessions.push_back(SessionOf(rows->row(row)));
    return sessions;
  }

  absl::Status RenameSession(absl::string_view session_id, absl::string_view title) override {
    if (absl::Status ok = CheckString("title", title); !ok.ok()) return ok;
    return Write({Sql().rename, {std::string(session_id), std::string(title), Micros(Now())}},
                 FoundIn(session_id));
  }

  absl::Status CloseSession(absl::string_view session_id) override {
    const std::string now = Micros(Now());
    return Write({Sql().set_closed, {std::string(session_id), now, now}}, FoundIn(session_id));
  }

  absl::StatusOr<Session> ResumeSession(absl::string_view session_id) override {
    if (absl::Status resumed =
            Write({Sql().set_closed, {std::string(session_id), std::nullopt, Micros(Now())}},
                  FoundIn(session_id));
        !resumed.ok()) {
      return resumed;
    }
    return GetSession(session_id);
  }

  absl::Status DeleteSession(absl::string_view session_id) override {
    return Write({Sql().delete_session, {std::string(session_id)}}, FoundIn(session_id));
  }

  absl::StatusOr<int64_t> PruneSessions(const Retention& retention) override {
    if (absl::Status ok = CheckRetention(retention); !ok.ok()) return ok;
    int64_t num_deleted = 0;
    const int64_t before_us = retention.changed_since.has_value()
                                  ? absl::ToUnixMicros(*retention.changed_since)
                                  : INT64_MIN;
    const absl::Status deleted = Write(
        {Sql().prune,
         {absl::StrCat(before_us), absl::StrCat(retention.most_sessions.value_or(INT64_MAX))}},
        [&](const postgres::Rows& rows) {
          num_deleted = rows.Integer(0, 0);
          return absl::OkStatus();
        });
    if (!deleted.ok()) return deleted;
    return num_deleted;
  }

  absl::StatusOr<int64_t> AppendAll(absl::string_view session_id,
                                    absl::Span<const Message> messages) override {
    if (absl::Status ok = CheckAll(messages); !ok.ok()) return ok;
    int64_t first = 0;
    const absl::Status appended =
        Write(AppendRequest(session_id, messages), AppendAnswer(std::string(session_id), &first));
    if (!appended.ok()) return appended;
    return first;
  }

  absl::Status AppendAsync(absl::string_view session_id, std::vector<Message> messages,
                           AppendDone done) override {
    if (absl::Status ok = CheckAll(messages); !ok.ok()) return ok;
    auto first = std::make_shared<int64_t>(0);
    return queue_.Submit(std::make_unique<PostgresWrite>(
        AppendRequest(session_id, messages), AppendAnswer(std::string(session_id), first.get()),
        [first, done = std::move(done)](const absl::Status& status) {
          if (status.ok()) {
            done(*first);
          } else {
            done(status);
          }
        }));
  }

  absl::Status Amend(absl::string_view session_id, const Amendment& amendment) override {
    if (absl::Status ok = CheckAmendable(amendment); !ok.ok()) return ok;
    return Write(AmendRequest(session_id, amendment),
                 AmendAnswer(std::string(session_id), amendment.sequence));
  }

  absl::Status AmendAsync(absl::string_view session_id, Amendment amendment,
                          AmendDone done) override {
    if (absl::Status ok = CheckAmendable(amendment); !ok.ok()) return ok;
    return queue_.Submit(std::make_unique<PostgresWrite>(
        AmendRequest(session_id, amendment),
        AmendAnswer(std::string(session_id), amendment.sequence), std::move(done)));
  }

  absl::StatusOr<std::vector<Message>> History(absl::string_view session_id,
                                               const HistoryOptions& options) override {
    if (absl::Status ok = CheckLimit(options.limit); !ok.ok()) return ok;
    absl::StatusOr<postgres::Rows> key = Read(Sql().find_session, {std::string(session_id)});
    if (!key.ok()) return key.status();
    if (key->size() == 0) return NoSession(session_id);
    absl::StatusOr<postgres::Rows> rows =
        Read(options.after.has_value() ? Sql().history_after : Sql().history_before,
             {key->Text(0, 0), absl::StrCat(options.after.value_or(0)),
              absl::StrCat(options.before.value_or(INT64_MAX)), absl::StrCat(options.limit)});
    if (!rows.ok()) return rows.status();
    std::vector<Message> messages;
    for (int row = 0; row < rows->size(); ++row) messages.push_back(MessageOf(rows->row(row)));
    if (!options.after.has_value()) std::reverse(messages.begin(), messages.end());
    return messages;
  }

  absl::StatusOr<std::vector<SearchHit>> Search(absl::string_view words,
                                                absl::string_view session_id, int limit) override {
    if (absl::Status ok = CheckLimit(limit); !ok.ok()) return ok;
    if (absl::Status ok = CheckString("the search", words); !ok.ok()) return ok;
    if (absl::StripAsciiWhitespace(words).empty()) {
      return absl::InvalidArgumentError("there is no word to search for");
    }
    if (!session_id.empty()) {
      absl::StatusOr<postgres::Rows> key = Read(Sql().find_session, {std::string(session_id)});
      if (!key.ok()) return key.status();
      if (key->size() == 0) return NoSession(session_id);
    }
    absl::StatusOr<postgres::Rows> rows =
        Read(Sql().search, {std::string(words), std::string(session_id), absl::StrCat(limit)});
    if (!rows.ok()) return rows.status();
    std::vector<SearchHit> hits;
    for (int row = 0; row < rows->size(); ++row) {
      SearchHit hit = {.session_id = rows->Text(row, kNumMessageColumns),
                       .message = MessageOf(rows->row(row)),
                       .snippet = rows->Text(row, kNumMessageColumns + 1)};
      // The server sees no words there.
      if (FindUnspaced(words) != absl::string_view::npos) {
        hit.snippet = SnippetAround(hit.message.content, words);
      }
      hits.push_back(std::move(hit));
    }
    return hits;
  }

  absl::StatusOr<Stats> GetStats() override {
    absl::StatusOr<postgres::Rows> rows = Read(Sql().stats, {});
    if (!rows.ok()) return rows.status();
    return Stats{.num_sessions = rows->Integer(0, 0),
                 .num_closed_sessions = rows->Integer(0, 1),
                 .num_messages = rows->Integer(0, 2),
                 .bytes = rows->Integer(0, 3),
                 .schema_version = rows->Integer(0, 4)};
  }

  absl::Status CheckIntegrity() override {
    absl::StatusOr<postgres::Rows> rows = Read(Sql().check, {});
    if (!rows.ok()) return rows.status();
    if (rows->size() == 0) return absl::OkStatus();
    return absl::DataLossError(
        absl::StrCat("the session '", rows->Text(0, 0), "' lacks messages it once had"));
  }

 private:
  absl::Time Now() const { return absl::FromUnixMicros(absl::ToUnixMicros(options_.now())); }

  absl::Status CheckString(absl::string_view what, absl::string_view text) const {
    if (absl::Status ok = CheckText(what, text, options_.max_message_bytes); !ok.ok()) return ok;
    return CheckNoNul(what, text);
  }

  absl::Status CheckAll(absl::Span<const Message> messages) const {
    if (absl::Status ok = CheckMessages(messages, options_.max_message_bytes); !ok.ok()) return ok;
    return CheckNoNuls(messages);
  }

  absl::Status CheckAmendable(const Amendment& amendment) const {
    if (absl::Status ok = CheckAmendment(amendment, options_.max_message_bytes); !ok.ok()) {
      return ok;
    }
    return CheckNoNul("the message", amendment.content);
  }

  absl::StatusOr<postgres::Rows> Read(const char* prepared,
                                      const postgres::Parameters& parameters) {
    auto reader = readers_.Take();
    if (!reader.ok()) return reader.status();
    // Ids with a NUL name no session, and would be cut.
    for (const auto& parameter : parameters) {
      if (parameter.has_value() && parameter->find('\0') != std::string::npos) {
        return NoSession("");
      }
    }
    if (absl::Status open = (*reader)->EnsureOpen(); !open.ok()) return open;
    absl::StatusOr<postgres::Rows> rows = (*reader)->Query(prepared, parameters);
    // The server may have been started anew since: a read can be tried again.
    if (absl::IsUnavailable(rows.status()) && (*reader)->EnsureOpen().ok()) {
      rows = (*reader)->Query(prepared, parameters);
    }
    return rows;
  }

  absl::Status Write(postgres::Connection::Request request, PostgresWrite::Take take) {
    PostgresWrite write(std::move(request), std::move(take));
    if (absl::Status queued = queue_.Run(write); !queued.ok()) return queued;
    return write.status;
  }

  postgres::Connection::Request AppendRequest(absl::string_view session_id,
                                              absl::Span<const Message> messages) const {
    return {Sql().append, {std::string(session_id), Micros(Now()), MessagesJson(messages)}};
  }

  static PostgresWrite::Take AppendAnswer(std::string session_id, int64_t* first) {
    return [session_id = std::move(session_id), first](const postgres::Rows& rows) -> absl::Status {
      switch (rows.Integer(0, 0)) {
        case 0:
          *first = rows.Integer(0, 1);
          return absl::OkStatus();
        case 1:
          return NoSession(session_id);
        case 2:
          return SessionIsClosed(session_id);
        default:
          return absl::AlreadyExistsError(
              "the session has a message with one of the client keys already");
      }
    };
  }

  postgres::Connection::Request AmendRequest(absl::string_view session_id,
                                             const Amendment& amendment) const {
    return {Sql().amend,
            {std::string(session_id), absl::StrCat(amendment.sequence), amendment.content,
             amendment.metadata, Micros(Now())}};
  }

  static PostgresWrite::Take AmendAnswer(std::string session_id, int64_t sequence) {
    return
        [session_id = std::move(session_id), sequence](const postgres::Rows& rows) -> absl::Status {
          if (rows.size() == 0) return NoSession(session_id);
          const std::optional<std::string> role = rows.OptionalText(0, 0);
          if (!role.has_value()) return NoMessage(session_id, sequence);
          if (*role != RoleName(Role::kAssistant)) {
            return MayNotBeAmended(session_id, sequence, *role);
          }
          return rows.Integer(0, 1) != 0 ? SessionIsClosed(session_id) : absl::OkStatus();
        };
  }

  static PostgresWrite::Take FoundIn(absl::string_view session_id) {
    return [id = std::string(session_id)](const postgres::Rows& rows) {
      return rows.size() == 0 ? NoSession(id) : absl::OkStatus();
    };
  }

  // Called by the queue, one batch at a time.
  void Commit(absl::Span<PostgresWrite* const> writes) {
    const absl::Status together = TryCommit(writes);
    if (!together.ok()) {
      const bool server_is_there = writer_.EnsureOpen().ok();
      for (PostgresWrite* const& write : writes) {
        const bool again = writes.size() > 1 && server_is_there;
        const absl::Status alone = again ? TryCommit(absl::MakeConstSpan(&write, 1)) : together;
        if (!alone.ok()) write->status = alone;
      }
    }
    for (PostgresWrite* const write : writes) {
      if (write->finish != nullptr) write->finish(write->status);
    }
  }

  absl::Status TryCommit(absl::Span<PostgresWrite* const> writes) {
    if (absl::Status open = writer_.EnsureOpen(); !open.ok()) return open;
    std::vector<postgres::Connection::Request> requests;
    requests.reserve(writes.size());
    for (const PostgresWrite* write : writes) requests.push_back(write->request);
    absl::StatusOr<std::vector<postgres::Rows>> answers = writer_.Transaction(requests);
    if (!answers.ok()) return answers.status();
    for (size_t i = 0; i < writes.size(); ++i) writes[i]->status = writes[i]->take((*answers)[i]);
    return absl::OkStatus();
  }

  const std::string uri_;
  const PostgresStoreOptions options_;
  postgres::Connection writer_;
  ReaderPool<postgres::Connection> readers_;
  // Last, so that it ends first: it uses the others.
  CommitQueue<PostgresWrite> queue_;
};

// Brings the database to the newest schema. A lock on the server keeps programs that start at the
// same time from doing so at once.
absl::Status Migrate(const std::string& uri) {
  const postgres::Connection::Prepared select_version = {
      .name = "version", .sql = "SELECT version FROM parlance_schema"};
  absl::StatusOr<postgres::Connection> connection = postgres::Connection::Open(uri, {});
  if (!connection.ok()) return connection.status();
  // Any number will do, as long as it is always the same: "Parl" in ASCII.
  if (absl::Status locked = connection->Execute(
          "BEGIN; SELECT pg_advisory_xact_lock(1348563564); CREATE TABLE IF NOT EXISTS "
          "parlance_schema (version int NOT NULL); INSERT INTO parlance_schema SELECT 0 WHERE NOT "
          "EXISTS (SELECT 1 FROM parlance_schema)");
      !locked.ok()) {
    return locked;
  }
  if (absl::Status prepared = connection->Prepare(absl::MakeConstSpan(&select_version, 1));
      !prepared.ok()) {
    return prepared;
  }
  absl::StatusOr<postgres::Rows> rows = connection->Query(select_version.name, {});
  if (!rows.ok()) return rows.status();
  const int64_t version = rows->Integer(0, 0);
  const auto newest = static_cast<int64_t>(PostgresMigrations().size());
  if (version > newest) {
    return absl::FailedPreconditionError(
        absl::StrCat("the database has schema version ", version, ", and this program knows up to ",
                     newest, "; use the program that made it, or a newer one"));
  }
  for (int64_t i = version; i < newest; ++i) {
    if (absl::Status done = connection->Execute(PostgresMigrations()[static_cast<size_t>(i)]);
        !done.ok())
      return done;
  }
  return connection->Execute(
      absl::StrCat("UPDATE parlance_schema SET version = ", newest, "; COMMIT"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SessionStore>> OpenPostgresStore(const std::string& uri,
                                                                PostgresStoreOptions options) {
  if (absl::Status migrated = Migrate(uri); !migrated.ok()) return migrated;
  absl::StatusOr<postgres::Connection> writer = postgres::Connection::Open(uri, Sql().all);
  if (!writer.ok()) return writer.status();
  // More would only fill the buffers between here and the server.
  options.queue.max_batch = std::min<size_t>(options.queue.max_batch, 500);
  return std::make_unique<PostgresStore>(uri, std::move(options), *std::move(writer));
}

}  // namespace parlance::session
