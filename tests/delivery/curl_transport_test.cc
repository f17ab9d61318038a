#include "delivery/curl_transport.h"

#include <curl/curl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <condition_variable>
#include <cstdlib>
#include <map>
#include <thread>

#include "tests/delivery/transport_fixture.h"
#include "tests/support/fake_names.h"
#include "tests/support/raw_server.h"

namespace vhookd {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using testing::CurlTransportTest;
using testing::ok;
using testing::RawConnection;
using testing::RawServer;
using testing::request;
using Why = Unanswered::Why;

// Fails the test where it lasts longer than it says.
class Within {
 public:
  explicit Within(milliseconds most) : most_(most) {}
  ~Within() { EXPECT_LT(SystemClock().tick() - started_, most_); }

 private:
  milliseconds most_;
  Tick started_ = SystemClock().tick();
};

TEST_F(CurlTransportTest, SendsTheRequestAsGiven) {
  std::string seen;
  RawServer server([&](RawConnection& connection) {
    seen = connection.request().value_or("");
    connection.send(ok("thanks"));
  });
  Request one = request(server.url(), 77);
  one.headers.emplace_back("x-empty", "");
  one.body = std::string("{\"data\":[\"\0\"]}", 14);
  const Outcome outcome = send(one);
  const auto& answer = std::get<Answered>(outcome.result);
  EXPECT_EQ(outcome.ticket, 77U);
  EXPECT_GT(outcome.took, 0us);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.excerpt, "thanks");
  EXPECT_EQ(answer.retry_after, "");
  EXPECT_TRUE(seen.starts_with("POST /hook HTTP/1.1\r\n")) << seen;
  EXPECT_TRUE(seen.ends_with("\r\n\r\n" + one.body)) << seen;
  for (const std::string line : {"\r\ncontent-type: application/json\r\n", "\r\nwebhook-id: page-1\r\n",
                                 "\r\nx-empty:\r\n", "\r\nUser-Agent: vhookd/test\r\n", "\r\nContent-Length: 14\r\n"}) {
    EXPECT_NE(seen.find(line), seen.npos) << line << seen;
  }
  for (const std::string header : {"Expect", "Accept-Encoding", "urlencoded", "Upgrade"}) {
    EXPECT_EQ(seen.find(header), seen.npos) << seen;
  }
}

TEST_F(CurlTransportTest, TheCallersUserAgentWins) {
  std::string seen;
  RawServer server([&](RawConnection& connection) {
    seen = connection.request().value_or("");
    connection.send(ok());
  });
  Request one = request(server.url());
  one.headers.emplace_back("user-agent", "vhookd/9");
  EXPECT_EQ(answered(one).status, 200);
  EXPECT_NE(seen.find("\r\nuser-agent: vhookd/9\r\n"), seen.npos);
  EXPECT_EQ(seen.find("vhookd/test"), seen.npos);
}

TEST_F(CurlTransportTest, AnyAnswerIsAnAnswer) {
  const struct {
    std::string answer;
    int status;
    std::string retry_after, excerpt;
  } cases[] = {
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", ""},
      {"HTTP/1.0 200 OK\r\n\r\nold", 200, "", "old"},
      {"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 302, "", ""},
      {"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", 410, "", ""},
      {"HTTP/1.1 429 Slow\r\nRETRY-AFTER:  120 \r\ncontent-length: 0\r\n\r\n", 429, "120", ""},
      {"HTTP/1.1 503 No\r\nretry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n", 503,
       "Sun, 06 Nov 1994 08:49:37 GMT", ""},
      {"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n", 999, "", ""},
      {"HTTP/1.1 100 Continue\r\nretry-after: 9\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n", 201, "", ""},
      {"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd", 200, "", "abcd"},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nretry-after: 5\r\n\r\n", 200, "", "hi"},
      {"HTTP/1.1 500 No\r\ncontent-length: 12\r\n\r\na\nb\x1b[2J\x7f\xff\xc3\xa4!", 500, "", "a b [2J ?\xc3\xa4!"},
      {"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", 200, "", "short"},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ nonsense", 200, "", ""},
  };
  for (const auto& c : cases) {
    RawServer server([&](RawConnection& connection) {
      connection.request();
      connection.send(c.answer);
    });
    const Answered answer = answered(request(server.url()));
    EXPECT_EQ(answer.status, c.status) << c.answer;
    EXPECT_EQ(answer.retry_after, c.retry_after) << c.answer;
    EXPECT_EQ(answer.excerpt, c.excerpt) << c.answer;
  }
}

TEST_F(CurlTransportTest, ARedirectIsNotFollowed) {
  RawServer target(testing::always(ok()));
  RawServer server(
      testing::always("HTTP/1.1 307 There\r\nlocation: " + target.url() + "\r\ncontent-length: 0\r\n\r\n"));
  EXPECT_EQ(answered(request(server.url())).status, 307);
  EXPECT_EQ(target.connections(), 0);
}

TEST_F(CurlTransportTest, HeadersInAreAnAnswerWhateverComesAfter) {
  std::map<std::string, RawServer::Script> scripts;
  scripts["reset"] = [](RawConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
    connection.gone_within(50ms);
    connection.reset();
  };
  scripts["hang"] = [](RawConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
    connection.wait_until_gone();
  };
  for (const auto& [name, script] : scripts) {
    RawServer server([&](RawConnection& connection) {
      connection.request();
      script(connection);
    });
    const Answered answer = answered(request(server.url(), 1, 2s));
    EXPECT_EQ(answer.status, 200) << name;
    EXPECT_EQ(answer.excerpt, "abc") << name;
  }
}

TEST_F(CurlTransportTest, NoAnswer) {
  const struct {
    std::string name;
    RawServer::Script script;
    std::string text;
    Why why = Why::broken;
  } cases[] = {
      {"closed", [](RawConnection& c) { c.request(); },
       "127.0.0.1: the connection was closed before an answer arrived"},
      {"reset",
       [](RawConnection& c) {
         c.request();
         c.reset();
       },
       "127.0.0.1: "},
      {"reset mid-headers",
       [](RawConnection& c) {
         c.request();
         c.send("HTTP/1.1 200 OK\r\ncontent-le");
         c.gone_within(50ms);
         c.reset();
       },
       "127.0.0.1: "},
      {"closed mid-headers",
       [](RawConnection& c) {
         c.request();
         c.send("HTTP/1.1 200 OK\r\ncontent-le");
       },
       "127.0.0.1: "},
      {"HTTP/0.9",
       [](RawConnection& c) {
         c.request();
         c.send("hello there, this is a very old server\n");
       },
       "127.0.0.1: the answer is not HTTP/1.1"},
      {"only 1xx",
       [](RawConnection& c) {
         c.request();
         c.send("HTTP/1.1 100 Continue\r\n\r\n");
       },
       "127.0.0.1: "},
      {"endless headers",
       [](RawConnection& c) {
         c.request();
         c.send("HTTP/1.1 200 OK\r\n");
         while (c.send("x-filler: " + std::string(1000, 'x') + "\r\n")) {
         }
       },
       "127.0.0.1: the answer has more than 64 KiB of headers"},
      {"hang",
       [](RawConnection& c) {
         c.request();
         c.wait_until_gone();
       },
       "127.0.0.1: no answer in ", Why::timeout},
      {"trickle",
       [](RawConnection& c) {
         c.request();
         for (const char byte : "HTTP/1.1 200 OK\r\nx: " + std::string(1000, 'x')) {
           if (!c.send({&byte, 1}) || c.gone_within(20ms)) return;
         }
       },
       "127.0.0.1: no answer in ", Why::timeout},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    RawServer server(c.script);
    const Within within(10s);
    const Unanswered none = unanswered(request(server.url(), 1, c.why == Why::timeout ? 1s : 15s));
    EXPECT_EQ(none.why, c.why) << none.text;
    EXPECT_TRUE(none.sent);
    EXPECT_TRUE(none.text.starts_with(c.text)) << none.text;
  }
}

TEST_F(CurlTransportTest, NothingListens) {
  int port = 0;
  { port = RawServer(testing::always(ok())).port(); }
  const Unanswered none = unanswered(request("http://127.0.0.1:" + std::to_string(port) + "/"));
  EXPECT_EQ(none.why, Why::connect) << none.text;
  EXPECT_FALSE(none.sent);
}

TEST_F(CurlTransportTest, ANameThatIsNotThere) {
  const Unanswered none = unanswered(request("http://nowhere.test/"));
  EXPECT_EQ(none.why, Why::resolve) << none.text;
  EXPECT_FALSE(none.sent);
  EXPECT_NE(none.text.find("nowhere.test"), none.text.npos);
}

TEST_F(CurlTransportTest, ASlowNameHoldsUpNobody) {
  RawServer server(testing::always(ok()));
  const testing::SlowName slow("slow.test");
  const Within within(20s);
  transport.start(request("http://slow.test/", 1, 60s));
  EXPECT_EQ(send(request(server.url(), 2)).ticket, 2U);
  EXPECT_TRUE(transport.wait(10ms).empty());
  transport.abort_all();
  EXPECT_EQ(next().ticket, 1U);
  const Outcome outcome = send(request("http://slow.test/", 3, 600ms));
  EXPECT_EQ(outcome.ticket, 3U);
  EXPECT_EQ(std::get<Unanswered>(outcome.result).why, Why::resolve);
}

TEST_F(CurlTransportTest, OtherSchemesAreNotSpoken) {
  for (const std::string url :
       {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:1/", "http://", "http://a b/"}) {
    const Unanswered none = unanswered(request(url));
    EXPECT_EQ(none.why, Why::broken) << url << ": " << none.text;
    EXPECT_FALSE(none.sent);
  }
}

TEST_F(CurlTransportTest, ALineBreakInAHeaderIsNotSent) {
  RawServer server(testing::always(ok()));
  for (const std::string& value : std::vector<std::string>{"a\r\nx-evil: 1", "a\nb", "a\rb", {"a\0b", 3}}) {
    Request one = request(server.url());
    one.headers.emplace_back("x-note", value);
    const Unanswered none = unanswered(one);
    EXPECT_EQ(none.text, "127.0.0.1: header x-note contains a line break, so the request was not sent");
    EXPECT_FALSE(none.sent);
  }
  EXPECT_EQ(server.connections(), 0);
  EXPECT_EQ(transport.capacity(), 8);
}

TEST_F(CurlTransportTest, AFloodIsCutAt64KiB) {
  std::atomic<std::size_t> flooded = 0;
  RawServer server([&](RawConnection& connection) {
    connection.request();
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string chunk(1 << 20, 'x');
    while (flooded < (std::size_t{2} << 30) && connection.send(chunk)) flooded += chunk.size();
  });
  const Within within(15s);
  const Answered answer = answered(request(server.url(), 1, 60s));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.excerpt, std::string(512, 'x'));
  EXPECT_LT(flooded, std::size_t{32} << 20);
}

TEST_F(CurlTransportTest, ALargeBodyDoesNotWaitForLeave) {
  std::string seen;
  RawServer server([&](RawConnection& connection) {
    seen = connection.request().value_or("");
    connection.send(ok());
  });
  Request one = request(server.url());
  one.body = std::string(std::size_t{8} << 20, 'x');
  EXPECT_EQ(answered(one).status, 200);
  EXPECT_TRUE(seen.ends_with("\r\n\r\n" + one.body));
  EXPECT_EQ(seen.find("100-continue"), seen.npos);  // libcurl's own choice for bodies over 1 MB
}

TEST_F(CurlTransportTest, ConnectionsAreReused) {
  RawServer server(testing::always(ok()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(answered(request(server.url())).status, 200);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CurlTransportTest, AConnectionThatDiedIdleIsReplaced) {
  RawServer server([](RawConnection& connection) {
    connection.request();
    connection.send(ok());
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(answered(request(server.url())).status, 200);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(CurlTransportTest, CapacityCountsWhatIsUnderWay) {
  RawServer hung([](RawConnection& connection) { connection.wait_until_gone(); });
  RawServer server(testing::always(ok()));
  CurlTransport two = with({}, 2);
  EXPECT_EQ(two.capacity(), 2);
  two.start(request(hung.url(), 1, 60s));
  two.start(request(server.url(), 2));
  EXPECT_EQ(two.capacity(), 0);
  EXPECT_EQ(two.wait(20s).at(0).ticket, 2U);
  EXPECT_EQ(two.capacity(), 1);
}

TEST_F(CurlTransportTest, ManyAtOnceAllComeBackOnce) {
  RawServer server(testing::always(ok()));
  CurlTransport many = with({}, 32);
  std::map<std::uint64_t, int> seen;
  std::uint64_t started = 0;
  while (seen.size() < 500) {
    while (started < 500 && many.capacity() > 0) many.start(request(server.url(), ++started));
    for (const Outcome& outcome : many.wait(5s)) {
      EXPECT_TRUE(std::holds_alternative<Answered>(outcome.result));
      EXPECT_EQ(++seen[outcome.ticket], 1);
    }
  }
  EXPECT_LE(server.connections(), 32);
}

TEST_F(CurlTransportTest, WaitIsPatientAndWakes) {
  {
    const Within within(10s);
    EXPECT_TRUE(transport.wait(20ms).empty());
    EXPECT_TRUE(transport.wait(0ms).empty());
  }
  const Within within(30s);
  transport.wake();  // before the wait counts too
  EXPECT_TRUE(transport.wait(60s).empty());
  std::thread waker([this] { transport.wake(); });
  EXPECT_TRUE(transport.wait(60s).empty());
  waker.join();
}

TEST_F(CurlTransportTest, AbortEndsEverything) {
  std::mutex mutex;
  std::condition_variable changed;
  int arrived = 0;
  RawServer hung([&](RawConnection& connection) {
    connection.request();
    {
      const std::lock_guard lock(mutex);
      ++arrived;
    }
    changed.notify_all();
    transport.wake();
    connection.wait_until_gone();
  });
  for (std::uint64_t ticket = 1; ticket <= 3; ++ticket) transport.start(request(hung.url(), ticket, 60s));
  const Within within(30s);
  for (bool all = false; !all;) {
    EXPECT_TRUE(transport.wait(1s).empty());
    const std::lock_guard lock(mutex);
    all = arrived == 3;
  }
  transport.abort_all();
  EXPECT_EQ(transport.capacity(), 8);
  const std::vector<Outcome> outcomes = transport.wait(0ms);
  ASSERT_EQ(outcomes.size(), 3U);
  for (const Outcome& outcome : outcomes) {
    const auto& none = std::get<Unanswered>(outcome.result);
    EXPECT_EQ(none.why, Why::aborted);
    EXPECT_TRUE(none.sent);
  }
  EXPECT_TRUE(transport.wait(0ms).empty());
}

TEST_F(CurlTransportTest, ItGoesAwayWithRequestsUnderWay) {
  RawServer hung([](RawConnection& connection) { connection.wait_until_gone(); });
  CurlTransport other = with({});
  other.start(request(hung.url()));
  EXPECT_TRUE(other.wait(1ms).empty());
}

TEST(Libcurl, ResolvesNamesInThreads) {
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  EXPECT_TRUE(info->features & CURL_VERSION_ASYNCHDNS);
  EXPECT_EQ(info->ares, nullptr);
  EXPECT_TRUE(info->features & CURL_VERSION_THREADSAFE);
}

}  // namespace
}  // namespace vhookd
