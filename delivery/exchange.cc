#include "delivery/exchange.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "core/crash_point.h"
#include "delivery/printable.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t most_header_bytes = std::size_t{64} * 1024;  // libcurl 7.88 itself has no limit
constexpr std::size_t most_body_bytes = std::size_t{64} * 1024;
constexpr std::size_t most_excerpt_bytes = 512;
constexpr std::size_t most_retry_after_bytes = 128;
constexpr milliseconds longest_connect = seconds(10);

// A failing option is a bug or a lack of memory. Continuing without it could mean continuing without TLS verification.
template <class T>
void set(CURL* easy, CURLoption option, T value) {
  if (curl_easy_setopt(easy, option, value) != CURLE_OK) std::abort();
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// The value of "NAME: value" without surrounding space; nullopt if the line has another name. `name` is in lower case.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return std::nullopt;
  if (!std::ranges::equal(line.substr(0, name.size()), name, {}, lower)) return std::nullopt;
  line.remove_prefix(name.size() + 1);
  const std::size_t first = line.find_first_not_of(" \t\r\n");
  if (first == line.npos) return std::string_view();
  return line.substr(first, line.find_last_not_of(" \t\r\n") - first + 1);
}

bool contains_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
}

bool is_tls(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return true;
    default:
      return false;
  }
}

curl_off_t microseconds_until(CURL* easy, CURLINFO point) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy, point, &value);
  return value;
}

}  // namespace

Exchange::Exchange(CURLSH* shared) : easy_(curl_easy_init()) {
  if (!easy_) std::abort();                 // out of memory
  set(easy_.get(), CURLOPT_SHARE, shared);  // reset() keeps it
}

std::optional<std::string> Exchange::prepare(Request request, const EgressRules& rules, const std::string& user_agent) {
  request_ = std::move(request);
  rules_ = &rules;
  CURL* easy = easy_.get();
  if (auto wrong = set_headers(user_agent)) return host() + ": " + *wrong;
  set(easy, CURLOPT_URL, request_.url.c_str());
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  set(easy, CURLOPT_POSTFIELDS, request_.body.data());  // not copied: request_ lives until reset()
  set_limits();
  set_callbacks();
  return std::nullopt;
}

std::optional<std::string> Exchange::set_headers(const std::string& user_agent) {
  const auto add = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (!longer) std::abort();  // out of memory
    (void)headers_.release();   // the list's head stays the same once the list is not empty
    headers_.reset(longer);
  };
  for (const auto& [name, value] : request_.headers) {
    if (contains_line_break(name) || contains_line_break(value)) {
      return "header " + printable(name, 64) + " contains a line break, so the request was not sent";
    }
    std::string line = name;
    line.append(value.empty() ? ";" : ": ").append(value);  // "name:" would remove the header
    add(line);
  }
  add("Expect:");  // otherwise bodies over 1 MB wait one second for a 100 status
  set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
  set(easy_.get(), CURLOPT_USERAGENT, user_agent.c_str());
  return std::nullopt;
}

void Exchange::set_limits() {
  CURL* easy = easy_.get();
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // otherwise a timeout during name resolution waits for the resolver thread
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set_tls();
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_MAXLIFETIME_CONN, 600L);  // a changed DNS entry takes effect within ten minutes
  const milliseconds timeout = std::max(request_.timeout, milliseconds(1));
  const milliseconds connect = std::max(std::min(longest_connect, timeout * 2 / 3), milliseconds(1));
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
}

void Exchange::set_tls() {
  if (!request_.tls || request_.tls->empty()) return;
  CURL* easy = easy_.get();
  const config::Tls& tls = *request_.tls;
  // libcurl keeps the pointers; request_ owns the texts until reset(). Only requests with equal texts share
  // connections.
  const auto blob = [](const Secret& pem) {
    return curl_blob{const_cast<char*>(pem.reveal().data()), pem.reveal().size(), CURL_BLOB_NOCOPY};
  };
  if (!tls.ca.empty()) {
    curl_blob ca = blob(tls.ca);
    set(easy, CURLOPT_CAINFO_BLOB, &ca);
    set(easy, CURLOPT_CAPATH, nullptr);  // otherwise the system's certificates are trusted too
  }
  if (tls.cert.empty()) return;
  curl_blob cert = blob(tls.cert);
  curl_blob key = blob(tls.key);
  set(easy, CURLOPT_SSLCERT_BLOB, &cert);
  set(easy, CURLOPT_SSLKEY_BLOB, &key);
}

void Exchange::set_callbacks() {
  CURL* easy = easy_.get();
  set(easy, CURLOPT_PRIVATE, this);
  set(easy, CURLOPT_ERRORBUFFER, error_.data());
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_PREREQFUNCTION, &before_request);
  set(easy, CURLOPT_PREREQDATA, this);
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_WRITEDATA, this);
  if (crash_armed(CrashPoint::after_headers_sent) || crash_armed(CrashPoint::mid_body)) {
    set(easy, CURLOPT_VERBOSE, 1L);
    set(easy, CURLOPT_DEBUGFUNCTION, &on_bytes_sent);
    set(easy, CURLOPT_DEBUGDATA, this);
  }
}

// Called directly after libcurl has passed bytes to the kernel; all other debug information is ignored.
int Exchange::on_bytes_sent(CURL*, curl_infotype kind, char*, std::size_t size, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  if (kind == CURLINFO_HEADER_OUT) crash_point(CrashPoint::after_headers_sent);
  if (kind != CURLINFO_DATA_OUT) return 0;
  exchange.body_bytes_sent_ += size;
  if (exchange.body_bytes_sent_ < exchange.request_.body.size()) crash_point(CrashPoint::mid_body);
  return 0;
}

void Exchange::reset() {
  curl_easy_reset(easy_.get());
  headers_.reset();
  error_.fill('\0');
  request_ = {};
  rules_ = nullptr;
  dialled_ = status_ = 0;
  header_bytes_ = body_bytes_ = body_bytes_sent_ = 0;
  answered_ = false;
  refusal_.clear();
  retry_after_.clear();
  excerpt_.clear();
}

curl_socket_t Exchange::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& exchange = *static_cast<Exchange*>(self);
  const auto ip = ip_of(address->addr);
  auto refusal = ip ? exchange.rules_->refusal(*ip, exchange.request_.url) : "it has no IP address";
  if (refusal) {
    if (exchange.refusal_.empty()) exchange.refusal_ = std::move(*refusal);
    return CURL_SOCKET_BAD;  // libcurl tries the next address of the name
  }
  ++exchange.dialled_;
  crash_point(CrashPoint::before_connect);
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// libcurl defines the signature, with char* parameters.
int Exchange::before_request(void* self, char* peer_ip, char*, int, int) {  // NOLINT(readability-non-const-parameter)
  auto& exchange = *static_cast<Exchange*>(self);
  const auto ip = parse_ip(peer_ip ? peer_ip : "");
  auto refusal = ip ? exchange.rules_->refusal(*ip, exchange.request_.url) : "its address is unknown";
  if (!refusal) return CURL_PREREQFUNC_OK;
  exchange.refusal_ = std::move(*refusal);
  return CURL_PREREQFUNC_ABORT;
}

std::size_t Exchange::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::size_t bytes = size * count;
  exchange.header_bytes_ += bytes;
  if (exchange.header_bytes_ > most_header_bytes) return 0;
  if (!exchange.answered_) exchange.read_header_line({data, bytes});  // trailers are passed here too
  return bytes;
}

void Exchange::read_header_line(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view rest = line.substr(std::min(space + 1, line.size()));
    status_ = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), status_);
    retry_after_.clear();
  } else if (line == "\r\n" || line == "\n") {
    answered_ = status_ < 100 || status_ >= 200;  // after a 1xx answer another one follows
  } else if (const auto value = value_of(line, "retry-after"); value && retry_after_.empty()) {
    retry_after_ = value->substr(0, most_retry_after_bytes);
  }
}

std::size_t Exchange::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::size_t bytes = size * count;
  exchange.body_bytes_ += bytes;
  if (exchange.excerpt_.size() < most_excerpt_bytes) {
    exchange.excerpt_.append(data, std::min(bytes, most_excerpt_bytes - exchange.excerpt_.size()));
  }
  return exchange.body_bytes_ > most_body_bytes ? 0 : bytes;
}

bool Exchange::bytes_sent() {
  long bytes = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &bytes);
  return bytes > 0;
}

Outcome Exchange::finish(std::variant<Answered, Unanswered> result) {
  const auto took = std::chrono::microseconds(microseconds_until(easy_.get(), CURLINFO_TOTAL_TIME_T));
  if (answered_) result = Answered{status_, retry_after_, printable(excerpt_, most_excerpt_bytes)};
  return {request_.ticket, std::move(result), took};
}

Outcome Exchange::outcome(CURLcode code) {
  return finish(explain(code));
}

Outcome Exchange::aborted() {
  return finish(Unanswered{Unanswered::Why::aborted, bytes_sent(), host() + ": stopped before an answer arrived"});
}

Unanswered Exchange::explain(CURLcode code) {
  using Why = Unanswered::Why;
  const bool sent = bytes_sent();
  const std::string detail = printable(error_[0] ? error_.data() : curl_easy_strerror(code), 200);
  const auto unanswered = [&](Why why, const std::string& what) { return Unanswered{why, sent, host() + ": " + what}; };
  if (code == CURLE_ABORTED_BY_CALLBACK) return unanswered(Why::refused_by_egress, refusal_);
  if (code == CURLE_OPERATION_TIMEDOUT) return explain_timeout();
  if (code == CURLE_COULDNT_RESOLVE_HOST) return unanswered(Why::resolve, detail);
  if (code == CURLE_COULDNT_CONNECT) {
    if (refusal_.empty()) return unanswered(Why::connect, detail);
    if (dialled_ == 0) return unanswered(Why::refused_by_egress, refusal_);
    return unanswered(Why::connect, detail + " (another of its addresses was rejected: " + refusal_ + ")");
  }
  if (is_tls(code)) return unanswered(Why::tls, detail);
  if (code == CURLE_UNSUPPORTED_PROTOCOL && sent) return unanswered(Why::broken, "the answer is not HTTP/1.1");
  if (code == CURLE_WRITE_ERROR && header_bytes_ > most_header_bytes) {
    return unanswered(Why::broken, "the answer has more than 64 KiB of headers");
  }
  if (code == CURLE_OK || code == CURLE_GOT_NOTHING) {
    return unanswered(Why::broken, "the connection was closed before an answer arrived");
  }
  return unanswered(Why::broken, detail);
}

Unanswered Exchange::explain_timeout() {
  using Why = Unanswered::Why;
  const bool sent = bytes_sent();
  const auto took_ms = microseconds_until(easy_.get(), CURLINFO_TOTAL_TIME_T) / 1000;
  const std::string in_time = " in " + std::to_string(took_ms) + " ms";
  const auto unanswered = [&](Why why, const std::string& what) {
    return Unanswered{why, sent, host() + ": " + what + in_time};
  };
  if (sent) return unanswered(Why::timeout, "no answer");
  if (dialled_ == 0 && refusal_.empty()) return unanswered(Why::resolve, "the name was not resolved");
  const bool tls = request_.url.starts_with("https");
  return unanswered(Why::connect, tls ? "no connection or no completed TLS handshake" : "no connection");
}

}  // namespace vhookd
