// How the search index of a SQLite store takes text apart: the FTS5 tokenizer "parlance".
//
// It is FTS5's own unicode61 for text with spaces. In text of scripts without (unspaced.h) each
// character is a token, and the pair of it and the next one another token at the same place. What
// is searched for is looked up as a phrase of its pairs, which are rare, where its characters are
// not; a space between two characters keeps them from being a pair.
#ifndef SESSION_SQLITE_TOKENIZER_H_
#define SESSION_SQLITE_TOKENIZER_H_

#include <sqlite3.h>

#include "absl/status/status.h"

namespace parlance::session {

inline constexpr char kTokenizerName[] = "parlance";

// Makes the tokenizer known to a connection, which cannot use the search index without. Reads
// nothing of the database. Internal if SQLite lacks FTS5.
absl::Status RegisterTokenizer(sqlite3* connection);

}  // namespace parlance::session

#endif  // SESSION_SQLITE_TOKENIZER_H_
