// A server on loopback that does with each connection what a test's script says, right or wrong.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace vhookd::testing {

// One accepted connection, used by its script's thread alone.
class RawConnection {
 public:
  explicit RawConnection(int fd) : fd_(fd) {}

  // The next request, head and body, as it came; none: the peer has gone.
  std::optional<std::string> request();
  bool send(std::string_view text);                                         // false: the peer has gone
  void answer(std::string_view status_and_headers, std::string_view body);  // with content-length
  void reset();            // RST instead of FIN when the script returns
  void wait_until_gone();  // until the peer closes or the server stops
  bool gone_within(std::chrono::milliseconds time);

 private:
  int fd_;
  std::string buffer_;
};

class RawServer {
 public:
  using Script = std::function<void(RawConnection&)>;

  explicit RawServer(Script script, const std::string& address = "127.0.0.1");
  ~RawServer();  // cuts what is open and waits for the scripts
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& host = "127.0.0.1") const;
  int connections() const { return connections_; }  // accepted so far

 private:
  void serve();

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  bool stopping_ = false;  // under mutex_
  std::vector<int> open_;  // under mutex_
  std::vector<std::thread> scripts_;
  std::thread acceptor_;
};

// Answers each request on a connection with `answer`, for as long as the peer stays.
RawServer::Script always(std::string answer);

}  // namespace vhookd::testing
