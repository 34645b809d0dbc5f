// Bytes of a file descriptor, of which the next can be looked at before they are taken: how what a
// pipe carries is recognised, though it cannot be rewound.
#ifndef AUDIO_SOUND_FILE_BYTE_READER_H_
#define AUDIO_SOUND_FILE_BYTE_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace parlance::audio {

// Memory: 4 kB. Allocates nothing but in an error. Threads: one at a time.
class ByteReader {
 public:
  static constexpr size_t kMaxAhead = 4096;

  // `fd` is open for reading, blocking, and open for as long as the reader; it is not closed.
  explicit ByteReader(int fd) : fd_(fd) {}

  int fd() const { return fd_; }
  // The number of bytes that were taken so far.
  int64_t position() const { return position_; }
  // The bytes that have been read and not taken.
  absl::Span<const uint8_t> ahead() const {
    return absl::MakeConstSpan(bytes_).subspan(begin_, end_ - begin_);
  }

  // Waits until `count` bytes, at most kMaxAhead, are ahead; fewer are ahead only if the other side
  // has closed. Returns with whatever else one read gives. The operating system's error if the
  // descriptor cannot be read; Unavailable if it does not block and has too little.
  absl::StatusOr<absl::Span<const uint8_t>> Look(size_t count);

  // `count`: of ahead(), at most all.
  void Take(size_t count) {
    begin_ += count;
    position_ += static_cast<int64_t>(count);
  }

  // Takes `count` bytes, or all there are if they are fewer, which is false. Errors as Look.
  absl::StatusOr<bool> Skip(uint64_t count);

 private:
  int fd_;
  int64_t position_ = 0;
  bool has_ended_ = false;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::array<uint8_t, kMaxAhead> bytes_{};
};

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_BYTE_READER_H_
