// Regular expressions of ECMA-262 (22.2, with the flag u), which JSON Schema's `pattern` and
// `patternProperties` are written in, as expressions of RE2.
//
// The two differ in \s, which takes Unicode's spaces and U+FEFF here; in ., which does not match
// line terminators; in \cX, \uXXXX, \u{...}, [], [^], (?<name>...), \/ and \p{Letter}, \p{sc=Grek},
// which RE2 spells otherwise or not at all; and in counts beyond 1000. ^ and $ are the ends of the
// text, as without the flag m. Groups are kept, what they capture is not.
//
// As web browsers do without u, and models often write: a punctuation character may be escaped
// wherever it stands, a brace or bracket that opens or closes nothing is literal, and so is the
// hyphen of [\w-.].
//
// Refused: what needs backtracking (lookahead, lookbehind, backreferences); escapes of letters and
// digits that ECMA-262 does not have, such as \A, \Z, \Q or \07, as other dialects give them a
// meaning; flags as in (?i:...); of \p, what RE2's tables lack (binary properties other than Any,
// ASCII, ASCII_Hex_Digit and Assigned; Script_Extensions).
//
// Threads: a plain function.
#ifndef TOOLS_JSON_SCHEMA_ECMA_PATTERN_H_
#define TOOLS_JSON_SCHEMA_ECMA_PATTERN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::tools {

// `pattern` is UTF-8. InvalidArgument, with the byte where it goes wrong, for what is refused or is
// no expression of ECMA-262. The result has the same matches, and is for RE2 in UTF-8, with its
// default syntax; RE2 may still find it too large.
absl::StatusOr<std::string> EcmaToRe2(absl::string_view pattern);

}  // namespace parlance::tools

#endif  // TOOLS_JSON_SCHEMA_ECMA_PATTERN_H_
