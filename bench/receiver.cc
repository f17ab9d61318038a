// A receiver that costs next to nothing, so that what sends is measured: a thread for each connection,
// HTTP/1.1 kept alive, every POST answered 200. It counts; it verifies nothing (`vhookd receive` does).
//
//   bench_receiver [--tls CERT KEY] [--lags]
//
// Prints two ports, for POSTs and for its figures (never TLS, so that asking costs nothing), and serves until its
// input ends. GET /stats tells as JSON: posts, records, bytes, first_ns and last_ns (CLOCK_MONOTONIC, when the first
// and the last POST were whole) and, with --lags, for each POST: lags_us, the wall clock less the newest "updated_at"
// in it, and arrivals_us, when it was whole (CLOCK_MONOTONIC).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using std::string_view;

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::int64_t nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

struct Stats {
  std::mutex lock;
  std::int64_t posts = 0;
  std::int64_t records = 0;
  std::int64_t bytes = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  std::vector<std::int64_t> lags_us;
  std::vector<std::int64_t> arrivals_us;
};

// Microseconds since 1970 of "2026-11-23T09:00:00.123456Z"; fractions may be shorter.
std::int64_t instant_us(string_view text) {
  tm parts{};
  const char* rest = strptime(std::string(text.substr(0, 19)).c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return 0;
  std::int64_t fraction = 0;
  std::int64_t unit = 100'000;
  if (text.size() > 19 && text[19] == '.') {
    for (std::size_t i = 20; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, unit /= 10)
      fraction += unit * (text[i] - '0');
  }
  return timegm(&parts) * std::int64_t{1'000'000} + fraction;
}

// The newest "updated_at" of a body.
std::int64_t newest_us(string_view body) {
  constexpr string_view name = R"("updated_at":")";
  std::int64_t newest = 0;
  for (auto at = body.find(name); at != string_view::npos; at = body.find(name, at)) {
    at += name.size();
    newest = std::max(newest, instant_us(body.substr(at, 27)));
  }
  return newest;
}

// A record begins with its id; counting these is the cheapest honest count.
std::int64_t count_records(string_view body) {
  constexpr string_view begin = R"({"id":)";
  std::int64_t count = 0;
  const char* at = body.data();
  const char* end = at + body.size();
  while (const void* found = memmem(at, static_cast<std::size_t>(end - at), begin.data(), begin.size())) {
    ++count;
    at = static_cast<const char*>(found) + begin.size();
  }
  return count - (body.find(R"("webhook":{"id":)") != string_view::npos ? 1 : 0);
}

class Connection {
 public:
  Connection(int socket, SSL_CTX* tls) : socket_(socket) {
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), socket_);
    alive_ = SSL_accept(ssl_.get()) == 1;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(socket_); }

  bool alive() const { return alive_; }

  // Reads more into `into`; false at the end.
  bool more(std::string& into) {
    const std::size_t had = into.size();
    into.resize(had + chunk_bytes);
    const auto got = ssl_ ? SSL_read(ssl_.get(), into.data() + had, chunk_bytes)
                          : static_cast<int>(recv(socket_, into.data() + had, chunk_bytes, 0));
    into.resize(had + static_cast<std::size_t>(std::max(got, 0)));
    return got > 0;
  }

  bool send_all(string_view text) {
    if (ssl_) return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0;
    return send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

 private:
  static constexpr int chunk_bytes = 256 * 1024;
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int socket_;
  std::unique_ptr<SSL, Free> ssl_;
  bool alive_ = true;
};

std::size_t content_length(string_view head) {
  for (const string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    const auto at = head.find(name);
    if (at == string_view::npos) continue;
    std::size_t length = 0;
    const auto* from = head.data() + at + name.size();
    std::from_chars(from, head.data() + head.size(), length);
    return length;
  }
  return 0;
}

std::string joined(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (const auto number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::string as_json(Stats& stats) {
  const std::lock_guard hold(stats.lock);
  return "{\"posts\":" + std::to_string(stats.posts) + ",\"records\":" + std::to_string(stats.records) +
         ",\"bytes\":" + std::to_string(stats.bytes) + ",\"first_ns\":" + std::to_string(stats.first_ns) +
         ",\"last_ns\":" + std::to_string(stats.last_ns) + ",\"lags_us\":[" + joined(stats.lags_us) +
         "],\"arrivals_us\":[" + joined(stats.arrivals_us) + "]}\n";
}

std::string answer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

void note(Stats& stats, string_view body, bool lags) {
  const auto records = count_records(body);
  const auto lag_us = lags ? nanoseconds(CLOCK_REALTIME) / 1000 - newest_us(body) : 0;
  const auto now_ns = nanoseconds(CLOCK_MONOTONIC);
  const std::lock_guard hold(stats.lock);
  ++stats.posts;
  stats.records += records;
  stats.bytes += static_cast<std::int64_t>(body.size());
  if (stats.first_ns == 0) stats.first_ns = now_ns;
  stats.last_ns = now_ns;
  if (!lags) return;
  stats.lags_us.push_back(lag_us);
  stats.arrivals_us.push_back(now_ns / 1000);
}

void serve(int socket, SSL_CTX* tls, Stats& stats, bool lags) {
  Connection connection(socket, tls);
  std::string in;
  while (connection.alive()) {
    auto head_end = in.find("\r\n\r\n");
    while (head_end == std::string::npos) {
      if (!connection.more(in)) return;
      head_end = in.find("\r\n\r\n");
    }
    const auto whole = head_end + 4 + content_length(string_view(in).substr(0, head_end + 2));
    in.reserve(whole + 512 * std::size_t{1024});
    while (in.size() < whole)
      if (!connection.more(in)) return;
    const bool asks = in.starts_with("GET ");
    if (!asks) note(stats, string_view(in).substr(head_end + 4, whole - head_end - 4), lags);
    if (!connection.send_all(answer(asks ? as_json(stats) : "{}"))) return;
    in.erase(0, whole);
  }
}

SSL_CTX* tls_context(const char* cert, const char* key) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context, cert) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
    std::fprintf(stderr, "bench_receiver: %s and %s are no certificate and its key\n", cert, key);
    std::exit(1);
  }
  return context;
}

int listen_somewhere(int& port) {
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listening < 0 || bind(listening, generic, size) != 0 || listen(listening, 4096) != 0 ||
      getsockname(listening, generic, &size) != 0)
    give_up("bench_receiver: listen");
  port = ntohs(address.sin_port);
  return listening;
}

[[noreturn]] void accept_all(int listening, SSL_CTX* tls, Stats& stats, bool lags) {
  for (;;) {
    const int socket = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) give_up("bench_receiver: accept");
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread([=, &stats] { serve(socket, tls, stats, lags); }).detach();
  }
}

}  // namespace

int main(int argc, char** argv) {
  SSL_CTX* tls = nullptr;
  bool lags = false;
  for (int i = 1; i < argc; ++i) {
    if (string_view(argv[i]) == "--lags") lags = true;
    if (string_view(argv[i]) == "--tls" && i + 2 < argc) tls = tls_context(argv[i + 1], argv[i + 2]);
  }
  int port = 0;
  const int listening = listen_somewhere(port);
  int figures_port = 0;
  const int figures = listen_somewhere(figures_port);
  std::printf("%d %d\n", port, figures_port);
  std::fflush(stdout);
  static Stats stats;  // outlives the detached threads
  std::thread([] {
    while (std::getchar() != EOF) {
    }
    std::_Exit(0);
  }).detach();
  std::thread([=] { accept_all(figures, nullptr, stats, false); }).detach();
  accept_all(listening, tls, stats, lags);
}
