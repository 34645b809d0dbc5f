#include "pipeline/door/realtime/appended_sound.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "pipeline/door/wire/utf8_checker.h"
#include "pipeline/json/bounded_json.h"
#include "rapidjson/document.h"

namespace parlance::pipeline::door {
namespace {

constexpr absl::string_view kType = R"("type":"input_audio_buffer.append")";
constexpr absl::string_view kAudio = R"("audio":")";
// Where the two begin at the latest, in bytes.
constexpr size_t kMaxTypeOffset = 200;
constexpr size_t kMaxAudioOffset = 300;
// What is left without the sound has at most so many bytes: the type, and perhaps an id.
constexpr size_t kMaxRestBytes = 600;
constexpr JsonBounds kBounds = {.max_bytes = kMaxRestBytes, .max_depth = 2};

}  // namespace

size_t NumBytesBesidesSound(absl::string_view message) {
  size_t num_rest = message.size();
  bool is_after_name = false;
  bool is_sound_next = false;
  for (size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) continue;
    if (c != '"') {
      is_sound_next = c == ':' && is_after_name;
      is_after_name = false;
      continue;
    }
    const size_t begin = ++i;
    i = message.find_first_of("\"\\", i);
    while (i < message.size() && message[i] == '\\') i = message.find_first_of("\"\\", i + 2);
    i = std::min(i, message.size());
    const absl::string_view text = message.substr(begin, i - begin);
    if (is_sound_next) num_rest -= text.size();
    is_after_name = !is_sound_next && text == "audio";
    is_sound_next = false;
  }
  return num_rest;
}

std::optional<AppendedSound> FindAppendedSound(absl::string_view message) {
  if (!absl::StrContains(message.substr(0, kMaxTypeOffset), kType)) return std::nullopt;
  const size_t audio = message.substr(0, kMaxAudioOffset).find(kAudio);
  if (audio == absl::string_view::npos) return std::nullopt;
  const size_t begin = audio + kAudio.size();
  const size_t end = message.find('"', begin);
  if (end == absl::string_view::npos) return std::nullopt;
  const std::string rest = absl::StrCat(message.substr(0, begin), message.substr(end));
  if (rest.size() > kMaxRestBytes) return std::nullopt;
  rapidjson::Document event;
  if (!ParseJsonObject(rest, kBounds, event).ok() || event.MemberCount() > 3 ||
      TextOf(Member(&event, "type")) != "input_audio_buffer.append" ||
      TextOf(Member(&event, "audio")) != "") {
    return std::nullopt;
  }
  const absl::string_view base64 = message.substr(begin, end - begin);
  // Some write the / and = of base64 as escapes.
  if (absl::StrContains(base64, '\\')) return std::nullopt;
  return AppendedSound{.event_id = std::string(CutUtf8(
                           TextOf(Member(&event, "event_id")).value_or(""), kMaxEventIdBytes)),
                       .base64 = base64};
}

}  // namespace parlance::pipeline::door
