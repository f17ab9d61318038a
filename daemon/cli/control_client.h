// Asks the running daemon by its Unix socket. One request at a time, one thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/error.h"
#include "daemon/service/paths.h"

namespace vhookd {

struct Reply {
  int status = 0;
  std::string body;
};

class ControlClient {
 public:
  explicit ControlClient(SocketSearch where) : where_(std::move(where)) {}

  // Tries the sockets in turn until one answers. `timeout`: none waits as long as the daemon does.
  // Whatever the daemon answers is a Reply. An Error means that no daemon was reached, or that it went
  // away in between; its text names the sockets, what stood in the way, and what to do.
  Result<Reply> call(const std::string& method, const std::string& path, const std::string& body = {},
                     std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(30)) const;

 private:
  SocketSearch where_;
};

}  // namespace vhookd
