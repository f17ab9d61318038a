#include "daemon/api/http_server.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include "daemon/api/api.h"
#include "tests/daemon/fake_control.h"

namespace vhookd {
namespace {

namespace fs = std::filesystem;

struct Got {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string body;
  std::string headers;
};

struct Question {
  std::string url;
  std::string socket = {};
  std::string method = "GET";
  std::string body = {};
  std::vector<std::string> headers = {};
};

std::size_t append(char* data, std::size_t one, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, one * count);
  return one * count;
}

Got get(const Question& ask) {
  Got got;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  curl_slist* list = nullptr;
  for (const auto& line : ask.headers) list = curl_slist_append(list, line.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_URL, ask.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_PATH_AS_IS, 1L);
  if (!ask.socket.empty()) curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, ask.socket.c_str());
  if (!ask.body.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, ask.body.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(ask.body.size()));
  }
  if (ask.method == "HEAD") curl_easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, ask.method.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 20L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &got.body);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, &append);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &got.headers);
  got.code = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &got.status);
  curl_slist_free_all(list);
  return got;
}

// A bare TCP client, for what curl would not do.
class Raw {
 public:
  explicit Raw(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const timeval timeout{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  }
  ~Raw() { ::close(fd_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  bool send(std::string_view text) const {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  // As soon as something came: that much of it at most.
  std::string read_some(std::size_t most) const {
    std::string some(most, '\0');
    some.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::recv(fd_, some.data(), most, 0))));
    return some;
  }
  // All until the server closes.
  std::string read_all() const {
    std::string all;
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::recv(fd_, buffer.data(), buffer.size(), 0)) > 0;)
      all.append(buffer.data(), static_cast<std::size_t>(n));
    return all;
  }

 private:
  int fd_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() : folder_(fs::temp_directory_path() / ("vhookd_http_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~HttpServerTest() override {
    server_.reset();
    fs::remove_all(folder_);
  }

  void start(HttpServer::Handler handler, HttpServerOptions options = {}) {
    if (options.listen.empty()) options.listen = "127.0.0.1:0";
    if (options.socket.empty()) options.socket = socket();
    auto server = HttpServer::start(options, std::move(handler));
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }

  std::string socket() const { return (folder_ / "control.sock").string(); }
  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + target;
  }

  fs::path folder_;
  std::unique_ptr<HttpServer> server_;
};

// Answers with what it was asked.
HttpResponse echo(const HttpRequest& request) {
  std::string body = request.method + " " + request.path;
  for (const auto& [name, value] : request.query) body.append(" ").append(name).append("=").append(value);
  body += request.trusted ? " trusted " : " ";
  const auto header = request.headers.find("x-one");
  if (header != request.headers.end()) body += "[" + header->second + "] ";
  return {200, "text/plain", body + std::to_string(request.body.size()), {{"x-two", "2"}}};
}

TEST_F(HttpServerTest, CarriesRequestAndAnswerByTcpAndBySocket) {
  start(echo);
  const Got tcp = get({url("/a%20b?x=1+2&y=%26&x=3"), "", "PATCH", "12345", {"X-One: a", "X-ONE: b"}});
  EXPECT_EQ(tcp.status, 200);
  EXPECT_EQ(tcp.body, "PATCH /a b x=3 y=& [a, b] 5");
  EXPECT_NE(tcp.headers.find("x-two: 2"), std::string::npos);
  EXPECT_NE(tcp.headers.find("text/plain"), std::string::npos);
  EXPECT_EQ(get({"http://localhost/x", socket()}).body, "GET /x trusted 0");
  const Got head = get({url("/x"), "", "HEAD"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_NE(head.headers.find("Content-Length: 9"), std::string::npos) << head.headers;
}

// An answer larger than memory should hold: each piece is made when the one before it has been taken.
TEST_F(HttpServerTest, ALargeAnswerIsMadeWhileItIsTaken) {
  constexpr int pieces = 400;
  constexpr std::size_t piece_bytes = 100'000;
  std::atomic<int> made = 0;
  start([&](const HttpRequest&) {
    HttpResponse response{200, "text/plain", "begin ", {}};
    response.more = [&made]() -> std::string {
      if (made == pieces) return "";
      ++made;
      return std::string(piece_bytes - 1, 'x') + "\n";
    };
    return response;
  });
  {
    const Raw stopped(server_->port());
    stopped.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(stopped.read_some(1), "H");
    EXPECT_LT(made, pieces) << "40 MB fit into no socket's buffers";
  }
  server_.reset();
  made = 0;
  start([&](const HttpRequest&) {
    HttpResponse response{200, "text/plain", "begin ", {}};
    response.more = [&made]() -> std::string { return made == 3 ? "" : std::to_string(++made); };
    return response;
  });
  EXPECT_EQ(get({url("/")}).body, "begin 123");
  made = 3;
  const Got whole = get({url("/")});
  EXPECT_EQ(whole.body, "begin ");
  EXPECT_NE(whole.headers.find("Content-Length: 6"), std::string::npos) << "one piece is an answer like any other";
}

TEST_F(HttpServerTest, ListensOnIpv6) {
  HttpServerOptions options;
  options.listen = "[::1]:0";
  auto server = HttpServer::start(options, echo);
  if (!server) GTEST_SKIP() << server.error().message;
  EXPECT_EQ(get({"http://[::1]:" + std::to_string((*server)->port()) + "/"}).status, 200);
}

TEST_F(HttpServerTest, TargetsThatAreBrokenAreRefused) {
  start(echo);
  for (const char* target : {"/%", "/%0", "/%zz", "/a%00b", "/?x=%"})
    EXPECT_EQ(get({url(target)}).status, 400) << target;
  EXPECT_EQ(get({url("/%2e%2e/x")}).body, "GET /../x 0");
}

TEST_F(HttpServerTest, AForeignHostIsRefused) {
  testing::FakeControl fake;
  ApiPolicy policy;
  start([&](const HttpRequest& request) { return answer(request, fake.control(), policy); });
  policy.listen.port = server_->port();
  EXPECT_EQ(get({url("/healthz")}).status, 200);
  EXPECT_EQ(get({url("/healthz"), "", "GET", "", {"Host: evil.example"}}).status, 403);
  EXPECT_EQ(get({url("/healthz"), "", "GET", "", {"Origin: http://evil.example"}}).status, 403);
  EXPECT_EQ(get({"http://anything/healthz", socket()}).status, 200);
}

TEST_F(HttpServerTest, ABodyHasALimit) {
  HttpServerOptions options;
  options.body_bytes = 1000;
  start(echo, options);
  EXPECT_EQ(get({url("/"), "", "POST", std::string(1000, 'x')}).body, "POST / 1000");
  EXPECT_EQ(get({url("/"), "", "POST", std::string(1001, 'x')}).status, 413);
  EXPECT_EQ(get({url("/"), "", "POST", std::string(200'000, 'x'), {"Transfer-Encoding: chunked"}}).status, 413);
}

TEST_F(HttpServerTest, HeadersHaveALimit) {
  start(echo);
  const Raw client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
  const std::string answer = client.read_all();
  EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 4")) << answer;
  EXPECT_EQ(get({url("/")}).status, 200);
}

TEST_F(HttpServerTest, ASlowClientIsCutOffEvenIfItDrips) {
  HttpServerOptions options;
  options.timeout = std::chrono::milliseconds(400);
  start(echo, options);
  const Raw silent(server_->port());
  const Raw half(server_->port());
  half.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  Raw dripping(server_->port());
  std::atomic<bool> done = false;
  // Keeps the connection busy for as long as the server lets it.
  std::thread drip([&] {
    dripping.send("GET / HTTP/1.1\r\n");
    while (!done && dripping.send("a")) std::this_thread::yield();
  });
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(half.read_all(), "");
  dripping.read_all();
  done = true;
  drip.join();
  // A machine that is slow may be cut off as well, now and then.
  long status = 0;
  for (int i = 0; i < 100 && status != 200; ++i) status = get({url("/")}).status;
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServerTest, ARequestThatWaitsKeepsNobodyWaiting) {
  std::latch release(1);
  std::latch waiting(8);
  HttpServerOptions options;
  options.timeout = std::chrono::milliseconds(2000);  // less than the handler takes, more than a client
  start(
      [&](const HttpRequest& request) {
        if (request.path == "/wait") {
          waiting.count_down();
          release.wait();
        }
        return echo(request);
      },
      options);
  std::vector<std::thread> clients;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] { answered += get({url("/wait"), i % 2 == 0 ? socket() : "", "PUT"}).status == 200; });
  }
  waiting.wait();
  // The silent one is cut off after the timeout, so the waiting ones have outlasted theirs by then.
  const Raw silent(server_->port());
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(get({url("/healthz")}).status, 200);
  EXPECT_EQ(get({"http://x/healthz", socket()}).status, 200);
  release.count_down();
  for (auto& client : clients) client.join();
  EXPECT_EQ(answered, 8);
}

TEST_F(HttpServerTest, ConnectionsHaveALimitAndComeBack) {
  HttpServerOptions options;
  options.connections = 4;
  options.timeout = std::chrono::milliseconds(2000);
  start(echo, options);
  {
    std::vector<std::unique_ptr<Raw>> crowd;
    for (int i = 0; i < 20; ++i) crowd.push_back(std::make_unique<Raw>(server_->port()));
    EXPECT_EQ(get({"http://x/", socket()}).status, 200);  // the socket has places of its own
    for (const auto& one : crowd) one->read_all();
  }
  // The places of those cut off are free once the listening thread has swept up after them.
  long status = 0;
  for (int i = 0; i < 1000 && status != 200; ++i) status = get({url("/")}).status;
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServerTest, AnExceptionIsAnAnswer) {
  start([](const HttpRequest&) -> HttpResponse { throw std::runtime_error("hunter2"); });
  const Got got = get({url("/")});
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.body.find("hunter2"), std::string::npos);
}

TEST_F(HttpServerTest, TheSocketIsOursAloneAndGoesWithUs) {
  start(echo);
  struct stat file {};
  ASSERT_EQ(stat(socket().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
  HttpServerOptions second;
  second.socket = socket();
  const auto refused = HttpServer::start(second, echo);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("another vhookd answers"), std::string::npos) << refused.error().message;
  EXPECT_EQ(get({"http://x/", socket()}).status, 200);
  server_.reset();
  EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(HttpServerTest, AStaleSocketIsReplacedAndAnotherFileIsNot) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket().copy(address.sun_path, socket().size());
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  start(echo);
  EXPECT_EQ(get({"http://x/", socket()}).status, 200);
  server_.reset();

  std::ofstream(socket()) << "precious";
  HttpServerOptions options;
  options.socket = socket();
  const auto refused = HttpServer::start(options, echo);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("not a socket"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(fs::exists(socket()));
}

TEST_F(HttpServerTest, WhyItCannotListenIsSaid) {
  start(echo);
  HttpServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(server_->port());
  EXPECT_NE(HttpServer::start(options, echo).error().message.find("in use"), std::string::npos);
  options.listen = "box.example:80";
  EXPECT_NE(HttpServer::start(options, echo).error().message.find("is not an address to listen on"), std::string::npos);
  options.listen = "off";
  options.socket = (folder_ / "none" / "x.sock").string();
  EXPECT_NE(HttpServer::start(options, echo).error().message.find("No such file"), std::string::npos);
  options.socket = "/" + std::string(200, 'x');
  EXPECT_NE(HttpServer::start(options, echo).error().message.find("longer than"), std::string::npos);
}

}  // namespace
}  // namespace vhookd
