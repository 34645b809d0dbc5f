#include "tools/builtin/builtin_tools.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "tools/builtin/expression.h"
#include "tools/builtin/number.h"
#include "tools/builtin/time_zones.h"
#include "tools/builtin/units.h"
#include "tools/json/json_value.h"
#include "tools/tool_definition.h"

namespace parlance::tools {
namespace {

using rapidjson::Value;
using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

absl::string_view Text(const Value& arguments, const char* name) {
  const auto member = arguments.FindMember(name);
  if (member == arguments.MemberEnd()) return "";
  return {member->value.GetString(), member->value.GetStringLength()};
}

// An integer that the schema has accepted, be it written as 7, 7.0 or 7e0. Beyond the range of
// int64_t, its end.
int64_t Integer(const Value& value) {
  if (value.IsInt64()) return value.GetInt64();
  constexpr double kEnd = 9.2e18;
  return static_cast<int64_t>(std::clamp(value.GetDouble(), -kEnd, kEnd));
}

// The number as it was written. What has more digits than a double keeps may have been rounded when
// it was parsed, and is no exact number.
Number NumberOf(const Value& value) {
  constexpr uint64_t kMaxDoubleDigits = 1'000'000'000'000'000;
  const Decimal decimal = DecimalOf(value);
  const bool is_integer = value.IsInt64() || value.IsUint64();
  if (!is_integer && decimal.digits >= kMaxDoubleDigits) return Number::Inexact(value.GetDouble());
  return Number::FromDecimal(decimal.negative, decimal.digits, decimal.exponent);
}

void Put(JsonWriter& writer, absl::string_view key, absl::string_view value) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

// Whether it had to be rounded follows it, if so.
void Put(JsonWriter& writer, const char* key, const Number& value) {
  bool rounded = false;
  const std::string json = value.ToJson(rounded);
  writer.Key(key);
  writer.RawValue(json.data(), json.size(), rapidjson::kNumberType);
  if (!rounded) return;
  writer.Key("rounded");
  writer.Bool(true);
}

void Put(JsonWriter& writer, const char* key, int64_t value) {
  writer.Key(key);
  writer.Int64(value);
}

// An object whose members `write` writes.
template <typename Write>
std::string Object(const Write& write) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  write(writer);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string Counted(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

// "1 hour 5 minutes".
std::string SpokenDuration(absl::Duration duration) {
  int64_t seconds = absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1)));
  std::string text;
  const std::pair<int64_t, absl::string_view> parts[] = {
      {3600, "hour"}, {60, "minute"}, {1, "second"}};
  for (const auto& [size, noun] : parts) {
    if (seconds < size) continue;
    absl::StrAppend(&text, text.empty() ? "" : " ", Counted(seconds / size, noun));
    seconds %= size;
  }
  return text.empty() ? "0 seconds" : text;
}

// What is said of a number that is not exact.
constexpr int kCalculatedDigits = 12;
constexpr int kConvertedDigits = 6;

Tool Clock(const BuiltinDependencies& dependencies) {
  return {
      .name = "clock",
      .description = "The date and the time, here or in another time zone.",
      .parameters = R"({"type":"object","properties":{"time_zone":{"type":"string","minLength":1,
            "maxLength":64,"description":"A city or an IANA name: Tokyo, Europe/Paris, UTC."}},
            "additionalProperties":false})",
      .annotations = {.read_only = true, .destructive = false, .open_world = false},
      .computes_only = true,
      .handler = [dependencies](const Value& arguments,
                                const ToolContext&) -> absl::StatusOr<ToolOutput> {
        absl::TimeZone zone = dependencies.local_zone;
        const absl::string_view asked = Text(arguments, "time_zone");
        if (!asked.empty()) {
          const std::optional<absl::TimeZone> found = dependencies.time_zones->Find(asked);
          if (!found.has_value()) {
            return absl::InvalidArgumentError(
                absl::StrCat("there is no time zone '", asked,
                             "'; use a city or a name such as Europe/Paris or UTC"));
          }
          zone = *found;
        }
        const absl::Time now = dependencies.now();
        ToolOutput output;
        output.json = Object([&](JsonWriter& writer) {
          Put(writer, "time", absl::FormatTime(absl::RFC3339_sec, now, zone));
          Put(writer, "time_zone", ZoneLabel(zone, now));
        });
        const std::string place =
            asked.empty() ? "" : absl::StrCat(" in ", absl::StrReplaceAll(asked, {{"_", " "}}));
        output.text = absl::StrCat("It is ", absl::FormatTime("%H:%M", now, zone), place, ", ",
                                   absl::FormatTime("%A, %B %e", now, zone), ".");
        absl::RemoveExtraAsciiWhitespace(&output.text);
        return output;
      }};
}

Tool Calculator() {
  return {
      .name = "calculator",
      .description =
          "Evaluates arithmetic: + - * / % ^, parentheses, sqrt, ln, log, sin, min, max.",
      .parameters = R"({"type":"object","properties":{"expression":{"type":"string","minLength":1,
            "maxLength":1000,"description":"For example 12 * (7 + 3)."}},"required":["expression"],
            "additionalProperties":false})",
      .annotations = {.read_only = true, .destructive = false, .open_world = false},
      .computes_only = true,
      .handler = [](const Value& arguments, const ToolContext&) -> absl::StatusOr<ToolOutput> {
        absl::StatusOr<Number> value = Evaluate(Text(arguments, "expression"));
        if (!value.ok()) return value.status();
        return ToolOutput{
            .json = Object([&](JsonWriter& writer) { Put(writer, "value", *value); }),
            .text = absl::StrCat("The answer is ", value->Spoken(kCalculatedDigits), ".")};
      }};
}

Tool UnitConverter() {
  return {.name = "convert_units",
          .description =
              "Converts lengths, areas, volumes, masses, speeds, times, data and temperatures.",
          .parameters = R"({"type":"object","properties":{
            "value":{"type":"number"},
            "from":{"type":"string","description":"For example miles."},
            "to":{"type":"string","description":"For example kilometers."}},
            "required":["value","from","to"],"additionalProperties":false})",
          .annotations = {.read_only = true, .destructive = false, .open_world = false},
          .computes_only = true,
          .handler = [](const Value& arguments, const ToolContext&) -> absl::StatusOr<ToolOutput> {
            const Number value = NumberOf(arguments["value"]);
            absl::StatusOr<Conversion> converted =
                ConvertUnits(value, Text(arguments, "from"), Text(arguments, "to"));
            if (!converted.ok()) return converted.status();
            if (!converted->value.is_finite())
              return absl::OutOfRangeError("the value is too large");
            return ToolOutput{
                .json = Object([&](JsonWriter& writer) {
                  Put(writer, "value", converted->value);
                  Put(writer, "unit", converted->to_unit);
                }),
                .text = absl::StrCat(value.Spoken(kConvertedDigits), " ", converted->from_unit,
                                     " is ", converted->value.Spoken(kConvertedDigits), " ",
                                     converted->to_unit, ".")};
          }};
}

void PutTimer(JsonWriter& writer, const Timer& timer, absl::Time now) {
  Put(writer, "id", timer.id);
  Put(writer, "label", timer.label);
  Put(writer, "remaining_seconds",
      absl::ToInt64Seconds(std::max(timer.due - now, absl::ZeroDuration())));
}

absl::StatusOr<ToolOutput> ListTimers(const BuiltinDependencies& dependencies,
                                      absl::string_view caller) {
  const absl::Time now = dependencies.now();
  const std::vector<Timer> timers = dependencies.timers->List(caller);
  ToolOutput output;
  output.json = Object([&](JsonWriter& writer) {
    writer.Key("timers");
    writer.StartArray();
    for (const Timer& timer : timers) {
      writer.StartObject();
      PutTimer(writer, timer, now);
      writer.EndObject();
    }
    writer.EndArray();
  });
  const auto count = static_cast<int64_t>(timers.size());
  output.text =
      timers.empty()
          ? "There are no timers."
          : absl::StrCat("You have ", Counted(count, "timer"), ". The next rings in ",
                         SpokenDuration(std::max(timers[0].due - now, absl::ZeroDuration())), ".");
  return output;
}

Tool Timers(const BuiltinDependencies& dependencies) {
  return {
      .name = "timers",
      .description = "Starts, lists and cancels timers.",
      .parameters = R"({"type":"object","properties":{"action":{"enum":["start","list","cancel"]},
            "seconds":{"type":"number","exclusiveMinimum":0,"maximum":604800},
            "label":{"type":"string","maxLength":200},
            "id":{"type":"integer","minimum":1}},
            "required":["action"],"additionalProperties":false,
            "oneOf":[{"properties":{"action":{"const":"start"}},"required":["seconds"]},
                     {"properties":{"action":{"const":"list"}}},
                     {"properties":{"action":{"const":"cancel"}},"required":["id"]}]})",
      .annotations = {.open_world = false},
      .computes_only = false,
      .handler = [dependencies](const Value& arguments,
                                const ToolContext& context) -> absl::StatusOr<ToolOutput> {
        const absl::string_view action = Text(arguments, "action");
        if (action == "list") return ListTimers(dependencies, context.caller);
        if (action == "cancel") {
          const int64_t id = Integer(arguments["id"]);
          if (absl::Status cancelled = dependencies.timers->Cancel(context.caller, id);
              !cancelled.ok()) {
            return cancelled;
          }
          return ToolOutput{.json = Object([&](JsonWriter& writer) { Put(writer, "id", id); }),
                            .text = absl::StrCat("Timer ", id, " is cancelled.")};
        }
        const absl::Time now = dependencies.now();
        const absl::Duration duration = absl::Seconds(arguments["seconds"].GetDouble());
        absl::StatusOr<Timer> timer =
            dependencies.timers->Start(context.caller, Text(arguments, "label"), now + duration);
        if (!timer.ok()) return timer.status();
        return ToolOutput{
            .json = Object([&](JsonWriter& writer) { PutTimer(writer, *timer, now); }),
            .text = absl::StrCat("The timer is set for ", SpokenDuration(duration), ".")};
      }};
}

absl::StatusOr<ToolOutput> ListNotes(NoteStore& store, absl::string_view words) {
  absl::StatusOr<std::vector<Note>> notes = store.List();
  if (!notes.ok()) return notes.status();
  const std::string lower = absl::AsciiStrToLower(words);
  std::vector<const Note*> found;
  for (const Note& note : *notes) {
    if (absl::StrContains(absl::AsciiStrToLower(note.text), lower)) found.push_back(&note);
  }
  ToolOutput output;
  output.json = Object([&](JsonWriter& writer) {
    writer.Key("notes");
    writer.StartArray();
    for (const Note* note : found) {
      writer.StartObject();
      Put(writer, "id", note->id);
      Put(writer, "text", note->text);
      writer.EndObject();
    }
    writer.EndArray();
  });
  if (found.empty()) {
    output.text = "There are no notes.";
  } else {
    output.text =
        absl::StrCat("You have ", Counted(static_cast<int64_t>(found.size()), "note"), ":");
    for (const Note* note : found) absl::StrAppend(&output.text, " ", note->text, ".");
  }
  return output;
}

Tool Notes(const BuiltinDependencies& dependencies) {
  return {.name = "notes",
          .description = "Takes, lists, finds and removes notes.",
          .parameters = R"({"type":"object","properties":{
            "action":{"enum":["add","list","find","remove"]},
            "text":{"type":"string","minLength":1,"maxLength":2000,
                    "description":"The note, or the words to find."},
            "id":{"type":"integer","minimum":1}},
            "required":["action"],"additionalProperties":false,
            "oneOf":[{"properties":{"action":{"const":"list"}}},
                     {"properties":{"action":{"enum":["add","find"]}},"required":["text"]},
                     {"properties":{"action":{"const":"remove"}},"required":["id"]}]})",
          .annotations = {.open_world = false},
          .computes_only = false,
          .handler = [store = dependencies.notes](
                         const Value& arguments, const ToolContext&) -> absl::StatusOr<ToolOutput> {
            const absl::string_view action = Text(arguments, "action");
            if (action == "list") return ListNotes(*store, "");
            if (action == "find") return ListNotes(*store, Text(arguments, "text"));
            if (action == "remove") {
              const int64_t id = Integer(arguments["id"]);
              if (absl::Status removed = store->Remove(id); !removed.ok()) return removed;
              return ToolOutput{.json = Object([&](JsonWriter& writer) { Put(writer, "id", id); }),
                                .text = "The note is removed."};
            }
            absl::StatusOr<int64_t> id = store->Add(Text(arguments, "text"));
            if (!id.ok()) return id.status();
            return ToolOutput{.json = Object([&](JsonWriter& writer) { Put(writer, "id", *id); }),
                              .text = absl::StrCat("I noted: ", Text(arguments, "text"), ".")};
          }};
}

Tool ConversationSearchTool(const BuiltinDependencies& dependencies) {
  return {.name = "search_conversation",
          .description = "Finds what was said before, by words.",
          .parameters = R"({"type":"object","properties":{
            "words":{"type":"string","minLength":1,"maxLength":200},
            "limit":{"type":"integer","minimum":1,"maximum":50,"default":5}},
            "required":["words"],"additionalProperties":false})",
          .annotations = {.read_only = true, .destructive = false, .open_world = false},
          .computes_only = false,
          .handler = [search = dependencies.conversation](
                         const Value& arguments,
                         const ToolContext& context) -> absl::StatusOr<ToolOutput> {
            const auto limit = arguments.FindMember("limit");
            absl::StatusOr<std::vector<std::string>> hits = search->Search(
                context.caller, Text(arguments, "words"),
                limit == arguments.MemberEnd() ? 5 : static_cast<int>(Integer(limit->value)));
            if (!hits.ok()) return hits.status();
            ToolOutput output;
            output.json = Object([&](JsonWriter& writer) {
              writer.Key("hits");
              writer.StartArray();
              for (const std::string& hit : *hits) {
                writer.String(hit.data(), static_cast<rapidjson::SizeType>(hit.size()));
              }
              writer.EndArray();
            });
            output.text = hits->empty() ? absl::StrCat("Nothing was said about ",
                                                       Text(arguments, "words"), ".")
                                        : absl::StrCat("You said: ", hits->front(), ".");
            return output;
          }};
}

}  // namespace

absl::Status RegisterBuiltinTools(const BuiltinDependencies& dependencies, ToolRegistry& registry) {
  if (dependencies.now == nullptr || dependencies.notes == nullptr ||
      dependencies.conversation == nullptr || dependencies.timers == nullptr) {
    return absl::InvalidArgumentError(
        "the built-in tools need a clock, notes, a conversation and timers");
  }
  BuiltinDependencies all = dependencies;
  if (all.time_zones == nullptr) all.time_zones = &TimeZones::OfThisMachine();
  // Abseil knows the machine's zone by its file only.
  const absl::Time now = all.now();
  all.local_zone = WithName(all.local_zone, *all.time_zones, HintsOfThisMachine(now));
  Tool tools[] = {Clock(all),  Calculator(), UnitConverter(),
                  Timers(all), Notes(all),   ConversationSearchTool(all)};
  for (Tool& tool : tools) {
    if (absl::Status registered = registry.Register(std::move(tool)); !registered.ok()) {
      return registered;
    }
  }
  return absl::OkStatus();
}

}  // namespace parlance::tools
