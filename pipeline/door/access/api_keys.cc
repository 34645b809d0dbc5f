#include "pipeline/door/access/api_keys.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "openssl/crypto.h"
#include "openssl/sha.h"
#include "pipeline/door/socket/whole_file.h"

namespace parlance::pipeline::door {
ApiKeys::Digest ApiKeys::DigestOf(absl::string_view key) {
  Digest digest = {};
  static_assert(sizeof(digest) == SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const uint8_t*>(key.data()), key.size(), digest.data());
  return digest;
}

absl::StatusOr<ApiKeys> ApiKeys::Parse(absl::string_view text) {
  ApiKeys keys;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const auto refuse = [&](auto... message) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", message...));
    };
    const absl::string_view content = absl::StripAsciiWhitespace(line);
    if (content.empty() || content.front() == '#') continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(content, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.size() != 2) return refuse("this is not a name and a key with a space between");
    for (const char c : content) {
      const auto byte = static_cast<unsigned char>(c);
      if (c != '\t' && (byte < 0x20 || byte >= 0x7F)) {
        return refuse("names and keys are of visible ASCII characters");
      }
    }
    if (words[1].size() < kMinKeyBytes || words[1].size() > kMaxKeyBytes) {
      return refuse("the key has ", words[1].size(), " characters; it has to have ", kMinKeyBytes,
                    " to ", kMaxKeyBytes, ", by chance: openssl rand -hex 24");
    }
    const Digest digest = DigestOf(words[1]);
    // No word is repeated: whoever turns name and key round would find the key in a log.
    for (const Key& key : keys.keys_) {
      if (key.name == words[0]) return refuse("the name is there before");
      if (key.digest == digest) return refuse("the key is another's; give each their own");
    }
    if (keys.keys_.size() == kMaxKeys) return refuse("there are more than ", kMaxKeys, " keys");
    keys.keys_.push_back({std::string(words[0]), digest});
  }
  if (keys.keys_.empty()) {
    return absl::InvalidArgumentError("there is no key; write lines of a name and a key");
  }
  return keys;
}

absl::StatusOr<ApiKeys> ApiKeys::ReadFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadWholeSecretFile("the keys", path, kMaxKeyFileBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<ApiKeys> keys = Parse(*text);
  OPENSSL_cleanse(&(*text)[0], text->size());
  if (keys.ok()) return keys;
  return absl::Status(keys.status().code(), absl::StrCat(path, ", ", keys.status().message()));
}

std::optional<std::string> ApiKeys::NameOf(absl::string_view key) const {
  const Digest digest = DigestOf(key);
  const Key* found = nullptr;
  for (const Key& known : keys_) {
    if (CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0) found = &known;
  }
  if (found == nullptr) return std::nullopt;
  return found->name;
}

}  // namespace parlance::pipeline::door
