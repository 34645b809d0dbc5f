#include "pipeline/rule_agent.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pipeline/spoken_number.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace parlance::pipeline {
namespace {

// One intent, how it is said, and the call it leads to. Everything the agent can do is in this
// table and in CallFor.
std::vector<Intent> Intents() {
  return {
      {"time", "what time is it [in <city=city>]"},
      {"calculate", "what is <a=number> <operator=operator> <b=number>"},
      {"convert", "convert <value=number> <from=unit> to <to=unit>"},
      {"start_timer", "set a timer for <value=number> <unit=duration>"},
      {"list_timers", "list my timers"},
      {"take_note", "take a note <text=note>"},
      {"list_notes", "read my notes"},
      {"search", "what did i say about <words=topic>"},
      // Of the recordings that come with the recogniser: what cannot be done is noted.
      {"move", "<text=move>"},
      {"cards", "<text=cards>"},
  };
}

std::vector<GrammarRule> Rules() {
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
  return rules;
}

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
    return buffer_.GetString();
  }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

std::optional<ToolCall> CallFor(const Parse& parse) {
  const auto slot = [&](const char* name) -> std::string {
    const auto found = parse.slots.find(name);
    return found == parse.slots.end() ? "" : found->second;
  };
  const auto number = [&](const char* name) { return NumberOf(slot(name)).value_or(0); };
  const std::string& intent = parse.intent;
  if (intent == "time") {
    if (slot("city").empty()) return ToolCall{.name = "clock", .arguments = "{}"};
    return ToolCall{.name = "clock",
                    .arguments = Arguments().Add("time_zone", slot("city")).Json()};
  }
  if (intent == "calculate") {
    static const auto& signs = *new std::map<std::string, std::string>{
        {"plus", "+"}, {"minus", "-"}, {"times", "*"}, {"divided by", "/"}};
    return ToolCall{.name = "calculator",
                    .arguments = Arguments()
                                     .Add("expression",
                                          absl::StrCat(number("a"), " ", signs.at(slot("operator")),
                                                       " ", number("b")))
                                     .Json()};
  }
  if (intent == "convert") {
    return ToolCall{.name = "convert_units",
                    .arguments = Arguments()
                                     .Add("value", number("value"))
                                     .Add("from", slot("from"))
                                     .Add("to", slot("to"))
                                     .Json()};
  }
  if (intent == "start_timer") {
    const char unit = slot("unit").front();
    const int64_t seconds = number("value") * (unit == 'h' ? 3600 : unit == 'm' ? 60 : 1);
    return ToolCall{.name = "timers",
                    .arguments = Arguments().Add("action", "start").Add("seconds", seconds).Json()};
  }
  if (intent == "list_timers")
    return ToolCall{.name = "timers", .arguments = R"({"action":"list"})"};
  if (intent == "list_notes") return ToolCall{.name = "notes", .arguments = R"({"action":"list"})"};
  if (intent == "search") {
    return ToolCall{.name = "search_conversation",
                    .arguments = Arguments().Add("words", slot("words")).Json()};
  }
  if (intent == "take_note" || intent == "move" || intent == "cards") {
    return ToolCall{.name = "notes",
                    .arguments = Arguments().Add("action", "add").Add("text", slot("text")).Json()};
  }
  return std::nullopt;
}

class RuleAgent : public Agent {
 public:
  explicit RuleAgent(const Grammar* grammar) : grammar_(*grammar) {}

  absl::StatusOr<AgentStep> Decide(const AgentInput& input) override {
    if (!input.answers.empty()) return Reply(input);
    if (input.utterance.rejected) return AgentStep{.calls = {}, .reply = kNotUnderstood};
    const std::optional<Parse> parse = grammar_.ParseText(input.utterance.text);
    if (!parse.has_value()) return AgentStep{.calls = {}, .reply = kNotUnderstood};
    const std::optional<ToolCall> call = CallFor(*parse);
    if (!call.has_value()) return AgentStep{.calls = {}, .reply = kNotUnderstood};
    return AgentStep{.calls = {*call}, .reply = ""};
  }

 private:
  static AgentStep Reply(const AgentInput& input) {
    std::string reply;
    for (const ToolAnswer& answer : input.answers) {
      absl::StrAppend(
          &reply, reply.empty() ? "" : " ",
          answer.ok ? answer.text : absl::StrCat("Sorry, that failed: ", answer.text, "."));
    }
    return {.calls = {}, .reply = reply};
  }

  const Grammar& grammar_;
};

}  // namespace

absl::StatusOr<Grammar> RuleAgentGrammar() { return Grammar::Create(Intents(), Rules()); }

std::unique_ptr<Agent> CreateRuleAgent(const Grammar* grammar) {
  return std::make_unique<RuleAgent>(grammar);
}

}  // namespace parlance::pipeline
