// An HTTPS server on 127.0.0.1 that answers 200 to one request of each connection, then closes it.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/certificates.h"

namespace vhookd::testing {

class TlsServer {
 public:
  // `clients_of`: the PEM of an authority; only clients that show a certificate of it are answered. Empty: all.
  explicit TlsServer(const Issued& own, const std::string& clients_of = "");
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  int handshakes() const { return handshakes_; }  // that succeeded
  int resumed() const { return resumed_; }        // of these, by an earlier session
  int requests() const { return requests_; }

 private:
  void serve();
  void answer(SSL* tls);

  SSL_CTX* context_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> handshakes_{0}, resumed_{0}, requests_{0};
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
};

}  // namespace vhookd::testing
