#include "daemon/api/http_server.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include <atomic>
#include <charconv>
#include <set>
#include <thread>

#include "core/clock.h"
#include "core/mutex.h"
#include "daemon/api/listening_socket.h"
#include "daemon/api/request_target.h"

namespace vhookd {

namespace {

// A client connection and its current request. Only the connection's thread accesses it, except for `deadline`.
struct Connection {
  int fd = -1;
  Tick deadline;  // guarded by Deadlines
  HttpRequest request;
  bool well_formed = true;
  bool begun = false;  // the headers of the current request are read
  bool too_large = false;
};

// Shuts down connections whose deadline has passed. libmicrohttpd's own timeout counts from the last byte, so a client
// that sends single bytes could keep its connection forever.
class Deadlines {
 public:
  explicit Deadlines(std::chrono::milliseconds timeout) : timeout_(timeout), reaper_([this] { reap(); }) {}
  ~Deadlines() {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    reaper_.join();
  }
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  void add(Connection& connection) {
    const MutexLock lock(mutex_);
    connection.deadline = clock_.tick() + timeout_;
    if (connections_.empty()) changed_.notify_all();
    connections_.insert(&connection);
  }
  void renew(Connection& connection) { set(connection, clock_.tick() + timeout_); }
  void lift(Connection& connection) { set(connection, Tick::max()); }
  void remove(Connection& connection) {
    const MutexLock lock(mutex_);
    connections_.erase(&connection);
  }

 private:
  void set(Connection& connection, Tick deadline) {
    const MutexLock lock(mutex_);
    connection.deadline = deadline;
  }

  void reap() {
    MutexLock lock(mutex_);
    while (!stopping_) {
      if (connections_.empty()) {
        changed_.wait(lock);
        continue;
      }
      changed_.wait_for(lock, timeout_ / 8);
      for (Connection* connection : connections_) {
        if (connection->deadline > clock_.tick()) continue;
        // The descriptor is closed only after remove(), so it is still this connection's.
        ::shutdown(connection->fd, SHUT_RDWR);
        connection->deadline = Tick::max();
      }
    }
  }

  SystemClock clock_;
  std::chrono::milliseconds timeout_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::set<Connection*> connections_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread reaper_;  // last member: its thread uses all others
};

// An answer that is generated while it is sent. Generating a piece counts as handler time, sending it as client time.
struct Stream {
  std::string piece;
  std::size_t taken = 0;  // bytes of `piece` already sent
  std::function<std::string()> more;
  Deadlines& deadlines;
  Connection& to;

  static ssize_t read(void* cls, std::uint64_t, char* into, std::size_t room) {
    auto& stream = *static_cast<Stream*>(cls);
    if (stream.taken == stream.piece.size()) {
      stream.deadlines.lift(stream.to);
      stream.taken = 0;
      try {
        stream.piece = stream.more();
      } catch (const std::exception&) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
      }
      stream.deadlines.renew(stream.to);
      if (stream.piece.empty()) return MHD_CONTENT_READER_END_OF_STREAM;
    }
    const std::size_t size = stream.piece.copy(into, room, stream.taken);
    stream.taken += size;
    return static_cast<ssize_t>(size);
  }
  static void done(void* cls) { delete static_cast<Stream*>(cls); }  // NOLINT(cppcoreguidelines-owning-memory)
};

MHD_Response* streamed(HttpResponse& answer, Deadlines& deadlines, Connection& connection) {
  constexpr std::size_t block = 64 << 10;
  auto stream = std::make_unique<Stream>(Stream{
      .piece = std::move(answer.body), .more = std::move(answer.more), .deadlines = deadlines, .to = connection});
  MHD_Response* response =
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, block, &Stream::read, stream.get(), &Stream::done);
  if (response != nullptr) (void)stream.release();
  return response;
}

MHD_Response* whole(const HttpResponse& answer) {
  return MHD_create_response_from_buffer(answer.body.size(), const_cast<char*>(answer.body.data()),
                                         MHD_RESPMEM_MUST_COPY);
}

MHD_Result queue(MHD_Connection* to, const HttpResponse& answer, MHD_Response* response) {
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, "content-type", answer.content_type.c_str());
  MHD_add_response_header(response, "cache-control", "no-store");
  MHD_add_response_header(response, "x-content-type-options", "nosniff");
  for (const auto& [name, value] : answer.headers) MHD_add_response_header(response, name.c_str(), value.c_str());
  const MHD_Result queued = MHD_queue_response(to, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return queued;
}

MHD_Result send(MHD_Connection* to, const HttpResponse& answer) {
  return queue(to, answer, whole(answer));
}

HttpResponse error(int status, const std::string& text) {
  return {status,
          "application/json",
          R"({"error":")" + text +
              R"(","details":[]})"
              "\n",
          {}};
}

MHD_Result take_header(void* cls, MHD_ValueKind, const char* name, const char* value) {
  auto& headers = *static_cast<std::map<std::string, std::string>*>(cls);
  std::string key(name);
  std::ranges::transform(key, key.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto [at, added] = headers.try_emplace(std::move(key), value == nullptr ? "" : value);
  if (!added) at->second += std::string(", ") + (value == nullptr ? "" : value);
  return MHD_YES;
}

bool announces_more_than(std::size_t limit, const HttpRequest& request) {
  const auto header = request.headers.find("content-length");
  if (header == request.headers.end()) return false;
  std::size_t length = 0;
  const std::string& text = header->second;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), length);
  return failed != std::errc() || length > limit;
}

}  // namespace

struct HttpServer::Impl {
  struct Listener {
    Impl* server = nullptr;
    bool trusted = false;
    MHD_Daemon* daemon = nullptr;
  };

  HttpServerOptions options;
  Handler handler;
  Deadlines deadlines;
  Listener tcp, local;
  UnixListener file;
  int port = 0;

  Impl(const HttpServerOptions& given, Handler handle)
      : options(given), handler(std::move(handle)), deadlines(given.timeout) {
    tcp.server = local.server = this;
    local.trusted = true;
  }

  ~Impl() {
    if (local.daemon != nullptr) {
      MHD_stop_daemon(local.daemon);
      remove_socket_file(file);
    }
    if (tcp.daemon != nullptr) MHD_stop_daemon(tcp.daemon);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> serve(Listener& on, int fd, unsigned connections) const;
  HttpResponse handle(Connection& connection) const;
  MHD_Result request_part(MHD_Connection* from, Connection& connection, const char* method, const char* data,
                          std::size_t* size, bool trusted);

  static Connection* connection_of(MHD_Connection* connection) {
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == nullptr ? nullptr : static_cast<Connection*>(info->socket_context);
  }
  static void on_connection(void* cls, MHD_Connection* connection, void** context, MHD_ConnectionNotificationCode what);
  static void* on_target(void* cls, const char* target, MHD_Connection* connection);
  static MHD_Result on_request(void* cls, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* data, std::size_t* size, void** context);
};

void HttpServer::Impl::on_connection(void* cls, MHD_Connection* connection, void** context,
                                     MHD_ConnectionNotificationCode what) {
  auto& deadlines = static_cast<Listener*>(cls)->server->deadlines;
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    auto fresh = std::make_unique<Connection>();
    fresh->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    deadlines.add(*fresh);
    *context = fresh.release();
    return;
  }
  const std::unique_ptr<Connection> gone(static_cast<Connection*>(*context));
  *context = nullptr;
  if (gone) deadlines.remove(*gone);
}

// The only callback in which libmicrohttpd passes the target before it decodes it in place.
void* HttpServer::Impl::on_target(void*, const char* target, MHD_Connection* of) {
  Connection* connection = connection_of(of);
  if (connection == nullptr) return nullptr;
  auto parsed = parse_target(target);
  connection->request = {};
  connection->begun = connection->too_large = false;
  connection->well_formed = parsed.has_value();
  if (parsed) {
    connection->request.path = std::move(parsed->path);
    connection->request.query = std::move(parsed->query);
  }
  return nullptr;
}

// The parameters are libmicrohttpd's. NOLINTNEXTLINE(readability-function-size)
MHD_Result HttpServer::Impl::on_request(void* cls, MHD_Connection* from, const char*, const char* method, const char*,
                                        const char* data, std::size_t* size, void**) {
  const auto& listener = *static_cast<Listener*>(cls);
  Connection* connection = connection_of(from);
  if (connection == nullptr) return MHD_NO;
  return listener.server->request_part(from, *connection, method, data, size, listener.trusted);
}

// Called once with the headers, once for each piece of the body, and once at its end.
MHD_Result HttpServer::Impl::request_part(MHD_Connection* from, Connection& connection, const char* method,
                                          const char* data, std::size_t* size, bool trusted) {
  HttpRequest& request = connection.request;
  if (!connection.begun) {
    connection.begun = true;
    request.method = method;
    request.trusted = trusted;
    MHD_get_connection_values(from, MHD_HEADER_KIND, &take_header, &request.headers);
    if (announces_more_than(options.body_bytes, request)) return send(from, error(413, "the body is too large"));
    return MHD_YES;
  }
  if (*size != 0) {
    connection.too_large = connection.too_large || request.body.size() + *size > options.body_bytes;
    if (!connection.too_large) request.body.append(data, *size);
    *size = 0;
    return MHD_YES;
  }
  deadlines.lift(connection);
  HttpResponse answer = handle(connection);
  std::string next = answer.more ? answer.more() : "";
  deadlines.renew(connection);
  if (next.empty()) return send(from, answer);
  answer.body += next;
  return queue(from, answer, streamed(answer, deadlines, connection));
}

HttpResponse HttpServer::Impl::handle(Connection& connection) const {
  if (connection.too_large) return error(413, "the body is too large");
  if (!connection.well_formed) return error(400, "the request target is malformed");
  try {
    return handler(connection.request);
  } catch (const std::exception&) {
    return error(500, "the request failed");  // the exception's text may not be meant for every client
  }
}

Result<void> HttpServer::Impl::serve(Listener& on, int fd, unsigned connections) const {
  on.daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, nullptr, nullptr,
                               &Impl::on_request, &on, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                               connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, options.connections_per_ip,
                               MHD_OPTION_NOTIFY_CONNECTION, &Impl::on_connection, static_cast<void*>(&on),
                               MHD_OPTION_URI_LOG_CALLBACK, &Impl::on_target, static_cast<void*>(&on), MHD_OPTION_END);
  if (on.daemon == nullptr) return fail(Recourse::ask_operator, "the HTTP server could not be started");
  return {};
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;
int HttpServer::port() const {
  return impl_->port;
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options, Handler handler) {
  auto impl = std::make_unique<Impl>(options, std::move(handler));
  if (!options.socket.empty()) {
    auto made = listen_unix(options.socket);
    if (!made) return std::unexpected(std::move(made).error());
    impl->file = std::move(*made);
    if (auto ok = impl->serve(impl->local, impl->file.fd, std::max(1U, options.connections / 2)); !ok) {
      remove_socket_file(impl->file);
      return std::unexpected(std::move(ok).error());
    }
  }
  if (!options.listen.empty() && options.listen != "off") {
    const auto address = parse_listen(options.listen);
    if (!address) return std::unexpected(address.error());
    const auto made = listen_tcp(*address);
    if (!made) return std::unexpected(made.error());
    impl->port = made->port;
    if (auto ok = impl->serve(impl->tcp, made->fd, options.connections); !ok) return std::unexpected(ok.error());
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace vhookd
