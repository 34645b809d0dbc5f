#include "pipeline/door/telephony/asterisk_message.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "pipeline/json/bounded_json.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {
namespace {

constexpr char kSessionVariable[] = "PARLANCE_SESSION_ID";

// A variable that channels inherit is told with the underscores that it was set with: two stay for
// all that a call dials, one is taken off by the first.
std::string SessionIdOf(const rapidjson::Document& document) {
  const rapidjson::Value* const variables = Member(&document, "channel_variables");
  for (const absl::string_view prefix : {"", "_", "__"}) {
    std::string id =
        TextOrNumberOf(Member(variables, absl::StrCat(prefix, kSessionVariable))).value_or("");
    if (!id.empty()) return id;
  }
  return "";
}

absl::StatusOr<AsteriskEvent> ParseJson(absl::string_view text) {
  rapidjson::Document document;
  const absl::Status parsed = ParseJsonObject(text, {.max_bytes = kMaxAsteriskMessage}, document);
  if (!parsed.ok()) return parsed;
  const auto member = [&document](absl::string_view name) {
    return TextOrNumberOf(Member(&document, name)).value_or("");
  };
  AsteriskEvent event = {.is_json = true,
                         .name = member("event"),
                         .connection_id = member("connection_id"),
                         .channel_id = member("channel_id"),
                         .format = member("format"),
                         .ptime_ms = IntegerOf(Member(&document, "ptime")),
                         .digit = member("digit"),
                         .correlation_id = member("correlation_id"),
                         .session_id = SessionIdOf(document)};
  if (event.name.empty()) {
    return absl::InvalidArgumentError("a message without \"event\"; it has to be a string");
  }
  return event;
}

bool IsName(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isupper(static_cast<unsigned char>(c)) || c == '_';
  });
}

}  // namespace

absl::StatusOr<AsteriskEvent> ParseAsteriskEvent(absl::string_view text) {
  if (text.size() > kMaxAsteriskMessage) {
    return absl::ResourceExhaustedError(absl::StrCat("a text message of ", text.size(),
                                                     " bytes; the limit is ", kMaxAsteriskMessage));
  }
  text = absl::StripAsciiWhitespace(text);
  if (absl::StartsWith(text, "{")) return ParseJson(text);
  AsteriskEvent event;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (event.name.empty()) {
      if (!IsName(word)) break;
      event.name = std::string(word);
      continue;
    }
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(word, absl::MaxSplits(':', 1));
    if (pair.first == "connection_id") {
      event.connection_id = std::string(pair.second);
    } else if (pair.first == "channel_id") {
      event.channel_id = std::string(pair.second);
    } else if (pair.first == "format") {
      event.format = std::string(pair.second);
    } else if (pair.first == "digit") {
      event.digit = std::string(pair.second);
    } else if (int64_t number = 0;
               pair.first == "ptime" && absl::SimpleAtoi(pair.second, &number)) {
      event.ptime_ms = number;
    } else if (pair.second.empty() && event.correlation_id.empty()) {
      // A mark's id stands alone.
      event.correlation_id = std::string(word);
    }
  }
  if (event.name.empty()) {
    return absl::InvalidArgumentError(
        "a text message that Asterisk does not send; its messages begin with an event such as "
        "MEDIA_START, or are JSON");
  }
  return event;
}

std::string AsteriskCommand(bool is_json, absl::string_view command, absl::string_view id) {
  if (!is_json) return id.empty() ? std::string(command) : absl::StrCat(command, " ", id);
  if (id.empty()) return absl::StrCat(R"({"command":")", command, R"("})");
  return absl::StrCat(R"({"command":")", command, R"(","correlation_id":")", id, R"("})");
}

std::optional<AsteriskFormat> AsteriskFormatOf(absl::string_view name) {
  struct Known {
    absl::string_view name;
    AsteriskFormat format;
  };
  static constexpr Known kKnown[] = {
      {"ulaw", {LineCodec::kMuLaw, 8000}},    {"alaw", {LineCodec::kALaw, 8000}},
      {"slin", {LineCodec::kPcm16, 8000}},    {"slin12", {LineCodec::kPcm16, 12000}},
      {"slin16", {LineCodec::kPcm16, 16000}}, {"slin24", {LineCodec::kPcm16, 24000}},
      {"slin32", {LineCodec::kPcm16, 32000}}, {"slin44", {LineCodec::kPcm16, 44100}},
      {"slin48", {LineCodec::kPcm16, 48000}},
  };
  for (const Known& each : kKnown) {
    if (each.name == name) return each.format;
  }
  return std::nullopt;
}

}  // namespace parlance::pipeline::door
