// Sends requests to the running daemon through its Unix socket. One request at a time. Not thread-safe.
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

  // Tries the sockets one after another until one answers. `timeout`: nullopt waits without limit. Any answer of the
  // daemon is a Reply. An Error means that no daemon was reached, or that the connection was lost; its message names
  // the sockets, the reasons, and what to do.
  Result<Reply> call(const std::string& method, const std::string& path, const std::string& body = {},
                     std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(30)) const;

 private:
  SocketSearch where_;
};

}  // namespace vhookd
