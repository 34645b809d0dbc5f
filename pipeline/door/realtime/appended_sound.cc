#include "pipeline/door/realtime/appended_sound.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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
  return AppendedSound{
      .event_id =
          std::string(TextOf(Member(&event, "event_id")).value_or("").substr(0, kMaxEventIdBytes)),
      .base64 = base64};
}

}  // namespace parlance::pipeline::door
