// URI references as JSON Schema's $id and $ref use them: taken apart and resolved by RFC 3986, 5.2.
// Nothing is ever fetched.
//
// Threads: plain functions.
#ifndef TOOLS_JSON_SCHEMA_URI_REFERENCE_H_
#define TOOLS_JSON_SCHEMA_URI_REFERENCE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace parlance::tools {

// A reference without its fragment, and the fragment without its #, still percent-encoded.
struct SplitUri {
  absl::string_view absolute;
  absl::string_view fragment;
};
SplitUri SplitFragment(absl::string_view uri);

// `reference` as seen from `base`, which may itself be relative, or empty: then what comes out is
// relative too. Neither has a fragment.
std::string ResolveUri(absl::string_view base, absl::string_view reference);

// Nothing if a % is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecoded(absl::string_view text);

}  // namespace parlance::tools

#endif  // TOOLS_JSON_SCHEMA_URI_REFERENCE_H_
