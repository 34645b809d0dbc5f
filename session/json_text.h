// The one entrance for JSON in this room: a text is checked before anything else looks at it, and
// what the store does not understand of it stays the text that it was.
//
// Nothing here builds a tree of a text's values, because a tree would change numbers (a double has
// 53 bits) and needs a bound of its own; members are parts of the text, byte for byte.
#ifndef SESSION_JSON_TEXT_H_
#define SESSION_JSON_TEXT_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::session {

// How deep arrays and objects may be nested. Nothing that people or models write comes near it, and
// whoever reads an export with a recursive parser is safe.
inline constexpr int kMaxJsonDepth = 200;
// The same for a line of an export or of chats, which has values of that depth in it: in messages,
// in their list, in the line.
inline constexpr int kMaxLineDepth = kMaxJsonDepth + 3;

enum class JsonKind { kNull, kBool, kNumber, kString, kArray, kObject };

// Checks that `text` is one JSON value, and returns its kind. InvalidArgument, and in which byte,
// if the text is empty, is no JSON (RFC 8259), is not UTF-8 or is nested deeper than `max_depth`.
// Needs no memory, and no stack, for the depth of the text.
absl::StatusOr<JsonKind> CheckJson(absl::string_view text, int max_depth = kMaxJsonDepth);

// The string that a JSON string stands for. `text` has passed CheckJson with kString.
std::string JsonString(absl::string_view text);

// The kind of a text that has passed CheckJson, or is a part of one that has.
JsonKind KindOf(absl::string_view json);

// The members of a JSON object, in order, without a copy: the text has to outlive them.
class JsonMembers {
 public:
  struct Member {
    std::string name;
    // The name and the value as they are in the text, without the white space around them.
    absl::string_view name_text;
    absl::string_view value;
  };

  // InvalidArgument as CheckJson, for a text that is no object, and for a name that is there twice,
  // because each reader would take another one of the two.
  static absl::StatusOr<JsonMembers> Parse(absl::string_view text, int max_depth = kMaxJsonDepth);
  // Reads a part of a text that has passed CheckJson.
  static absl::StatusOr<JsonMembers> OfChecked(absl::string_view object);

  const std::vector<Member>& all() const { return members_; }

 private:
  explicit JsonMembers(std::vector<Member> members) : members_(std::move(members)) {}

  std::vector<Member> members_;
};

// The elements of a JSON array that has passed CheckJson.
std::vector<absl::string_view> JsonElements(absl::string_view array);

// The text on one line: line breaks, which in JSON are only ever white space between values, become
// spaces. Everything else stays.
std::string OnOneLine(absl::string_view json);

}  // namespace parlance::session

#endif  // SESSION_JSON_TEXT_H_
