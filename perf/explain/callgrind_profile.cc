#include "perf/explain/callgrind_profile.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "command/terminal/printable.h"

namespace perf {
namespace {

constexpr absl::string_view kUnknown = "???";

// A number of 64 bits, decimal or "0x…", which nothing follows.
std::optional<uint64_t> Unsigned(absl::string_view text) {
  uint64_t value = 0;
  if (absl::ConsumePrefix(&text, "0x")) {
    return absl::SimpleHexAtoi(text, &value) ? std::optional(value) : std::nullopt;
  }
  if (text.empty() || !absl::ascii_isdigit(text.front())) return std::nullopt;
  return absl::SimpleAtoi(text, &value) ? std::optional(value) : std::nullopt;
}

// The next word of a line, which is taken away from it; empty at the end.
absl::string_view NextWord(absl::string_view& line) {
  line = absl::StripLeadingAsciiWhitespace(line);
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  const absl::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

// Adds without overflow; false if the sum is no number of 64 bits.
bool AddTo(int64_t& sum, int64_t more) { return !__builtin_add_overflow(sum, more, &sum); }

class Parser {
 public:
  absl::StatusOr<CallgrindProfile> Parse(absl::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      absl::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line_number_;
      if (!ReadLine(absl::StripSuffix(line, "\r"))) return Error();
    }
    if (expected_ != Expected::kAnything) {
      error_ = "ends within a call";
      return Error();
    }
    if (!has_totals_) {
      error_ = "has no totals, so it is cut short";
      return Error();
    }
    return std::move(profile_);
  }

 private:
  // What the next line has to be.
  enum class Expected { kAnything, kCostOfCall, kPositionOfJump };

  // Names of one kind, by their numbers.
  using Names = absl::flat_hash_map<uint64_t, std::string>;

  absl::Status Error() const {
    return absl::DataLossError(
        absl::StrCat("a dump of callgrind ", error_, " (line ", line_number_, ")"));
  }

  bool Fail(absl::string_view why) {
    error_ = std::string(why);
    return false;
  }

  bool ReadLine(absl::string_view line) {
    if (line.empty() || line.front() == '#') return true;
    const char first = line.front();
    if (absl::ascii_isdigit(first) || first == '+' || first == '-' || first == '*') {
      return ReadCost(line);
    }
    if (expected_ != Expected::kAnything) return Fail("has a call without its cost");
    const size_t end = line.find_first_of("=:");
    if (end == absl::string_view::npos) return Fail("has a line that callgrind does not write");
    const absl::string_view key = line.substr(0, end);
    absl::string_view value = line.substr(end + 1);
    return line[end] == '=' ? ReadSpecification(key, value) : ReadHeader(key, value);
  }

  bool ReadHeader(absl::string_view key, absl::string_view value) {
    if (key == "positions") {
      num_positions_ = 0;
      has_addresses_ = false;
      for (absl::string_view word = NextWord(value); !word.empty(); word = NextWord(value)) {
        if (num_positions_ == 0) has_addresses_ = word == "instr";
        if (++num_positions_ > kMaxPositions) return Fail("has too many positions");
      }
    } else if (key == "events") {
      instructions_event_ = system_calls_event_ = kNone;
      num_events_ = 0;
      for (absl::string_view word = NextWord(value); !word.empty(); word = NextWord(value)) {
        if (word == "Ir") instructions_event_ = num_events_;
        if (word == "sysCount") system_calls_event_ = num_events_;
        if (++num_events_ > kMaxEvents) return Fail("has too many events");
      }
    } else if (key == "totals") {
      return ReadTotals(value);
    }
    return true;
  }

  // What the lines before have to add up to.
  bool ReadTotals(absl::string_view value) {
    const std::optional<Costs> totals = ReadCosts(value);
    if (!totals.has_value()) return Fail("has totals that are not numbers");
    if (totals->instructions != sum_) {
      return Fail(absl::StrCat("adds up to ", sum_, " instructions and not to its total, ",
                               totals->instructions));
    }
    sum_ = 0;
    has_totals_ = true;
    return true;
  }

  bool ReadSpecification(absl::string_view key, absl::string_view value) {
    if (key == "ob") return ReadName(objects_, value, object_) && EnterFunction();
    if (key == "fn") return ReadName(names_, value, name_) && EnterFunction();
    if (key == "cob") {
      called_object_.emplace();
      return ReadName(objects_, value, *called_object_);
    }
    if (key == "cfn") {
      called_name_.emplace();
      return ReadName(names_, value, *called_name_);
    }
    if (key == "calls") return ReadCalls(value);
    if (key == "jump" || key == "jcnd") {
      expected_ = Expected::kPositionOfJump;
      return true;
    }
    // Names of source files, which addresses tell better.
    if (key == "fl" || key == "fi" || key == "fe" || key == "cfi" || key == "cfl") return true;
    return Fail("has a line that callgrind does not write");
  }

  // "(12) name" gives a number its name, "(12)" is the name given before, and anything else is a
  // name without a number.
  bool ReadName(Names& names, absl::string_view value, std::string& name) {
    value = absl::StripLeadingAsciiWhitespace(value);
    const size_t end = value.find(')');
    std::optional<uint64_t> number;
    if (value.size() > 1 && value.front() == '(' && absl::ascii_isdigit(value[1]) &&
        end != absl::string_view::npos) {
      number = Unsigned(value.substr(1, end - 1));
      if (!number.has_value()) return Fail("has a name with an invalid number");
      value = absl::StripLeadingAsciiWhitespace(value.substr(end + 1));
      if (value.empty()) {
        const auto found = names.find(*number);
        if (found == names.end()) return Fail("has the number of a name that it never names");
        name = found->second;
        return true;
      }
    }
    // Names come from the program's symbols, and may hold anything.
    name = command::PrintableLine(value.substr(0, kMaxNameBytes));
    if (number.has_value()) names[*number] = name;
    return true;
  }

  bool EnterFunction() {
    current_.reset();
    return true;
  }

  size_t FunctionOf(const std::string& object, const std::string& name) {
    const auto [found, inserted] =
        functions_.try_emplace(std::make_pair(object, name), profile_.functions.size());
    if (inserted) profile_.functions.push_back({.object = object, .name = name});
    return found->second;
  }

  size_t Current() {
    if (!current_.has_value()) current_ = FunctionOf(object_, name_);
    return *current_;
  }

  // "count target": the target's position says nothing that its name does not.
  bool ReadCalls(absl::string_view value) {
    const std::optional<uint64_t> count = Unsigned(NextWord(value));
    if (!count.has_value() || *count > std::numeric_limits<int64_t>::max()) {
      return Fail("has a call whose count is not a number");
    }
    if (!called_name_.has_value()) return Fail("has a call of no function");
    call_ = {.caller = Current(),
             .callee = FunctionOf(called_object_.value_or(object_), *called_name_),
             .count = static_cast<int64_t>(*count)};
    called_object_.reset();
    called_name_.reset();
    expected_ = Expected::kCostOfCall;
    return true;
  }

  struct Costs {
    int64_t instructions = 0;
    int64_t system_calls = 0;
  };

  // Costs that were not seen are left out at a line's end.
  std::optional<Costs> ReadCosts(absl::string_view line) const {
    Costs costs;
    size_t event = 0;
    for (absl::string_view word = NextWord(line); !word.empty(); word = NextWord(line), ++event) {
      const std::optional<uint64_t> cost = Unsigned(word);
      if (event >= num_events_ || !cost.has_value() ||
          *cost > std::numeric_limits<int64_t>::max()) {
        return std::nullopt;
      }
      if (event == instructions_event_) costs.instructions = static_cast<int64_t>(*cost);
      if (event == system_calls_event_) costs.system_calls = static_cast<int64_t>(*cost);
    }
    return costs;
  }

  // Moves to the positions that a line begins with, which are taken away from it.
  bool ReadPositions(absl::string_view& line) {
    for (size_t i = 0; i < num_positions_; ++i) {
      absl::string_view word = NextWord(line);
      uint64_t& position = positions_[i];
      if (word == "*") continue;
      const bool forwards = absl::ConsumePrefix(&word, "+");
      const bool backwards = !forwards && absl::ConsumePrefix(&word, "-");
      const std::optional<uint64_t> number = Unsigned(word);
      if (!number.has_value()) return Fail("has a position that is not a number");
      position = forwards ? position + *number : backwards ? position - *number : *number;
    }
    return true;
  }

  bool ReadCost(absl::string_view line) {
    if (instructions_event_ == kNone) return Fail("does not count instructions");
    if (!has_addresses_) return Fail("has no addresses of instructions");
    if (!ReadPositions(line)) return false;
    const Expected expected = std::exchange(expected_, Expected::kAnything);
    if (expected == Expected::kPositionOfJump) return true;
    const std::optional<Costs> costs = ReadCosts(line);
    if (!costs.has_value()) return Fail("has a cost that is not a number");
    if (expected == Expected::kCostOfCall) {
      call_.address = positions_[0];
      call_.instructions = costs->instructions;
      profile_.calls.push_back(call_);
      return true;
    }
    CallgrindProfile::Function& function = profile_.functions[Current()];
    if (!AddTo(sum_, costs->instructions) ||
        !AddTo(function.instructions[positions_[0]], costs->instructions) ||
        !AddTo(function.system_calls, costs->system_calls)) {
      return Fail("has costs that are too great");
    }
    return true;
  }

  static constexpr size_t kMaxPositions = 3;
  static constexpr size_t kMaxEvents = 64;
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  CallgrindProfile profile_;
  int64_t line_number_ = 0;
  std::string error_;
  // The header.
  size_t num_positions_ = 1;
  bool has_addresses_ = false;
  size_t num_events_ = 0;
  size_t instructions_event_ = kNone;
  size_t system_calls_event_ = kNone;
  bool has_totals_ = false;
  // Names so far, and the functions that they are of, by object and name.
  Names objects_;
  Names names_;
  std::map<std::pair<std::string, std::string>, size_t> functions_;
  // Where the lines are.
  std::string object_ = std::string(kUnknown);
  std::string name_ = std::string(kUnknown);
  std::optional<size_t> current_;
  uint64_t positions_[kMaxPositions] = {};
  int64_t sum_ = 0;
  // A call that is being read.
  Expected expected_ = Expected::kAnything;
  std::optional<std::string> called_object_;
  std::optional<std::string> called_name_;
  CallgrindProfile::Call call_;
};

}  // namespace

absl::StatusOr<CallgrindProfile> ParseCallgrindProfile(absl::string_view text) {
  return Parser().Parse(text);
}

}  // namespace perf
