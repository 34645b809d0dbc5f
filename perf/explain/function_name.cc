#include "perf/explain/function_name.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "command/terminal/printable.h"
#include "re2/re2.h"

namespace perf {
namespace {

re2::StringPiece Piece(absl::string_view text) { return {text.data(), text.size()}; }

absl::string_view BaseName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

// Removes a pattern from the end of a name as often as it is there.
void StripAtEnd(const re2::RE2& pattern, std::string& name) {
  while (re2::RE2::Replace(&name, pattern, "")) {
  }
}

constexpr absl::string_view kAnonymous = "(anonymous namespace)";

// How long the operator is that follows the word "operator", so that its characters are not taken
// for brackets.
size_t OperatorLength(absl::string_view rest) {
  // The longest come first.
  constexpr absl::string_view kOperators[] = {"<=>", "<<=", ">>=", "->*", "()", "[]", "<<",
                                              ">>",  "<=",  ">=",  "->",  "<",  ">"};
  for (const absl::string_view one : kOperators) {
    if (absl::StartsWith(rest, one)) return one.size();
  }
  return 0;
}

// How long the brackets are that `text` begins with, with all that is in them; all of it if they do
// not end.
size_t BracketsLength(absl::string_view text, char open, char close) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == open) ++depth;
    if (text[i] == close && --depth == 0) return i + 1;
  }
  return text.size();
}

// How long the type is that `text` begins with if it is "decltype (x)"; 0 if it is another.
size_t DecltypeLength(absl::string_view text) {
  constexpr absl::string_view kDecltype = "decltype";
  if (!absl::StartsWith(text, kDecltype)) return 0;
  size_t open = kDecltype.size();
  while (open < text.size() && text[open] == ' ') ++open;
  if (open >= text.size() || text[open] != '(') return 0;
  return open + BracketsLength(text.substr(open), '(', ')');
}

// The parts of a function's qualified name, without template arguments, return type and parameters;
// empty for the name of unnamed code.
std::vector<std::string> NameParts(absl::string_view name) {
  if (absl::StartsWith(name, "0x") || absl::StartsWith(name, "???")) return {};
  std::vector<std::string> parts = {""};
  int depth = 0;
  for (size_t i = 0; i < name.size();) {
    const absl::string_view rest = name.substr(i);
    if (depth == 0 && absl::StartsWith(rest, kAnonymous)) {
      i += kAnonymous.size();
      continue;
    }
    constexpr absl::string_view kOperator = "operator";
    const auto is_in_word = [&](size_t place) {
      return absl::ascii_isalnum(name[place]) || name[place] == '_';
    };
    // A return type, of which nothing is kept.
    if (depth == 0 && (i == 0 || !is_in_word(i - 1))) {
      if (const size_t length = DecltypeLength(rest); length > 0) {
        i += length;
        continue;
      }
    }
    // "{lambda(int)#1}" is a part of a name.
    if (depth == 0 && rest.front() == '{') {
      const absl::string_view braces = rest.substr(0, BracketsLength(rest, '{', '}'));
      absl::StrAppend(&parts.back(),
                      absl::StartsWith(braces, "{lambda") ? absl::string_view("{lambda}") : braces);
      i += braces.size();
      continue;
    }
    const size_t after_operator = i + kOperator.size();
    if (depth == 0 && absl::StartsWith(rest, kOperator) && (i == 0 || !is_in_word(i - 1)) &&
        (after_operator >= name.size() || !is_in_word(after_operator))) {
      // "operator new" and conversions hold spaces, up to the parameters.
      const absl::string_view after = name.substr(after_operator);
      size_t length = OperatorLength(after);
      if (length == 0) length = std::min(after.find('('), after.size());
      absl::StrAppend(&parts.back(), rest.substr(0, kOperator.size() + length));
      i = after_operator + length;
      // "operator<< <char>": what follows the space belongs to the name.
      if (absl::StartsWith(name.substr(i), " <")) ++i;
      continue;
    }
    const char c = name[i];
    if (c == '<') {
      ++depth;
    } else if (c == '>') {
      --depth;
    } else if (depth > 0) {
      // A template's argument.
    } else if (c == '(' || c == '[') {
      break;
    } else if (absl::StartsWith(rest, "::")) {
      if (!parts.back().empty()) parts.emplace_back();
      ++i;
    } else if (c == ' ') {
      // What came before is a return type.
      parts = {""};
    } else {
      parts.back().push_back(c);
    }
    ++i;
  }
  if (parts.back().empty()) parts.pop_back();
  return parts;
}

}  // namespace

std::string FunctionName(absl::string_view name, absl::string_view object) {
  static const re2::RE2& recursion = *new re2::RE2("'\\d+$");
  static const re2::RE2& clone = *new re2::RE2(" \\[clone [^\\]]*\\]$");
  static const re2::RE2& part =
      *new re2::RE2("\\.(isra|constprop|part|cold|localalias|lto_priv)(\\.\\d+)*$");
  static const re2::RE2& version = *new re2::RE2("@@?[A-Za-z_0-9.]+$");
  static const re2::RE2& variant = *new re2::RE2(
      "_*((?:mem|str|stp|wmem|wcs)[a-z]+)_(?:avx|avx2|avx512|evex|sse|sse2|sse4|ssse3|erms|generic|"
      "unaligned)[a-z0-9_]*");
  static const re2::RE2& thread = *new re2::RE2("_+(pthread_[a-z_]+)");
  std::string plain(name);
  StripAtEnd(recursion, plain);
  StripAtEnd(clone, plain);
  StripAtEnd(part, plain);
  StripAtEnd(version, plain);
  if (absl::StartsWith(plain, "0x") || plain.empty() || plain == "???") {
    return absl::StrCat(plain, " in ", object.empty() ? "???" : BaseName(object));
  }
  std::string base;
  // A program's own function may be called so, too, and is one of several.
  if ((IsSharedLibrary(object) && re2::RE2::FullMatch(plain, variant, &base)) ||
      re2::RE2::FullMatch(plain, thread, &base)) {
    plain = base;
  }
  return plain == "memmove" ? "memcpy" : plain;
}

std::string ShortFunctionName(absl::string_view name) {
  const std::vector<std::string> parts = NameParts(name);
  const size_t from = parts.size() > 2 ? parts.size() - 2 : 0;
  const std::string shown =
      // A name that this does not understand is shown as it is.
      parts.empty()
          ? std::string(name)
          : absl::StrJoin(parts.begin() + static_cast<std::ptrdiff_t>(from), parts.end(), "::");
  return command::CutText(shown, kMaxShortNameBytes);
}

FunctionKind KindOf(absl::string_view name) {
  static const re2::RE2& allocation = *new re2::RE2(
      "_*(?:GI_+)?(?:libc_|int_)?(?:malloc|calloc|realloc|reallocarray|free|cfree|memalign|"
      "aligned_alloc|posix_memalign|valloc|pvalloc|malloc_consolidate|sysmalloc|systrim|"
      "unlink_chunk|tcache_init)(?:_hook_ini)?|"
      "operator (?:new|delete)(?:\\[\\])?(?:\\(.*)?");
  static const re2::RE2& copy = *new re2::RE2(
      "(?:mem(?:cpy|pcpy|move|set|cmp|chr)|bcopy|bzero|bcmp|str(?:cpy|ncpy|cat|ncat|dup|len|cmp|"
      "ncmp|chr)|stpcpy|wmem(?:cpy|set|move))(?:_chk)?");
  static const re2::RE2& lock = *new re2::RE2(
      "pthread_(?:mutex|rwlock|spin|cond)_[a-z]+|_*lll_(?:lock|unlock)[a-z_]*|sem_(?:(?:try|timed|"
      "clock)?wait|post)|"
      "(?:absl::(?:[a-z_0-9]+::)?)?Mutex::(?:Reader|Writer)?(?:Try)?(?:Unl|L)ock[A-Za-z]*\\(\\)|"
      "absl::(?:[a-z_0-9]+::)*base_internal::SpinLock::[A-Za-z]+\\(.*");
  const re2::StringPiece piece = Piece(name);
  if (re2::RE2::FullMatch(piece, allocation)) return FunctionKind::kAllocation;
  if (re2::RE2::FullMatch(piece, copy)) return FunctionKind::kCopy;
  if (re2::RE2::FullMatch(piece, lock)) return FunctionKind::kLock;
  return FunctionKind::kOther;
}

bool TakesMemory(absl::string_view name) {
  static const re2::RE2& takes = *new re2::RE2(
      "malloc|calloc|realloc|reallocarray|memalign|aligned_alloc|posix_memalign|valloc|pvalloc|"
      "operator new(?:\\[\\])?(?:\\(.*)?");
  return re2::RE2::FullMatch(Piece(name), takes);
}

bool TakesLock(absl::string_view name) {
  static const re2::RE2& takes = *new re2::RE2(
      "pthread_(?:mutex|spin)_(?:try|timed|clock)?lock|"
      "pthread_rwlock_(?:try|timed|clock)?(?:rd|wr)lock|sem_(?:try|timed|clock)?wait|"
      "(?:absl::(?:[a-z_0-9]+::)*)?(?:Mutex|SpinLock)::(?:Reader|Writer)?(?:Try)?Lock(?:When[A-Za-"
      "z]*)?"
      "\\(.*");
  return re2::RE2::FullMatch(Piece(name), takes);
}

bool IsSharedLibrary(absl::string_view object) {
  const absl::string_view base = BaseName(object);
  return absl::EndsWith(base, ".so") || absl::StrContains(base, ".so.");
}

bool IsStandardLibrary(absl::string_view name) {
  const std::vector<std::string> parts = NameParts(name);
  return parts.size() > 1 &&
         (parts[0] == "std" || parts[0] == "__gnu_cxx" || parts[0] == "__cxxabiv1");
}

}  // namespace perf
