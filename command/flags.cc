#include "command/flags.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "command/nearest_name.h"
#include "command/terminal/printable.h"
#include "command/terminal/wrapped.h"

namespace command {
namespace {

absl::CommandLineFlag* Find(absl::string_view name, absl::Span<const absl::string_view> names) {
  return absl::c_linear_search(names, name) ? absl::FindCommandLineFlag(name) : nullptr;
}

// "; is --NAME meant?" for the nearest name, or "" if none is near.
std::string Suggestion(absl::string_view wrong, absl::Span<const absl::string_view> names) {
  const absl::string_view nearest = NearestName(wrong, names);
  return nearest.empty() ? "" : absl::StrCat("; is --", nearest, " meant?");
}

// What stands for the flag's value in the help, after a space; "" for a switch.
std::string ValueName(const absl::CommandLineFlag& flag) {
  if (flag.IsOfType<bool>()) return "";
  if (flag.IsOfType<absl::Duration>() || flag.IsOfType<std::optional<absl::Duration>>()) {
    return " DURATION";
  }
  if (flag.IsOfType<double>() || flag.IsOfType<float>()) return " NUMBER";
  if (flag.IsOfType<std::string>()) return " TEXT";
  if (flag.IsOfType<std::vector<std::string>>()) return " TEXT,...";
  return " N";
}

template <typename... Integers>
std::string RangeOf(const absl::CommandLineFlag& flag) {
  std::string range;
  ((flag.IsOfType<Integers>() || flag.IsOfType<std::optional<Integers>>()
        ? absl::StrAppend(&range, "a whole number from ", std::numeric_limits<Integers>::min(),
                          " to ", std::numeric_limits<Integers>::max())
        : void()),
   ...);
  return range;
}

// What the flag's value has to be; "" for a type of the program's own, which says so itself.
std::string Allowed(const absl::CommandLineFlag& flag) {
  if (flag.IsOfType<bool>()) return "true or false";
  if (flag.IsOfType<absl::Duration>() || flag.IsOfType<std::optional<absl::Duration>>()) {
    return "a duration with its unit, such as 20s or 1m30s";
  }
  if (flag.IsOfType<double>() || flag.IsOfType<float>()) return "a number";
  return RangeOf<int32_t, int64_t, uint32_t, uint64_t>(flag);
}

// The name of the flag that `word` begins with, or "" if it is none.
absl::string_view FlagName(absl::string_view word) {
  if (word.size() < 2 || word[0] != '-') return "";
  word.remove_prefix(word[1] == '-' ? 2 : 1);
  return word.substr(0, word.find('='));
}

}  // namespace

absl::Status ParseFlags(const std::vector<std::string>& words,
                        absl::Span<const absl::string_view> names, CommandLine& line) {
  for (size_t i = 0; i < words.size(); ++i) {
    const absl::string_view word = words[i];
    if (word == "--") {
      line.arguments.insert(line.arguments.end(), words.begin() + static_cast<ptrdiff_t>(i) + 1,
                            words.end());
      break;
    }
    const absl::string_view name = FlagName(word);
    if (name.empty() && (word.size() < 2 || word[0] != '-')) {
      line.arguments.emplace_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    absl::CommandLineFlag* flag = Find(name, names);
    absl::string_view value;
    if (flag == nullptr && equals == absl::string_view::npos && absl::StartsWith(name, "no")) {
      flag = Find(name.substr(2), names);
      if (flag != nullptr && !flag->IsOfType<bool>()) flag = nullptr;
      value = "false";
    } else if (equals != absl::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (flag != nullptr && flag->IsOfType<bool>()) {
      value = "true";
    } else if (flag != nullptr) {
      // Another flag of the program is no value, but a word that only looks like a flag may be
      // meant.
      if (i + 1 == words.size() || words[i + 1] == "--" ||
          Find(FlagName(words[i + 1]), names) != nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("--", name, " needs a value"));
      }
      value = words[++i];
    }
    if (flag == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no flag --", PrintableLine(name), Suggestion(name, names)));
    }
    std::string error;
    if (!flag->ParseFrom(value, &error)) {
      if (const std::string allowed = Allowed(*flag); !allowed.empty()) {
        error = absl::StrCat("it has to be ", allowed);
      }
      return absl::InvalidArgumentError(absl::StrCat("--", flag->Name(), " cannot be '",
                                                     PrintableLine(value), "'",
                                                     error.empty() ? "" : ": ", error));
    }
    if (!absl::c_linear_search(line.flags, flag->Name())) line.flags.emplace_back(flag->Name());
  }
  return absl::OkStatus();
}

std::string FlagsHelp(absl::Span<const absl::string_view> names) {
  std::string help;
  for (const absl::string_view name : names) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    const std::string otherwise = flag->DefaultValue();
    const bool is_said = !otherwise.empty() && !flag->IsOfType<bool>();
    absl::StrAppend(&help, "  --", name, ValueName(*flag), "\n",
                    Wrapped(absl::StrCat(flag->Help(),
                                         is_said ? absl::StrCat(" Default: ", otherwise, ".") : ""),
                            6),
                    "\n");
  }
  return help;
}

}  // namespace command
