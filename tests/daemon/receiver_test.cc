#include "daemon/trial/receiver.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/crypto.h"
#include "core/time_text.h"
#include "delivery/sign.h"
#include "scheduler/payload/received_payload.h"

namespace vhookd {
namespace {

using namespace std::chrono_literals;

// Stands still.
class StillClock final : public Clock {
 public:
  Instant now() const override { return *parse_rfc3339("2026-11-23T09:00:00Z"); }
  Tick tick() const override { return {}; }
};

const StillClock still;
const Secret ours(std::string(32, 'k'));
const Secret old(std::string(24, 'o'));
const Secret theirs(std::string(32, 't'));

struct Post {
  std::string id = "page-1";
  std::uint64_t sequence = 1;
  std::string webhook = "orders";
  std::string data = R"([{"id":1,"note":"a ] \" }"},{"id":2,"total":"129.90"}])";
  std::vector<SigningKey> secrets = {ours};
  std::chrono::seconds age{0};
  std::string type = "VIRTUAL";

  std::string body() const {
    std::string out = R"({"type":")" + type + R"(","webhook":{"id":")" + webhook + R"(","data":[9]},"data":)" + data +
                      R"(,"sequence":)" + std::to_string(sequence);
    if (!secrets.empty()) {
      out += R"(,"nonce":"n0","sig256":")" + hex_lower(hmac_sha256(secrets[0].reveal(), data, "n0")) + "\"";
    }
    return out + "}";
  }
};

struct Reply {
  long status = 0;
  std::string body;
};

std::size_t append(char* data, std::size_t size, std::size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

Reply deliver(const Receiver& receiver, const std::string& body, const std::vector<std::string>& headers) {
  Reply reply;
  CURL* easy = curl_easy_init();
  curl_slist* list = nullptr;
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  curl_easy_setopt(easy, CURLOPT_URL, receiver.url().c_str());
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply.body);
  EXPECT_EQ(curl_easy_perform(easy), CURLE_OK);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply.status);
  curl_slist_free_all(list);
  curl_easy_cleanup(easy);
  return reply;
}

std::vector<std::string> headers_of(const Post& post, const std::string& body) {
  const auto at = std::chrono::floor<std::chrono::seconds>(still.now()) - post.age;
  return {"webhook-id: " + post.id, "webhook-timestamp: " + std::to_string(at.time_since_epoch().count()),
          "webhook-signature: " + standard_signature(post.secrets, post.id, at, body)};
}

Reply deliver(const Receiver& receiver, const Post& post) {
  const std::string body = post.body();
  return deliver(receiver, body, headers_of(post, body));
}

std::unique_ptr<Receiver> open(ReceiverOptions options) {
  auto receiver = Receiver::open(still, std::move(options));
  EXPECT_TRUE(receiver) << receiver.error();
  return std::move(*receiver);
}

std::unique_ptr<Receiver> checking() {
  return open({.port = 0, .secrets = {ours}, .on_page = {}});
}

TEST(Receiver, TakesAGoodPage) {
  const auto receiver = checking();
  const Post post;
  const Reply reply = deliver(*receiver, post);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"received":2})");
  ASSERT_TRUE(receiver->wait_for(1, 30s));
  const Received page = receiver->history().at(0);
  EXPECT_EQ(page.at, still.now());
  EXPECT_EQ(page.message_id, "page-1");
  EXPECT_EQ(page.webhook_id, "orders");
  EXPECT_EQ(page.type, "VIRTUAL");
  EXPECT_EQ(page.sequence, 1U);
  EXPECT_EQ(page.records, 2);
  EXPECT_EQ(page.body, post.body());
  EXPECT_EQ(page.data, post.data);
  EXPECT_TRUE(page.verified());
  EXPECT_EQ(page.order, Order::first);
  EXPECT_EQ(page.problem, "");
}

TEST(Receiver, AnyOfTheSecretsMayHaveSigned) {
  const auto receiver = open({.port = 0, .secrets = {ours, old}, .on_page = {}});
  EXPECT_EQ(deliver(*receiver, {.id = "1", .secrets = {old}}).status, 200);
  EXPECT_EQ(deliver(*receiver, {.id = "2", .sequence = 2, .secrets = {ours, old}}).status, 200);
  EXPECT_EQ(deliver(*receiver, {.id = "3", .sequence = 3, .secrets = {theirs}}).status, 401);
}

TEST(Receiver, APublicKeyVerifiesWhatItsOtherHalfSigned) {
  const KeyPair pair = fresh_key_pair();
  const SigningKey key = *parse_signing_key(pair.secret_text);
  const auto receiver =
      open({.port = 0, .secrets = {}, .public_keys = {*parse_public_key(pair.public_text)}, .on_page = {}});
  EXPECT_EQ(deliver(*receiver, {.id = "1", .secrets = {key}}).status, 200);
  EXPECT_EQ(deliver(*receiver, {.id = "2", .sequence = 2, .secrets = {ours, key}}).status, 200);
  EXPECT_EQ(deliver(*receiver, {.id = "3", .sequence = 3, .secrets = {ours}}).status, 401);
  EXPECT_EQ(deliver(*receiver, {.id = "4", .sequence = 3, .secrets = {}}).status, 401);
}

TEST(Receiver, RefusesWhatIsNotGenuine) {
  const auto receiver = checking();
  const Post post;
  const std::string body = post.body();
  const std::vector<std::string> headers = headers_of(post, body);

  std::string tampered = body;
  tampered.replace(tampered.find("129.90"), 6, "929.90");
  EXPECT_EQ(deliver(*receiver, tampered, headers).status, 401);
  EXPECT_EQ(deliver(*receiver, {.secrets = {theirs}}).status, 401);
  EXPECT_EQ(deliver(*receiver, {.secrets = {}}).status, 401);
  EXPECT_EQ(deliver(*receiver, {.age = 301s}).status, 401);
  EXPECT_EQ(deliver(*receiver, {.age = -301s}).status, 401);
  EXPECT_EQ(deliver(*receiver, body, {headers[0], headers[1]}).status, 401);
  EXPECT_EQ(deliver(*receiver, body, {headers[0], headers[2]}).status, 401);
  EXPECT_EQ(deliver(*receiver, body, {headers[0], "webhook-timestamp: 1e9", headers[2]}).status, 401);
  EXPECT_EQ(deliver(*receiver, body, {"webhook-id: page-2", headers[1], headers[2]}).status, 401);

  std::string bad_data = body;  // the request is signed well, the records are not
  bad_data.replace(bad_data.find("sig256\":\"") + 9, 4, "0000");
  EXPECT_EQ(deliver(*receiver, bad_data, headers_of(post, bad_data)).status, 401);

  EXPECT_EQ(receiver->counts().unverified, 10);
  EXPECT_EQ(receiver->counts().pages, 0);
  EXPECT_EQ(receiver->history().at(0).signature, Signature::bad);
  EXPECT_EQ(deliver(*receiver, {.age = 299s}).status, 200);
}

TEST(Receiver, RefusesWhatIsMalformed) {
  const auto receiver = open({.secrets = {}, .on_page = {}});
  const std::vector<std::string> headers = {"webhook-id: page-1"};
  for (const std::string body : {"", "no json", "[]", "{", R"({"type":"VIRTUAL","webhook":{"id":"a"},"sequence":1})",
                                 R"({"type":"VIRTUAL","webhook":{"id":"a"},"sequence":1,"data":{}})",
                                 R"({"type":"VIRTUAL","webhook":{},"sequence":1,"data":[]})",
                                 R"({"type":"VIRTUAL","webhook":{"id":"a"},"data":[]})",
                                 R"({"type":"VIRTUAL","webhook":{"id":"a"},"sequence":0,"data":[]})",
                                 R"({"type":"VIRTUAL","webhook":{"id":"a"},"sequence":1.5,"data":[]})",
                                 R"({"type":"OTHER","webhook":{"id":"a"},"sequence":1,"data":[]})",
                                 R"({"type":"VIRTUAL","webhook":{"id":"a"},"sequence":1,"data":[{]})",
                                 R"({"type":"VIRTUAL","webhook":{"id":"a"},"sequence":1,"data":[]} trailing)"}) {
    EXPECT_EQ(deliver(*receiver, body, headers).status, 400) << body;
  }
  EXPECT_EQ(deliver(*receiver, Post().body(), {}).status, 400);
  EXPECT_EQ(receiver->counts().malformed, 14);
}

TEST(Receiver, WithoutSecretsNothingIsChecked) {
  const auto receiver = open({.secrets = {}, .on_page = {}});
  EXPECT_EQ(deliver(*receiver, {.secrets = {}}).status, 200);
  EXPECT_EQ(receiver->history().at(0).signature, Signature::unchecked);
}

TEST(Receiver, TellsDuplicatesGapsAndStragglers) {
  const auto receiver = checking();
  const struct {
    Post post;
    Order order;
    std::uint64_t expected;
  } cases[] = {
      {{.id = "a5", .sequence = 5}, Order::first, 0},
      {{.id = "a6", .sequence = 6}, Order::next, 6},
      {{.id = "a6", .sequence = 6, .age = 10s}, Order::duplicate, 7},
      {{.id = "b1", .sequence = 1, .webhook = "users"}, Order::first, 0},
      {{.id = "a9", .sequence = 9}, Order::gap, 7},
      {{.id = "a7", .sequence = 7}, Order::behind, 10},
      {{.id = "a5", .sequence = 5}, Order::duplicate, 10},
      {{.id = "a10", .sequence = 10}, Order::next, 10},
      {{.id = "b2", .sequence = 2, .webhook = "users"}, Order::next, 2},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(deliver(*receiver, c.post).status, 200);
    const Received page = receiver->history().back();
    EXPECT_EQ(page.order, c.order) << c.post.id;
    EXPECT_EQ(page.expected, c.expected) << c.post.id;
  }
  const ReceiverCounts counts = receiver->counts();
  EXPECT_EQ(counts.pages, 7);
  EXPECT_EQ(counts.records, 14);
  EXPECT_EQ(counts.webhooks, 2);
  EXPECT_EQ(counts.duplicates, 2);
  EXPECT_EQ(counts.gaps, 1);
  EXPECT_EQ(counts.behind, 1);
}

TEST(Receiver, TheSameIdWithAnotherBodyIsAnError) {
  const auto receiver = checking();
  EXPECT_EQ(deliver(*receiver, {}).status, 200);
  EXPECT_EQ(deliver(*receiver, {.data = R"([{"id":2}])"}).status, 400);
  EXPECT_EQ(receiver->counts().malformed, 1);
  EXPECT_NE(receiver->history().back().problem.find("another body"), std::string::npos);
}

TEST(Receiver, FailsOnPurpose) {
  const auto always = open({.secrets = {ours}, .fail_percent = 100, .on_page = {}});
  EXPECT_EQ(deliver(*always, {}).status, 500);
  EXPECT_EQ(always->counts().on_purpose, 1);
  EXPECT_EQ(always->counts().pages, 0);
  const auto half = open({.secrets = {ours}, .fail_percent = 50, .on_page = {}});
  for (int i = 0; i < 60; ++i) deliver(*half, {});
  EXPECT_GT(half->counts().on_purpose, 5);
  EXPECT_EQ(half->counts().pages, 1);  // a page answered 500 was not taken, so its retry is no duplicate
  EXPECT_EQ(half->counts().on_purpose + half->counts().pages + half->counts().duplicates, 60);
}

TEST(Receiver, ConcurrentSenders) {
  std::atomic<int> called = 0;
  const auto receiver = open({.secrets = {ours}, .keep = 10, .on_page = [&](const Received&) { ++called; }});
  std::vector<std::thread> senders;
  for (int s = 0; s < 8; ++s) {
    senders.emplace_back([&, s] {
      for (std::uint64_t i = 1; i <= 25; ++i) {
        const std::string webhook = "w" + std::to_string(s);
        EXPECT_EQ(
            deliver(*receiver, {.id = webhook + "-" + std::to_string(i), .sequence = i, .webhook = webhook}).status,
            200);
      }
    });
  }
  EXPECT_TRUE(receiver->wait_for(200, 30s));
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(receiver->counts().pages, 200);
  EXPECT_EQ(receiver->counts().gaps, 0);
  EXPECT_EQ(receiver->counts().webhooks, 8);
  EXPECT_EQ(receiver->history().size(), 10U);
  EXPECT_EQ(called, 200);
  EXPECT_FALSE(receiver->wait_for(201, 1ms));
}

TEST(Receiver, ATakenPortIsSaid) {
  const auto receiver = checking();
  const auto second = Receiver::open(still, {.port = receiver->port(), .secrets = {}, .on_page = {}});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find("cannot listen on 127.0.0.1:" + std::to_string(receiver->port())), std::string::npos);
}

TEST(Receiver, LargeBodies) {
  const auto receiver = checking();
  Post post{.data = R"([{"blob":")" + std::string(std::size_t{40} << 20, 'x') + "\"}]"};
  EXPECT_EQ(deliver(*receiver, post).status, 200);
  EXPECT_EQ(deliver(*receiver, std::string((std::size_t{64} << 20) + 1, 'x'), {"webhook-id: x"}).status, 413);
}

TEST(ReceivedPayload, DataIsTheExactBytes) {
  const struct {
    std::string body, data;
    std::vector<std::string> records;
  } cases[] = {
      {R"({"type":"VIRTUAL","webhook":{"id":"a"},"data":[],"sequence":1})", "[]", {}},
      {"{ \"data\" : [ {\"a\" : 1} , 2 ] \n , \"type\":\"VIRTUAL\",\"webhook\":{\"id\":\"a\"},\"sequence\":1}",
       "[ {\"a\" : 1} , 2 ]",
       {"{\"a\" : 1}", "2"}},
      {R"({"type":"VIRTUAL","webhook":{"id":"a","x":{"data":[1]}},"sequence":1,"data":[{"s":"]}\"","n":[[1],[2]]}] })",
       R"([{"s":"]}\"","n":[[1],[2]]}])",
       {R"({"s":"]}\"","n":[[1],[2]]})"}},
      {R"({"type":"VIRTUAL","webhook":{"id":"a"},"sequence":1,"data":["x", null, 1e400, 123456789012345678901234567890]})",
       R"(["x", null, 1e400, 123456789012345678901234567890])",
       {R"("x")", "null", "1e400", "123456789012345678901234567890"}},
  };
  for (const auto& c : cases) {
    const auto payload = read_payload(c.body);
    ASSERT_TRUE(payload) << payload.error();
    EXPECT_EQ(payload->data, c.data);
    EXPECT_EQ(payload->data.data(), c.body.data() + c.body.find(c.data));
    EXPECT_EQ(split_records(payload->data), c.records);
  }
}

}  // namespace
}  // namespace vhookd
