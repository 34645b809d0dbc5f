#include "pipeline/door/wyoming/wyoming_info.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "pipeline/json/bounded_json.h"

namespace parlance::pipeline::door {
namespace {

std::string TextOrNull(absl::string_view text) { return text.empty() ? "null" : QuotedJson(text); }

// Its members, without braces.
std::string Artifact(const ServiceDescription& service, absl::string_view name) {
  return absl::StrCat("\"name\":", QuotedJson(name),
                      ",\"attribution\":{\"name\":", QuotedJson(service.author),
                      ",\"url\":", QuotedJson(service.url),
                      "},\"installed\":true,\"description\":", TextOrNull(service.description),
                      ",\"version\":", TextOrNull(service.version));
}

// A program with one model, or voice, as a list.
std::string Program(const ServiceDescription& service, absl::string_view models,
                    absl::string_view of_model, absl::string_view of_program) {
  const std::string languages =
      absl::StrJoin(service.languages, ",", [](std::string* out, const std::string& language) {
        absl::StrAppend(out, QuotedJson(language));
      });
  return absl::StrCat("[{", Artifact(service, service.name), ",\"", models, "\":[{",
                      Artifact(service, service.model.empty() ? service.name : service.model),
                      ",\"languages\":[", languages, "]", of_model, "}]", of_program, "}]");
}

}  // namespace

std::string WyomingInfo(const HouseServices& services) {
  std::string asr = "[]";
  std::string tts = "[]";
  std::string handle = "[]";
  std::string intent = "[]";
  if (services.transcriber != nullptr) {
    asr = Program(services.transcriber->description(), "models", "",
                  ",\"supports_transcript_streaming\":true,\"requires_external_vad\":true");
  }
  if (services.speaker != nullptr) {
    tts = Program(services.speaker->description(), "voices", ",\"speakers\":null",
                  ",\"supports_synthesize_streaming\":true");
  }
  if (services.answerer != nullptr) {
    handle = Program(services.answerer->description(), "models", "",
                     ",\"supports_handled_streaming\":false,\"supports_home_control\":false");
  }
  if (services.intents != nullptr) {
    intent = Program(services.intents->description(), "models", "", "");
  }
  return absl::StrCat("{\"asr\":", asr, ",\"tts\":", tts, ",\"handle\":", handle,
                      ",\"intent\":", intent, ",\"wake\":[],\"mic\":[],\"snd\":[]}");
}

}  // namespace parlance::pipeline::door
