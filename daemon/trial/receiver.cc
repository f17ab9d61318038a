#include "daemon/trial/receiver.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <random>

#include "core/crypto.h"
#include "core/mutex.h"
#include "daemon/trial/page_tracker.h"
#include "delivery/sign.h"
#include "scheduler/payload/received_payload.h"

namespace vhookd {

namespace {

using std::chrono::seconds;

constexpr std::size_t most_body_bytes = std::size_t{64} << 20;
constexpr seconds most_clock_difference = std::chrono::minutes(5);  // the tolerance of the Standard Webhooks libraries

struct Incoming {
  std::string body;
  bool too_large = false;
};

std::string header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value ? value : "";
}

MHD_Result reply(MHD_Connection* connection, unsigned status, const std::string& body) {
  MHD_Response* response =
      MHD_create_response_from_buffer(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY);
  if (!response) return MHD_NO;
  MHD_add_response_header(response, "content-type", body.starts_with('{') ? "application/json" : "text/plain");
  const MHD_Result result = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return result;
}

// Why the page is not authentic: wrong signature or old timestamp; empty: it is authentic.
std::string authenticity_error(const ReceiverOptions& keys, const Received& page, const ReceivedPayload& payload,
                               const std::string& timestamp, const std::string& signature) {
  std::int64_t at = 0;
  const char* end = timestamp.data() + timestamp.size();
  const auto [stop, error] = std::from_chars(timestamp.data(), end, at);
  if (timestamp.empty() || error != std::errc() || stop != end)
    return "webhook-timestamp is not a whole number of seconds";
  const std::int64_t now = std::chrono::floor<seconds>(page.at).time_since_epoch().count();
  if (at > now + most_clock_difference.count() || at < now - most_clock_difference.count()) {
    return "webhook-timestamp is more than five minutes from now";
  }
  const auto matches_request = [&](const Secret& secret) {
    return verify_standard(secret, page.message_id, timestamp, page.body, signature);
  };
  const auto matches_public_key = [&](const std::string& key) {
    return verify_ed25519(key, page.message_id, timestamp, page.body, signature);
  };
  if (std::ranges::none_of(keys.secrets, matches_request) && std::ranges::none_of(keys.public_keys, matches_public_key))
    return "webhook-signature does not match the secret";
  const auto matches_data = [&](const Secret& secret) {
    const std::string right = hex_lower(hmac_sha256(secret.reveal(), payload.data, payload.nonce));
    return right.size() == payload.sig256.size() &&
           CRYPTO_memcmp(right.data(), payload.sig256.data(), right.size()) == 0;
  };
  if (!keys.secrets.empty() && std::ranges::none_of(keys.secrets, matches_data))
    return "sig256 does not match the secret";
  return {};
}

// A listening socket on 127.0.0.1.
std::expected<int, std::string> listen_on(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(static_cast<std::uint16_t>(port));
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      bind(fd, reinterpret_cast<const sockaddr*>(&in), sizeof in) == 0 && listen(fd, SOMAXCONN) == 0) {
    return fd;
  }
  std::string why = "cannot listen on 127.0.0.1:" + std::to_string(port) + ": " + std::strerror(errno);
  if (fd >= 0) close(fd);
  return std::unexpected(std::move(why));
}

int port_of(int fd) {
  sockaddr_in in{};
  socklen_t size = sizeof in;
  getsockname(fd, reinterpret_cast<sockaddr*>(&in), &size);
  return ntohs(in.sin_port);
}

}  // namespace

std::string_view name_of(Signature signature) {
  return signature == Signature::good ? "verified" : signature == Signature::bad ? "bad" : "unchecked";
}

std::string_view name_of(Order order) {
  switch (order) {
    case Order::none:
      return "none";
    case Order::first:
      return "first";
    case Order::next:
      return "next";
    case Order::gap:
      return "gap";
    case Order::behind:
      return "behind";
    case Order::duplicate:
      return "duplicate";
  }
  return "none";
}

struct Receiver::Server {
  Server(const Clock& its_clock, ReceiverOptions its_options) : clock(its_clock), options(std::move(its_options)) {}
  ~Server() {
    if (daemon) MHD_stop_daemon(daemon);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Received receive(MHD_Connection* connection, std::string body);
  void remember(const Received& page);

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* data, std::size_t* size, void** state);
  static void on_completed(void* self, MHD_Connection* connection, void** state, MHD_RequestTerminationCode code);

  const Clock& clock;
  const ReceiverOptions options;
  int port = 0;
  MHD_Daemon* daemon = nullptr;

  std::mt19937 dice{std::random_device{}()};  // used only by the server's thread

  mutable Mutex mutex;
  mutable ConditionVariable changed;
  PageTracker tracker GUARDED_BY(mutex);
  std::deque<Received> history GUARDED_BY(mutex);
};

Received Receiver::Server::receive(MHD_Connection* connection, std::string body) {
  Received page;
  page.at = clock.now();
  page.message_id = header(connection, "webhook-id");
  page.body = std::move(body);
  const auto refuse = [&page](int status, std::string why) {
    page.status = status;
    page.problem = std::move(why);
    return page;
  };
  const auto payload = read_payload(page.body);
  if (payload) {
    page.webhook_id = payload->webhook_id;
    page.type = payload->type;
    page.sequence = payload->sequence;
    page.records = payload->records;
    page.data = payload->data;
  }
  if (!payload) return refuse(400, payload.error());
  if (page.message_id.empty()) return refuse(400, "the webhook-id header is missing");
  if (!options.secrets.empty() || !options.public_keys.empty()) {
    std::string why = authenticity_error(options, page, *payload, header(connection, "webhook-timestamp"),
                                         header(connection, "webhook-signature"));
    page.signature = why.empty() ? Signature::good : Signature::bad;
    if (!why.empty()) return refuse(401, std::move(why));
  }
  if (static_cast<int>(dice() % 100) < options.fail_percent) return refuse(500, "failed on purpose");
  const MutexLock lock(mutex);
  tracker.take(page);
  return page;
}

void Receiver::Server::remember(const Received& page) {
  {
    const MutexLock lock(mutex);
    tracker.count(page);
    history.push_back(page);
    while (history.size() > options.keep) history.pop_front();
  }
  changed.notify_all();
  if (options.on_page) options.on_page(page);
}

// The parameters are libmicrohttpd's. NOLINTNEXTLINE(readability-function-size)
MHD_Result Receiver::Server::on_request(void* self, MHD_Connection* connection, const char*, const char* method,
                                        const char*, const char* data, std::size_t* size, void** state) {
  auto& server = *static_cast<Server*>(self);
  if (!*state) {
    *state = new Incoming;
    return MHD_YES;
  }
  auto& incoming = *static_cast<Incoming*>(*state);
  if (*size > 0) {
    incoming.too_large = incoming.too_large || incoming.body.size() + *size > most_body_bytes;
    if (!incoming.too_large) incoming.body.append(data, *size);
    *size = 0;
    return MHD_YES;
  }
  if (std::string_view(method) != "POST") return reply(connection, 405, "send webhooks with POST\n");
  if (incoming.too_large) return reply(connection, 413, "more than 64 MiB\n");
  const Received page = server.receive(connection, std::move(incoming.body));
  server.remember(page);
  if (!page.taken()) return reply(connection, static_cast<unsigned>(page.status), page.problem + "\n");
  return reply(connection, 200, "{\"received\":" + std::to_string(page.records) + "}");
}

void Receiver::Server::on_completed(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
  delete static_cast<Incoming*>(*state);
  *state = nullptr;
}

std::expected<std::unique_ptr<Receiver>, std::string> Receiver::open(const Clock& clock, ReceiverOptions options) {
  const auto listener = listen_on(options.port);
  if (!listener) return std::unexpected(listener.error());
  auto server = std::make_unique<Server>(clock, std::move(options));
  server->port = port_of(*listener);
  server->daemon =
      MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, nullptr, nullptr, &Server::on_request, server.get(),
                       MHD_OPTION_LISTEN_SOCKET, *listener, MHD_OPTION_NOTIFY_COMPLETED, &Server::on_completed, nullptr,
                       MHD_OPTION_CONNECTION_TIMEOUT, 60U, MHD_OPTION_CONNECTION_LIMIT, 512U, MHD_OPTION_END);
  if (!server->daemon) {
    close(*listener);
    return std::unexpected("cannot start the HTTP server");
  }
  return std::unique_ptr<Receiver>(new Receiver(std::move(server)));
}

Receiver::Receiver(std::unique_ptr<Server> server) : server_(std::move(server)) {}
Receiver::~Receiver() = default;

int Receiver::port() const {
  return server_->port;
}
std::string Receiver::url() const {
  return "http://127.0.0.1:" + std::to_string(server_->port) + "/";
}

ReceiverCounts Receiver::counts() const {
  const MutexLock lock(server_->mutex);
  return server_->tracker.counts();
}

std::vector<Received> Receiver::history() const {
  const MutexLock lock(server_->mutex);
  return {server_->history.begin(), server_->history.end()};
}

bool Receiver::wait_for(std::int64_t pages, std::chrono::milliseconds time) const {
  MutexLock lock(server_->mutex);
  const auto enough = [&]() REQUIRES(server_->mutex) { return server_->tracker.counts().pages >= pages; };
  return server_->changed.wait_for(lock, time, enough);
}

}  // namespace vhookd
