// A file descriptor that is closed by whoever owns it.
#ifndef PIPELINE_DOOR_SOCKET_FILE_DESCRIPTOR_H_
#define PIPELINE_DOOR_SOCKET_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace parlance::pipeline::door {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~FileDescriptor() { Close(); }

  // -1 if there is none.
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_SOCKET_FILE_DESCRIPTOR_H_
