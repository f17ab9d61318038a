// One request and its answer on one libcurl handle; for curl_transport.cc alone.
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/egress.h"
#include "delivery/transport.h"

namespace vhookd {

class Exchange {
 public:
  Exchange();

  CURL* handle() { return easy_.get(); }

  // Makes the handle ready to perform `request`, or says why it cannot be sent. `rules` and
  // `user_agent` have to outlive the exchange.
  std::optional<std::string> prepare(Request request, const EgressRules& rules, const std::string& user_agent);

  // What came of it. REQUIRES: prepare() went well and the handle is out of its multi handle.
  Outcome outcome(CURLcode code);
  Outcome aborted();

  // Forgets the request; the handle may be prepared again.
  void reset();

 private:
  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  std::optional<std::string> set_headers(const std::string& user_agent);
  void set_limits();
  void set_callbacks();
  bool bytes_sent();
  Outcome finish(std::variant<Answered, Unanswered> result);
  Unanswered explain(CURLcode code);
  Unanswered explain_timeout();
  std::string host() const { return std::string(written_host(request_.url)); }

  // libcurl's callbacks; `self` is the Exchange.
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int before_request(void* self, char* peer_ip, char* local_ip, int peer_port, int local_port);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_bytes_sent(CURL* easy, curl_infotype kind, char* data, std::size_t size, void* self);
  void read_header_line(std::string_view line);

  std::unique_ptr<CURL, FreeEasy> easy_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  Request request_;
  const EgressRules* rules_ = nullptr;

  int dialled_ = 0;        // addresses that were let through
  std::string refusal_;    // why the first address was not
  int status_ = 0;         // of the status line read last
  bool answered_ = false;  // the headers of a final answer are in
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t body_bytes_sent_ = 0;  // counted only where a crash point asks for it
  std::string retry_after_;
  std::string excerpt_;
};

}  // namespace vhookd
