#include "tests/support/tls_server.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <stdexcept>

namespace vhookd::testing {

namespace {

X509* read_certificate(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return certificate;
}

}  // namespace

TlsServer::TlsServer(const Issued& own, const std::string& clients_of) : context_(SSL_CTX_new(TLS_server_method())) {
  X509* certificate = read_certificate(own.cert);
  BIO* bio = BIO_new_mem_buf(own.key.data(), static_cast<int>(own.key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  SSL_CTX_use_certificate(context_, certificate);
  SSL_CTX_use_PrivateKey(context_, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  const unsigned char name[] = "test";
  SSL_CTX_set_session_id_context(context_, name, sizeof name);
  if (!clients_of.empty()) {
    X509* authority = read_certificate(clients_of);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority);
    X509_free(authority);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof in;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&in), sizeof in) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&in), &size) != 0) {
    throw std::runtime_error("no listening socket");
  }
  port_ = ntohs(in.sin_port);
  acceptor_ = std::thread([this] { serve(); });
}

TlsServer::~TlsServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  SSL_CTX_free(context_);
}

void TlsServer::serve() {
  while (!stopping_) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const timeval longest{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    SSL* tls = SSL_new(context_);
    SSL_set_fd(tls, fd);
    if (SSL_accept(tls) == 1) {
      ++handshakes_;
      if (SSL_session_reused(tls) == 1) ++resumed_;
      answer(tls);
    }
    SSL_free(tls);
    close(fd);
  }
}

void TlsServer::answer(SSL* tls) {
  std::string request;
  char buffer[4096];
  while (true) {
    const auto head = request.find("\r\n\r\n");
    const auto length = request.find("Content-Length: ");
    if (head != std::string::npos && length != std::string::npos &&
        request.size() >= head + 4 + std::stoul(request.substr(length + 16)))
      break;
    const int got = SSL_read(tls, buffer, sizeof buffer);
    if (got <= 0) return;
    request.append(buffer, static_cast<std::size_t>(got));
  }
  ++requests_;
  const std::string text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
  SSL_write(tls, text.data(), static_cast<int>(text.size()));
  SSL_shutdown(tls);
}

}  // namespace vhookd::testing
