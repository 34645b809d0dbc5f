#include "tools/call_record.h"

#include "absl/strings/str_cat.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::tools {

uint64_t DigestOf(absl::string_view text) {
  uint64_t digest = 0xcbf29ce484222325;
  for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return digest;
}

std::string CallRecord::ToJson() const {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto text = [&](absl::string_view key, absl::string_view value) {
    writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  const auto seconds = [&](const char* key, absl::Duration value) {
    writer.Key(key);
    writer.Double(absl::ToDoubleSeconds(value));
  };
  writer.StartObject();
  text("gen_ai.operation.name", "execute_tool");
  text("gen_ai.tool.name", name);
  if (!id.empty()) text("gen_ai.tool.call.id", id);
  text("parlance.tool.start", absl::FormatTime(absl::RFC3339_full, start, absl::UTCTimeZone()));
  seconds("gen_ai.execute_tool.duration", ended);
  seconds("parlance.tool.validated", validated);
  if (running.has_value()) seconds("parlance.tool.running", *running);
  text("parlance.tool.ending", CallStateName(ending));
  if (error.has_value()) text("error.type", ToolErrorName(*error));
  writer.Key("parlance.tool.attempts");
  writer.Int(num_attempts);
  writer.Key("parlance.tool.progress_reports");
  writer.Int(num_progress);
  text("parlance.tool.arguments_digest",
       absl::StrCat(absl::Hex(arguments_digest, absl::kZeroPad16)));
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace parlance::tools
