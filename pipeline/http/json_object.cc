#include "pipeline/http/json_object.h"

#include <algorithm>
#include <vector>

#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

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
