#include "pipeline/http/json_object.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

constexpr size_t kMaxWordsBytes = 300;

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

absl::string_view View(const rapidjson::Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

// Whether no more arrays and objects are open at a time than may be.
bool IsShallow(absl::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxServerJsonDepth) return false;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return true;
}

void WriteCanonical(const rapidjson::Value& value, Writer& writer) {
  if (value.IsArray()) {
    writer.StartArray();
    for (const rapidjson::Value& item : value.GetArray()) WriteCanonical(item, writer);
    writer.EndArray();
  } else if (value.IsObject()) {
    std::vector<const rapidjson::Value::Member*> members;
    for (const rapidjson::Value::Member& member : value.GetObject()) members.push_back(&member);
    std::stable_sort(members.begin(), members.end(),
                     [](const auto* a, const auto* b) { return View(a->name) < View(b->name); });
    writer.StartObject();
    for (const rapidjson::Value::Member* member : members) {
      writer.Key(member->name.GetString(), member->name.GetStringLength());
      WriteCanonical(member->value, writer);
    }
    writer.EndObject();
  } else {
    value.Accept(writer);
  }
}

std::string TextOf(const rapidjson::StringBuffer& buffer) {
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

std::optional<rapidjson::Document> ParseServerJson(absl::string_view text) {
  if (!IsShallow(text)) return std::nullopt;
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError()) return std::nullopt;
  return document;
}

const rapidjson::Value* MemberOf(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

std::optional<absl::string_view> StringOf(const rapidjson::Value& object, const char* name) {
  const rapidjson::Value* const member = MemberOf(object, name);
  if (member == nullptr || !member->IsString()) return std::nullopt;
  return View(*member);
}

std::string OnOneLine(absl::string_view words) {
  std::string text(absl::StripAsciiWhitespace(words.substr(0, 4 * kMaxWordsBytes)));
  for (char& c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  if (text.size() <= kMaxWordsBytes) return text;
  size_t end = kMaxWordsBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "…");
}

std::string JsonOf(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  value.Accept(writer);
  return TextOf(buffer);
}

std::string CanonicalJsonOf(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  WriteCanonical(value, writer);
  return TextOf(buffer);
}

}  // namespace parlance::pipeline
