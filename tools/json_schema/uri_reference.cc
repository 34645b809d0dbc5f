#include "tools/json_schema/uri_reference.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace parlance::tools {
namespace {

// Each with its delimiter: "http:", "//host", "/path", "?query".
struct Parts {
  absl::string_view scheme;
  absl::string_view authority;
  absl::string_view path;
  absl::string_view query;
};

Parts Parse(absl::string_view uri) {
  Parts parts;
  const size_t colon = uri.find_first_of(":/?");
  if (colon != absl::string_view::npos && colon > 0 && uri[colon] == ':' &&
      absl::ascii_isalpha(static_cast<unsigned char>(uri[0]))) {
    parts.scheme = uri.substr(0, colon + 1);
    uri.remove_prefix(colon + 1);
  }
  if (const size_t mark = uri.find('?'); mark != absl::string_view::npos) {
    parts.query = uri.substr(mark);
    uri.remove_suffix(uri.size() - mark);
  }
  if (absl::StartsWith(uri, "//")) {
    parts.authority = uri.substr(0, uri.find('/', 2));
    uri.remove_prefix(parts.authority.size());
  }
  parts.path = uri;
  return parts;
}

// RFC 3986, 5.2.4.
std::string WithoutDots(absl::string_view path) {
  std::string result;
  while (!path.empty()) {
    if (absl::StartsWith(path, "../")) {
      path.remove_prefix(3);
    } else if (absl::StartsWith(path, "./") || absl::StartsWith(path, "/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (absl::StartsWith(path, "/../") || path == "/..") {
      const size_t slash = result.rfind('/');
      result.resize(slash == std::string::npos ? 0 : slash);
      if (path.size() == 3) {
        path = "/";
      } else {
        path.remove_prefix(3);
      }
    } else if (path == "." || path == "..") {
      path = "";
    } else {
      const absl::string_view segment = path.substr(0, path.find('/', 1));
      absl::StrAppend(&result, segment);
      path.remove_prefix(segment.size());
    }
  }
  return result;
}

}  // namespace

SplitUri SplitFragment(absl::string_view uri) {
  const size_t hash = uri.find('#');
  if (hash == absl::string_view::npos) return {.absolute = uri, .fragment = {}};
  return {.absolute = uri.substr(0, hash), .fragment = uri.substr(hash + 1)};
}

std::string ResolveUri(absl::string_view base, absl::string_view reference) {
  const Parts to = Parse(reference);
  if (!to.scheme.empty()) {
    return absl::StrCat(to.scheme, to.authority, WithoutDots(to.path), to.query);
  }
  const Parts from = Parse(base);
  if (!to.authority.empty()) {
    return absl::StrCat(from.scheme, to.authority, WithoutDots(to.path), to.query);
  }
  const absl::string_view root = base.substr(0, from.scheme.size() + from.authority.size());
  if (to.path.empty()) {
    return absl::StrCat(root, from.path, to.query.empty() ? from.query : to.query);
  }
  if (to.path[0] == '/') return absl::StrCat(root, WithoutDots(to.path), to.query);
  if (!from.authority.empty() && from.path.empty()) {
    return absl::StrCat(root, WithoutDots(absl::StrCat("/", to.path)), to.query);
  }
  const size_t slash = from.path.rfind('/');
  const absl::string_view folder =
      slash == absl::string_view::npos ? "" : from.path.substr(0, slash + 1);
  return absl::StrCat(root, WithoutDots(absl::StrCat(folder, to.path)), to.query);
}

std::optional<std::string> PercentDecoded(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size() || !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      return std::nullopt;
    }
    int byte = 0;
    if (!absl::SimpleHexAtoi(text.substr(i + 1, 2), &byte)) return std::nullopt;
    decoded.push_back(static_cast<char>(byte));
    i += 2;
  }
  return decoded;
}

}  // namespace parlance::tools
