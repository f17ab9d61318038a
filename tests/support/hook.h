// A hook that answers as it is told and keeps every POST with its headers.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/raw_server.h"

namespace vhookd::testing {

struct Post {
  std::chrono::steady_clock::time_point at;
  std::string head;
  std::string body;
  std::string header(const std::string& name) const;  // empty: not there under this name, in this case
};

class Hook {
 public:
  // What is answered to POST number 0, 1, 2 …: "200 OK", or with headers "503 Busy\r\nretry-after: 1".
  using Answer = std::function<std::string(std::size_t number)>;
  explicit Hook(Answer answer = [](std::size_t) { return "200 OK"; });
  // The same by what was posted.
  using Judge = std::function<std::string(const Post& post)>;
  explicit Hook(Judge judge);

  std::string url() const { return server_.url(); }
  int port() const { return server_.port(); }
  // Those so far, when there are `least` or time has run out.
  std::vector<Post> posts(std::size_t least) const;

 private:
  void serve(RawConnection& connection);

  std::function<std::string(std::size_t number, const Post& post)> answer_;
  mutable std::mutex mutex_;
  std::vector<Post> posts_;
  RawServer server_;  // last: its threads use what stands before it
};

}  // namespace vhookd::testing
