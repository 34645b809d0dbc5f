// Keys by the names of those whom they were given to.
//
//   # NAME KEY
//   kitchen  0f6c2e6d9b4a41f0a7b1
//
// Only digests of keys are kept (SHA-256), they are compared in constant time, and no key is in any
// error. Threads: one reads, and any ask then.
#ifndef PIPELINE_DOOR_ACCESS_API_KEYS_H_
#define PIPELINE_DOOR_ACCESS_API_KEYS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

// Shorter ones could be guessed.
inline constexpr size_t kMinKeyBytes = 16;
inline constexpr size_t kMaxKeyBytes = 512;
inline constexpr size_t kMaxKeys = 1000;
inline constexpr size_t kMaxKeyFileBytes = size_t{1} << 20;

class ApiKeys {
 public:
  // Reads lines of a name and a key; what begins with # and empty lines are skipped.
  // InvalidArgument, with the line's number, for a line that is something else, a key that is too
  // short or too long, a name or a key that is there twice; and for a text without keys.
  static absl::StatusOr<ApiKeys> Parse(absl::string_view text);
  // Reads a file. Besides, NotFound if it cannot be read, and PermissionDenied if everybody on this
  // machine may read it or others than its owner may write it: they could come in.
  static absl::StatusOr<ApiKeys> ReadFile(const std::string& path);

  size_t size() const { return keys_.size(); }
  // The name of whoever has the key; nullopt if nobody has. Takes as long for each key.
  std::optional<std::string> NameOf(absl::string_view key) const;

 private:
  using Digest = std::array<uint8_t, 32>;
  struct Key {
    std::string name = {};
    Digest digest = {};
  };
  static Digest DigestOf(absl::string_view key);

  std::vector<Key> keys_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_ACCESS_API_KEYS_H_
