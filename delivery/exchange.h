// One request and its answer on one libcurl handle. Internal to delivery/curl_transport.cc. Not thread-safe.
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
  explicit Exchange(CURLSH* shared);  // `shared` must outlive this object

  CURL* handle() { return easy_.get(); }

  // Configures the handle for `request`. Returns an error message if the request cannot be sent. `rules` and
  // `user_agent` must outlive the exchange.
  std::optional<std::string> prepare(Request request, const EgressRules& rules, const std::string& user_agent);

  // The outcome of the request. REQUIRES: prepare() succeeded, and the handle is removed from the multi handle.
  Outcome outcome(CURLcode code);
  Outcome aborted();

  // Drops the request; prepare() may be called again.
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
  void set_tls();
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

  int dialled_ = 0;        // addresses that were allowed
  std::string refusal_;    // why the first rejected address was rejected
  int status_ = 0;         // of the most recent status line
  bool answered_ = false;  // the headers of the final answer are read
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t body_bytes_sent_ = 0;  // counted only if a crash point needs it
  std::string retry_after_;
  std::string excerpt_;
};

}  // namespace vhookd
