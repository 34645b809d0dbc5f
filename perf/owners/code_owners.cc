#include "perf/owners/code_owners.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "command/terminal/printable.h"
#include "re2/re2.h"

namespace perf {
namespace {

constexpr size_t kMaxProblems = 20;
constexpr size_t kMaxOwnerBytes = 255;
constexpr size_t kMaxShownBytes = 60;

bool IsOwner(absl::string_view word) {
  static const re2::RE2* const kOwner =
      new re2::RE2(R"(@[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)?|)"
                   R"([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,})");
  return word.size() <= kMaxOwnerBytes &&
         re2::RE2::FullMatch(re2::StringPiece(word.data(), word.size()), *kOwner);
}

// Takes the pattern off the line's beginning: all up to the first white space that no backslash
// takes its meaning from. The backslashes stay.
absl::string_view TakePattern(absl::string_view& line) {
  size_t end = 0;
  while (end < line.size() && !absl::ascii_isspace(static_cast<unsigned char>(line[end]))) {
    end += line[end] == '\\' && end + 1 < line.size() ? 2 : 1;
  }
  const absl::string_view pattern = line.substr(0, end);
  line.remove_prefix(end);
  return pattern;
}

// What is wrong with a pattern; empty if nothing is.
absl::string_view WrongPattern(absl::string_view pattern) {
  if (absl::StartsWith(pattern, "!")) return "! negates nothing here";
  if (absl::StartsWith(pattern, "\\#")) return "\\# begins no pattern here";
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (++i == pattern.size()) return "the pattern ends in a backslash";
    } else if (pattern[i] == '[' || pattern[i] == ']') {
      return "[ ] does not mean a range of characters here";
    }
  }
  if (pattern == "/" || absl::StrContains(pattern, "//")) return "the pattern has an empty name";
  return "";
}

// Whether a `*` and `?` pattern of one name matches it. This takes at most the product of both
// lengths: of several `*`, only the last has to be tried at other places.
bool MatchesName(absl::string_view pattern, absl::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = absl::string_view::npos;
  size_t star_name = 0;
  while (n < name.size()) {
    const bool is_escape = p < pattern.size() && pattern[p] == '\\' && p + 1 < pattern.size();
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      ++n;
      // The rest of a character of UTF-8.
      while (n < name.size() && (static_cast<unsigned char>(name[n]) & 0xC0) == 0x80) ++n;
    } else if (p < pattern.size() && pattern[p + (is_escape ? 1 : 0)] == name[n]) {
      p += is_escape ? 2 : 1;
      ++n;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// A pattern as names, in which "**" is any number of them, also none.
std::vector<std::string> NamesOf(absl::string_view pattern) {
  std::vector<absl::string_view> names = absl::StrSplit(pattern, '/');
  const bool ends_in_slash = names.size() > 1 && names.back().empty();
  if (ends_in_slash) names.pop_back();
  if (names.front().empty()) {
    names.erase(names.begin());
  } else if (names.size() == 1 && names.front() != "**") {
    names.insert(names.begin(), "**");
  }
  if (ends_in_slash || names.back() == "**") {
    // What is in the folder, and not a file of that name.
    if (ends_in_slash) names.push_back("**");
    names.back() = "*";
    names.push_back("**");
  } else if (names.back() != "*") {
    names.push_back("**");
  }
  return {names.begin(), names.end()};
}

bool Matches(const std::vector<std::string>& names, const std::vector<absl::string_view>& path) {
  // As in MatchesName, with names in place of characters.
  size_t p = 0;
  size_t n = 0;
  size_t star = names.size();
  size_t star_path = 0;
  while (n < path.size()) {
    if (p < names.size() && names[p] == "**") {
      star = p++;
      star_path = n;
    } else if (p < names.size() && MatchesName(names[p], path[n])) {
      ++p;
      ++n;
    } else if (star < names.size()) {
      p = star + 1;
      n = ++star_path;
    } else {
      return false;
    }
  }
  while (p < names.size() && names[p] == "**") ++p;
  return p == names.size();
}

}  // namespace

CodeOwners CodeOwners::Parse(absl::string_view text) {
  CodeOwners result;
  if (text.size() > kMaxCodeOwnersBytes) {
    result.problems_.push_back(absl::StrCat("it has ", text.size(), " bytes, and of more than ",
                                            kMaxCodeOwnersBytes, " nothing is read"));
    return result;
  }
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  size_t number = 0;
  size_t num_problems = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const auto skip = [&](absl::string_view why) {
      if (++num_problems <= kMaxProblems) {
        result.problems_.push_back(absl::StrCat("line ", number, ": ", why));
      }
    };
    // A space at the end may belong to the pattern, after a backslash.
    line = absl::StripSuffix(absl::StripLeadingAsciiWhitespace(line), "\r");
    if (line.empty() || line.front() == '#') continue;
    const absl::string_view pattern = TakePattern(line);
    if (const absl::string_view wrong = WrongPattern(pattern); !wrong.empty()) {
      skip(wrong);
      continue;
    }
    Rule rule;
    rule.names = NamesOf(pattern);
    std::string wrong_owner;
    for (const absl::string_view word :
         absl::StrSplit(line, absl::ByAnyChar(" \t\v\f\r"), absl::SkipEmpty())) {
      if (word.front() == '#') break;
      if (!IsOwner(word)) {
        wrong_owner = command::PrintableLine(word.substr(0, kMaxShownBytes));
        break;
      }
      rule.owners.emplace_back(word);
    }
    if (wrong_owner.empty()) {
      result.rules_.push_back(std::move(rule));
    } else {
      skip(absl::StrCat("'", wrong_owner,
                        "' is neither @user, @organisation/team nor an address of mail"));
    }
  }
  if (num_problems > kMaxProblems) {
    result.problems_.push_back(absl::StrCat("and ", num_problems - kMaxProblems, " more lines"));
  }
  return result;
}

std::vector<std::string> CodeOwners::OwnersOf(absl::string_view path) const {
  const std::vector<absl::string_view> names = absl::StrSplit(path, '/', absl::SkipEmpty());
  if (names.empty()) return {};
  const auto rule = std::find_if(rules_.rbegin(), rules_.rend(), [&](const Rule& candidate) {
    return Matches(candidate.names, names);
  });
  return rule == rules_.rend() ? std::vector<std::string>() : rule->owners;
}

std::vector<std::string> CodeOwners::Everybody() const {
  std::set<std::string> everybody;
  for (const Rule& rule : rules_) everybody.insert(rule.owners.begin(), rule.owners.end());
  return {everybody.begin(), everybody.end()};
}

}  // namespace perf
