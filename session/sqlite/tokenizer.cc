#include "session/sqlite/tokenizer.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "session/unspaced.h"

namespace parlance::session {
namespace {

using TakeToken = int (*)(void* context, int flags, const char* token, int token_bytes, int start,
                          int end);

// unicode61, and what it was made with.
struct Tokenizer {
  fts5_tokenizer spaced = {};
  Fts5Tokenizer* instance = nullptr;
};

int Create(void* api_pointer, const char** arguments, int num_arguments, Fts5Tokenizer** made) {
  auto* const api = static_cast<fts5_api*>(api_pointer);
  auto tokenizer = std::make_unique<Tokenizer>();
  void* user_data = nullptr;
  int result = api->xFindTokenizer(api, "unicode61", &user_data, &tokenizer->spaced);
  if (result != SQLITE_OK) return result;
  result = tokenizer->spaced.xCreate(user_data, arguments, num_arguments, &tokenizer->instance);
  if (result != SQLITE_OK) return result;
  *made = reinterpret_cast<Fts5Tokenizer*>(tokenizer.release());
  return SQLITE_OK;
}

void Delete(Fts5Tokenizer* tokenizer_pointer) {
  auto* const tokenizer = reinterpret_cast<Tokenizer*>(tokenizer_pointer);
  tokenizer->spaced.xDelete(tokenizer->instance);
  delete tokenizer;
}

// A part of a text, whose tokens are to lie where they are in the whole.
struct Part {
  void* context;
  TakeToken take;
  int offset;

  static int Take(void* part_pointer, int flags, const char* token, int token_bytes, int start,
                  int end) {
    const Part& part = *static_cast<const Part*>(part_pointer);
    return part.take(part.context, flags, token, token_bytes, start + part.offset,
                     end + part.offset);
  }
};

// The next character from `at` on that can be seen; size 0 if the run of unspaced ones is over.
Character NextOfRun(absl::string_view text, size_t& at) {
  while (at < text.size()) {
    const Character character = FirstCharacter(text.substr(at));
    if (IsUnspaced(character.code)) return character;
    if (!IsUnseen(character.code)) break;
    at += character.size;
  }
  return {};
}

// Takes the run of unspaced characters that begins at `at`, and sets `at` to its end.
int TakeRun(absl::string_view text, size_t& at, bool is_query, void* context, TakeToken take) {
  Character character = NextOfRun(text, at);
  while (character.size > 0) {
    const absl::string_view one = text.substr(at, character.size);
    size_t next_at = at + character.size;
    const Character next = NextOfRun(text, next_at);
    const auto start = static_cast<int>(at);
    const auto end = static_cast<int>(at + character.size);
    int result = SQLITE_OK;
    if (!is_query || next.size == 0) {
      result = take(context, 0, one.data(), static_cast<int>(one.size()), start, end);
    }
    if (result == SQLITE_OK && next.size > 0) {
      const std::string pair = absl::StrCat(one, text.substr(next_at, next.size));
      result = take(context, is_query ? 0 : FTS5_TOKEN_COLOCATED, pair.data(),
                    static_cast<int>(pair.size()), start, end);
    }
    if (result != SQLITE_OK) return result;
    at = next_at;
    character = next;
  }
  return SQLITE_OK;
}

int Tokenize(Fts5Tokenizer* tokenizer_pointer, void* context, int flags, const char* text_data,
             int text_bytes, TakeToken take) {
  const auto* const tokenizer = reinterpret_cast<const Tokenizer*>(tokenizer_pointer);
  if (text_data == nullptr) return SQLITE_OK;
  const absl::string_view text(text_data, static_cast<size_t>(text_bytes));
  for (size_t at = 0; at < text.size();) {
    const absl::string_view rest = text.substr(at);
    const absl::string_view spaced = rest.substr(0, FindUnspaced(rest));
    if (!spaced.empty()) {
      Part part{.context = context, .take = take, .offset = static_cast<int>(at)};
      const int result =
          tokenizer->spaced.xTokenize(tokenizer->instance, &part, flags, spaced.data(),
                                      static_cast<int>(spaced.size()), Part::Take);
      if (result != SQLITE_OK) return result;
      at += spaced.size();
    }
    if (at == text.size()) break;
    if (const int result = TakeRun(text, at, (flags & FTS5_TOKENIZE_QUERY) != 0, context, take);
        result != SQLITE_OK) {
      return result;
    }
  }
  return SQLITE_OK;
}

}  // namespace

absl::Status RegisterTokenizer(sqlite3* connection) {
  // How a program gets at FTS5 (its documentation, section 7).
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  int result = sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &statement, nullptr);
  if (result == SQLITE_OK) {
    sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
    result = sqlite3_finalize(statement);
  }
  if (result == SQLITE_OK && api != nullptr) {
    fts5_tokenizer tokenizer = {.xCreate = Create, .xDelete = Delete, .xTokenize = Tokenize};
    result =
        api->xCreateTokenizer(api, kTokenizerName, static_cast<void*>(api), &tokenizer, nullptr);
  }
  if (result == SQLITE_OK && api != nullptr) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("SQLite cannot search: FTS5 is missing: ", sqlite3_errmsg(connection)));
}

}  // namespace parlance::session
