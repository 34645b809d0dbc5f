#include "session/sqlite/database_header.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "session/sqlite/migrations.h"

namespace parlance::session {
namespace {

// With the NUL that ends it.
constexpr char kMagic[] = "SQLite format 3";
constexpr size_t kHeaderBytes = 100;
using Header = std::array<unsigned char, kHeaderBytes>;

// Where the header has what.
constexpr size_t kPageSize = 16;
constexpr size_t kWriteVersion = 18;
constexpr size_t kReadVersion = 19;
constexpr size_t kPayloadFractions = 21;
constexpr size_t kSchemaFormat = 44;
constexpr size_t kTextEncoding = 56;
constexpr size_t kUserVersion = 60;
constexpr size_t kApplicationIdAt = 68;
constexpr size_t kVersionValidFor = 92;

constexpr int kDefaultPageBytes = 4096;
constexpr int kMaxPageBytes = 65536;

uint32_t Get(const Header& header, size_t at, size_t num_bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < num_bytes; ++i) value = value << 8 | header[at + i];
  return value;
}

void Put(uint32_t value, size_t num_bytes, Header& header, size_t at) {
  for (size_t i = num_bytes; i-- > 0; value >>= 8) {
    header[at + i] = static_cast<unsigned char>(value & 0xFF);
  }
}

absl::Status Failed(const char* what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path));
}

absl::StatusOr<Header> ReadHeader(int file, const std::string& path) {
  Header header = {};
  const ssize_t num_read = pread(file, header.data(), header.size(), 0);
  if (num_read < 0) return Failed("read", path);
  return header;
}

}  // namespace

absl::StatusOr<std::vector<int>> PossiblePageSizes(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Failed("open", path);
  const auto closer = absl::MakeCleanup([file] { close(file); });
  const absl::StatusOr<Header> header = ReadHeader(file, path);
  if (!header.ok()) return header.status();
  const bool has_magic = std::memcmp(header->data(), kMagic, sizeof kMagic) == 0;
  const uint32_t application = Get(*header, kApplicationIdAt, 4);
  if (has_magic && application != 0 && application != kApplicationId) return std::vector<int>();
  std::vector<int> sizes;
  const auto add = [&](int size) {
    if (std::find(sizes.begin(), sizes.end(), size) == sizes.end()) sizes.push_back(size);
  };
  // The largest size does not fit two bytes, and is stated as 1.
  const auto stated = static_cast<int>(Get(*header, kPageSize, 2));
  const int size = stated == 1 ? kMaxPageBytes : stated;
  if (size >= kMinPageBytes && (size & (size - 1)) == 0) add(size);
  add(kDefaultPageBytes);
  for (int other = kMinPageBytes; other <= kMaxPageBytes; other *= 2) add(other);
  return sizes;
}

absl::Status WriteHeader(const std::string& path, int page_bytes) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return Failed("open", path);
  const auto closer = absl::MakeCleanup([file] { close(file); });
  const absl::StatusOr<Header> old = ReadHeader(file, path);
  if (!old.ok()) return old.status();
  Header header = {};
  std::memcpy(header.data(), kMagic, sizeof kMagic);
  Put(page_bytes == kMaxPageBytes ? 1 : static_cast<uint32_t>(page_bytes), 2, header, kPageSize);
  // Stores have a log, which version 2 stands for.
  header[kWriteVersion] = 2;
  header[kReadVersion] = 2;
  // The format has no others.
  header[kPayloadFractions] = 64;
  header[kPayloadFractions + 1] = 32;
  header[kPayloadFractions + 2] = 32;
  Put(4, 4, header, kSchemaFormat);
  // UTF-8.
  Put(1, 4, header, kTextEncoding);
  const auto newest = static_cast<uint32_t>(SchemaMigrations().size());
  const uint32_t version = Get(*old, kUserVersion, 4);
  Put(version >= 1 && version <= newest ? version : newest, 4, header, kUserVersion);
  Put(static_cast<uint32_t>(kApplicationId), 4, header, kApplicationIdAt);
  // This is not the change counter, so that SQLite takes the number of pages from the file's size.
  Put(1, 4, header, kVersionValidFor);
  const ssize_t num_written = pwrite(file, header.data(), header.size(), 0);
  if (num_written != static_cast<ssize_t>(header.size())) return Failed("write", path);
  return absl::OkStatus();
}

}  // namespace parlance::session
