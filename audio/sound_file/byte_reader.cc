#include "audio/sound_file/byte_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/status/status.h"

namespace parlance::audio {

absl::StatusOr<absl::Span<const uint8_t>> ByteReader::Look(size_t count) {
  while (end_ - begin_ < count && !has_ended_) {
    if (begin_ > 0) {
      std::copy(bytes_.begin() + static_cast<ptrdiff_t>(begin_),
                bytes_.begin() + static_cast<ptrdiff_t>(end_), bytes_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    const ssize_t got = read(fd_, bytes_.data() + end_, bytes_.size() - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, "cannot read sound");
    has_ended_ = got == 0;
    end_ += static_cast<size_t>(got);
  }
  return ahead();
}

absl::StatusOr<bool> ByteReader::Skip(uint64_t count) {
  while (count > 0) {
    const absl::StatusOr<absl::Span<const uint8_t>> next = Look(1);
    if (!next.ok()) return next.status();
    if (next->empty()) return false;
    const uint64_t passed = std::min<uint64_t>(count, next->size());
    Take(static_cast<size_t>(passed));
    count -= passed;
  }
  return true;
}

}  // namespace parlance::audio
