#include "perf/import/json_text.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "rapidjson/error/en.h"

namespace perf {
namespace {

// Whether brackets outside of strings are open more than `depth` deep somewhere. Asked before
// parsing, so that a text of nothing but brackets costs no memory.
bool IsDeeper(absl::string_view text, int depth) {
  int open = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++open > depth) return true;
    } else if (c == ']' || c == '}') {
      --open;
    }
  }
  return false;
}

}  // namespace

absl::Status ParseJsonText(absl::string_view text, rapidjson::Document& document) {
  if (IsDeeper(text, kMaxImportDepth)) {
    return absl::InvalidArgumentError(
        absl::StrCat("nested more than ", kMaxImportDepth, " deep, which no result is"));
  }
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseFullPrecisionFlag;
  document.Parse<kFlags>(text.data(), text.size());
  if (!document.HasParseError()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("not JSON, or cut short: at byte ", document.GetErrorOffset(), ": ",
                   rapidjson::GetParseError_En(document.GetParseError())));
}

const rapidjson::Value* Member(const rapidjson::Value& value, const char* name) {
  if (!value.IsObject()) return nullptr;
  const auto found = value.FindMember(name);
  return found == value.MemberEnd() ? nullptr : &found->value;
}

std::string TextMember(const rapidjson::Value& value, const char* name) {
  const rapidjson::Value* member = Member(value, name);
  if (member == nullptr || !member->IsString()) return "";
  return {member->GetString(), member->GetStringLength()};
}

}  // namespace perf
