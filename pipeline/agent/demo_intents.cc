#include "pipeline/agent/demo_intents.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "pipeline/agent/agent.h"
#include "pipeline/speech/grammar.h"
#include "pipeline/speech/spoken_number.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

using Slots = std::map<std::string, std::string>;

// A JSON object of a call's arguments.
class Arguments {
 public:
  Arguments() { writer_.StartObject(); }

  Arguments& Add(const char* name, absl::string_view text) {
    writer_.Key(name);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return *this;
  }

  Arguments& Add(const char* name, int64_t number) {
    writer_.Key(name);
    writer_.Int64(number);
    return *this;
  }

  std::string Json() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

// The words of a slot, and their number; "" and 0 if it was not said.
std::string Words(const Slots& slots, const char* name) {
  const auto found = slots.find(name);
  return found == slots.end() ? "" : found->second;
}
int64_t Number(const Slots& slots, const char* name) {
  return NumberOf(Words(slots, name)).value_or(0);
}

ToolCall Clock(const Slots& slots) {
  Arguments arguments;
  if (const std::string city = Words(slots, "city"); !city.empty()) {
    arguments.Add("time_zone", city);
  }
  return {.name = "clock", .arguments = arguments.Json()};
}

ToolCall Calculate(const Slots& slots) {
  const std::string words = Words(slots, "operator");
  const char* const sign = words == "plus"    ? "+"
                           : words == "minus" ? "-"
                           : words == "times" ? "*"
                                              : "/";
  return {.name = "calculator",
          .arguments = Arguments()
                           .Add("expression", absl::StrCat(Number(slots, "a"), " ", sign, " ",
                                                           Number(slots, "b")))
                           .Json()};
}

ToolCall Convert(const Slots& slots) {
  return {.name = "convert_units",
          .arguments = Arguments()
                           .Add("value", Number(slots, "value"))
                           .Add("from", Words(slots, "from"))
                           .Add("to", Words(slots, "to"))
                           .Json()};
}

ToolCall StartTimer(const Slots& slots) {
  const std::string unit = Words(slots, "unit");
  const int64_t seconds_per_unit = unit.starts_with("hour")  ? 3600
                                   : unit.starts_with("min") ? 60
                                                             : 1;
  return {.name = "timers",
          .arguments = Arguments()
                           .Add("action", "start")
                           .Add("seconds", Number(slots, "value") * seconds_per_unit)
                           .Json()};
}

ToolCall ListTimers(const Slots&) {
  return {.name = "timers", .arguments = R"({"action":"list"})"};
}

ToolCall TakeNote(const Slots& slots) {
  return {.name = "notes",
          .arguments = Arguments().Add("action", "add").Add("text", Words(slots, "text")).Json()};
}

ToolCall ListNotes(const Slots&) { return {.name = "notes", .arguments = R"({"action":"list"})"}; }

ToolCall Search(const Slots& slots) {
  return {.name = "search_conversation",
          .arguments = Arguments().Add("words", Words(slots, "words")).Json()};
}

}  // namespace

absl::StatusOr<RuleSet> DemoRules() {
  const std::vector<IntentRule> intents = {
      {{"time", "what time is it [in <city=city>]"}, Clock},
      {{"calculate", "what is <a=number> <operator=operator> <b=number>"}, Calculate},
      {{"convert", "convert <value=number> <from=unit> to <to=unit>"}, Convert},
      {{"start_timer", "set a timer for <value=number> <unit=duration>"}, StartTimer},
      {{"list_timers", "list my timers"}, ListTimers},
      {{"take_note", "take a note <text=note>"}, TakeNote},
      {{"list_notes", "read my notes"}, ListNotes},
      {{"search", "what did i say about <words=topic>"}, Search},
      // The recordings that come with the recogniser ask for things that no tool does. They are
      // noted.
      {{"move", "<text=move>"}, TakeNote},
      {{"cards", "<text=cards>"}, TakeNote},
  };
  std::vector<GrammarRule> rules = NumberRules();
  const std::vector<GrammarRule> own = {
      {"city", "tokyo | london | paris | berlin | sydney | cairo | new york"},
      {"operator", "plus | minus | times | divided by"},
      {"unit",
       "meters | kilometers | miles | feet | inches | yards | kilograms | grams | pounds | ounces "
       "| "
       "liters | gallons | celsius | fahrenheit"},
      {"duration", "second | seconds | minute | minutes | hour | hours"},
      {"item", "milk | bread | coffee | groceries | tickets"},
      {"note", "buy <item> | call the (doctor | office | school)"},
      {"topic", "<item> | timer | doctor | office | school | meters"},
      {"move", "go (forward | backward) <number> (meter | meters)"},
      {"rank",
       "ace | two | three | four | five | six | seven | eight | nine | ten | jack | queen | king"},
      {"card", "<rank> of (clubs | diamonds | hearts | spades)"},
      {"cards", "<card> [<card> [<card>]]"},
  };
  rules.insert(rules.end(), own.begin(), own.end());
  return RuleSet::Create(intents, rules);
}

}  // namespace parlance::pipeline
