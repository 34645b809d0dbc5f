// Parts of a JSON text as its author wrote them. A value has a number as the nearest double; what
// is only passed on keeps all its digits.
//
// Texts have passed ParseJson. Threads: plain functions. Allocation: none, but where said.
#ifndef TOOLS_JSON_JSON_TEXT_H_
#define TOOLS_JSON_JSON_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace parlance::tools {

// The text of the object's member, the first of that name, as FindMember has it; empty if there is
// none, or the text is of no object. Allocates for names with escapes before it.
absl::string_view MemberText(absl::string_view object, absl::string_view name);

// The texts of the array's elements, in order; none if the text is of no array.
std::vector<absl::string_view> ElementTexts(absl::string_view array);

// The text on lines for people, each level two spaces further in, values as they are written.
// Allocates the result, and a text without white space.
std::string PrettyJson(absl::string_view json);

}  // namespace parlance::tools

#endif  // TOOLS_JSON_JSON_TEXT_H_
