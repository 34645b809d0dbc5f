#include "perf/command_line.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace perf {
namespace {

absl::CommandLineFlag* Find(absl::string_view name, absl::Span<const absl::string_view> names) {
  return absl::c_linear_search(names, name) ? absl::FindCommandLineFlag(name) : nullptr;
}

// Words broken into lines that begin with `indent` spaces and end before column 100.
std::string Wrapped(absl::string_view text, size_t indent) {
  std::string wrapped;
  size_t column = 100;
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (column + 1 + word.size() >= 100) {
      absl::StrAppend(&wrapped, wrapped.empty() ? "" : "\n", std::string(indent, ' '), word);
      column = indent + word.size();
    } else {
      absl::StrAppend(&wrapped, " ", word);
      column += 1 + word.size();
    }
  }
  return wrapped;
}

}  // namespace

absl::Status ParseFlags(const std::vector<std::string>& arguments,
                        absl::Span<const absl::string_view> names,
                        std::vector<std::string>* others) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view argument = arguments[i];
    if (!absl::ConsumePrefix(&argument, "--")) {
      if (others != nullptr) {
        others->push_back(arguments[i]);
        continue;
      }
      return absl::InvalidArgumentError(absl::StrCat("unexpected argument '", argument, "'"));
    }
    const size_t equals = argument.find('=');
    const absl::string_view name = argument.substr(0, equals);
    absl::CommandLineFlag* flag = Find(name, names);
    absl::string_view value;
    if (flag == nullptr && equals == absl::string_view::npos && absl::StartsWith(name, "no")) {
      flag = Find(name.substr(2), names);
      if (flag != nullptr && !flag->IsOfType<bool>()) flag = nullptr;
      value = "false";
    } else if (equals != absl::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (flag != nullptr && flag->IsOfType<bool>()) {
      value = "true";
    } else if (flag != nullptr) {
      if (++i == arguments.size()) {
        return absl::InvalidArgumentError(absl::StrCat("--", name, " needs a value"));
      }
      value = arguments[i];
    }
    if (flag == nullptr) return absl::InvalidArgumentError(absl::StrCat("unknown flag --", name));
    std::string error;
    if (!flag->ParseFrom(value, &error)) {
      return absl::InvalidArgumentError(absl::StrCat("--", flag->Name(), "=", value, ": ", error));
    }
  }
  return absl::OkStatus();
}

std::string FlagsHelp(absl::Span<const absl::string_view> names) {
  std::string help;
  for (absl::string_view name : names) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    const std::string otherwise = flag->DefaultValue();
    absl::StrAppend(
        &help, "  --", name, "\n",
        Wrapped(absl::StrCat(flag->Help(), otherwise.empty() || flag->IsOfType<bool>()
                                               ? ""
                                               : absl::StrCat(" Default: ", otherwise, ".")),
                6),
        "\n");
  }
  return help;
}

}  // namespace perf
