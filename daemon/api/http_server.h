// A small HTTP/1.1 server based on libmicrohttpd, for few clients, trusted and untrusted. Each connection has its own
// thread, so that a request that waits (a trigger, a reload) does not delay others. Connections, bytes and time are
// limited, so that a slow client can occupy a thread only for a short time.
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
  std::string listen;                // see parse_listen(); "off" or empty: no TCP listener
  std::string socket;                // path of the Unix socket; empty: no Unix socket
  std::size_t body_bytes = 1 << 20;  // a larger body is answered 413
  unsigned connections = 64;         // on TCP; half as many on the Unix socket
  unsigned connections_per_ip = 48;
  // The longest time that a client may take to send a request, to read the answer, or to stay idle between two
  // requests. The time of the handler does not count.
  std::chrono::milliseconds timeout{15000};
};

class HttpServer {
 public:
  // Called by several threads concurrently; may block.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // Starts listening before it returns. Errors have Recourse::ask_operator: the address is in use or not an address of
  // this machine, another daemon answers on the socket, or its folder is missing. The Unix socket has mode 0600. A
  // socket file on which nobody answers is replaced; any other existing file is an error and is not changed.
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, Handler handler);

  // Stops listening, removes the socket file, and waits for running handlers. The caller must first end whatever the
  // handlers wait for.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;  // the TCP port; 0: no TCP listener

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vhookd
