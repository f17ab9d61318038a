// A small HTTP/1.1 server over libmicrohttpd for few, trusted and untrusted clients: one thread for
// each connection, so that a request that waits (a trigger, a reload) keeps nobody else waiting, and a
// bound on connections, bytes and time, so that slow clients cost a thread for a moment and no more.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "core/error.h"
#include "daemon/api/http.h"

namespace vhookd {

struct HttpServerOptions {
  std::string listen;                // see parse_listen(); "off" or empty: no TCP
  std::string socket;                // path of the Unix socket; empty: none
  std::size_t body_bytes = 1 << 20;  // more is answered 413
  unsigned connections = 64;         // for TCP; half as many for the Unix socket
  unsigned connections_per_ip = 48;
  // How long a client may take to send a whole request, to take the answer, or to stay idle between
  // two requests. The handler's own time does not count.
  std::chrono::milliseconds timeout{15000};
};

class HttpServer {
 public:
  // Called from many threads at once; may block.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // Listens when it returns. Errors are ask_operator: the address is taken or not ours, another
  // daemon answers on the socket, its folder is missing.
  // The Unix socket is made 0600; a socket file that nobody answers on is replaced, any other file is
  // left alone and refused.
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, Handler handler);

  // Stops listening, removes the socket file, waits for handlers under way: whatever they wait for
  // must end first.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;  // of TCP; 0 without

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vhookd
