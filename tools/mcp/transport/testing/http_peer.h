// An HTTP server that does what a test says, on a port of this machine only.
#ifndef TOOLS_MCP_TRANSPORT_TESTING_HTTP_PEER_H_
#define TOOLS_MCP_TRANSPORT_TESTING_HTTP_PEER_H_

#include <functional>
#include <list>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "third_party/annotated_mutex.h"

namespace parlance::tools::mcp {

// One connection a request: each answer says Connection: close. With kKeepAlive, a connection has
// one request after the other until the client hangs up or an answer has no length.
class HttpPeer {
 public:
  struct Request {
    // GET, POST, DELETE.
    std::string method;
    // What is asked for, such as /mcp.
    std::string target;
    // The headers by their names in lower case.
    std::map<std::string, std::string> headers;
    std::string body;

    std::string header(const std::string& name) const {
      const auto found = headers.find(name);
      return found == headers.end() ? "" : found->second;
    }
  };

  enum class Connections { kClose, kKeepAlive };

  class Responder {
   public:
    Responder(int fd, Connections connections) : fd_(fd), connections_(connections) {}
    // The whole response.
    void Answer(int status, absl::string_view content_type, absl::string_view body,
                absl::string_view more_headers = "");
    // The start of a stream of events, without a length.
    void StartStream(absl::string_view more_headers = "");
    void Write(absl::string_view text);
    // Returns when the client hangs up, or the peer ends.
    void WaitForHangUp();
    // Another request may follow.
    bool keeps_alive() const { return keeps_alive_; }

   private:
    const int fd_;
    const Connections connections_;
    bool keeps_alive_ = false;
  };

  // Called for each request on a thread of its own; the connection is closed when it returns.
  using Script = std::function<void(const Request&, Responder&)>;

  explicit HttpPeer(Script script, Connections connections = Connections::kClose);
  // Hangs up, and waits for all scripts to return.
  ~HttpPeer();
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  std::string url() const;
  // The URL without a path.
  std::string origin() const;
  // The requests in the order in which they came.
  std::vector<Request> requests();
  // How many connections there were so far.
  int num_connections();

 private:
  void Accept();
  void Serve(int fd);

  const Script script_;
  const Connections connections_;
  int listen_fd_;
  int port_ = 0;
  annotated::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<int> open_fds_ ABSL_GUARDED_BY(mutex_);
  std::list<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);
  int num_connections_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread accept_thread_;
};

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_TRANSPORT_TESTING_HTTP_PEER_H_
