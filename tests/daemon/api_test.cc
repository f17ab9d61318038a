#include "daemon/api/api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/daemon/fake_control.h"

namespace vhookd {
namespace {

using nlohmann::json;
using testing::FakeControl;

const ApiPolicy loopback{{"127.0.0.1", 8420}, {}, Secret("open-sesame")};
const ApiPolicy loopback_without_token{{"127.0.0.1", 8420}, {}, {}};
const ApiPolicy everywhere{{"0.0.0.0", 8420}, {"Box"}, Secret("open-sesame")};
const ApiPolicy everywhere_without_token{{"0.0.0.0", 8420}, {}, {}};

HttpRequest request(const std::string& method, const std::string& path, const std::string& body = {}) {
  return {method, path, {}, {{"host", "127.0.0.1:8420"}}, body, false};
}

HttpRequest by_socket(const std::string& method, const std::string& path, const std::string& body = {}) {
  return {method, path, {}, {}, body, true};
}

HttpRequest with(HttpRequest base, const std::string& name, const std::string& value) {
  base.headers[name] = value;
  return base;
}

std::string header_of(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

struct Case {
  std::string what;
  HttpRequest request;
  ApiPolicy policy;
  int status;
  std::string contains = {};  // in the body
};

const std::string hook = "/unified/webhook/paid-orders";
const std::string pause_body = R"({"is_paused":true})";

std::vector<Case> cases() {
  const auto bearer = [](HttpRequest base) { return with(std::move(base), "authorization", "Bearer open-sesame"); };
  const auto basic = [](HttpRequest base) {
    return with(std::move(base), "authorization", "Basic YW55Om9wZW4tc2VzYW1l");  // any:open-sesame
  };
  const auto host = [](const std::string& name) { return with(request("GET", "/readyz"), "host", name); };
  const auto origin = [](const std::string& name) { return with(request("GET", "/readyz"), "origin", name); };
  HttpRequest no_host = request("GET", "/healthz");
  no_host.headers.clear();
  return {
      {"health", request("GET", "/healthz"), loopback, 200, "ok"},
      {"HEAD is GET", request("HEAD", "/healthz"), loopback, 200},
      {"readiness names the reasons", request("GET", "/readyz"), loopback, 200, "ready"},
      {"one webhook", request("GET", hook), loopback, 200, R"("id":"paid-orders")"},
      {"its runs", request("GET", hook + "/runs"), loopback, 200, R"(["2026-11-23T09:00:00Z ok 2 pages)"},
      {"its dead pages", request("GET", hook + "/dead"), loopback, 200, "[]"},
      {"unknown id", request("GET", "/unified/webhook/paid-order"), loopback, 404,
       R"(; did you mean \"paid-orders\"?)"},
      {"unknown id, change", by_socket("PUT", "/unified/webhook/nothing-like-it/resume"), loopback, 404,
       R"(\"nothing-like-it\")"},
      {"unknown path", request("GET", "/nope"), loopback, 404},
      {"no empty id", request("GET", "/unified/webhook/"), loopback, 404},
      {"no deeper path", request("GET", hook + "/runs/1"), loopback, 404},
      {"control paths", by_socket("POST", "/control/reload"), loopback, 200, R"("changed":["b","c"])"},
      {"reload by TCP even with the token", bearer(request("POST", "/control/reload")), loopback, 403,
       "control socket"},

      {"wrong method", request("POST", hook), loopback, 405},
      {"removing without a token", request("DELETE", hook), loopback, 401},
      {"removing one of the YAML", by_socket("DELETE", hook), loopback, 409},
      {"creating without a token", request("POST", "/unified/webhook", "{}"), loopback, 401},
      {"creating", by_socket("POST", "/unified/webhook", "{}"), loopback, 200, R"("id":"made")"},
      {"POST does not trigger", bearer(request("POST", hook + "/trigger")), loopback, 405},
      {"GET does not trigger", request("GET", hook + "/trigger"), loopback, 405},
      {"PATCH does not resume", bearer(request("PATCH", hook + "/resume")), loopback, 405},

      {"change without a token", request("PATCH", hook, pause_body), loopback, 401, "authorization: Bearer"},
      {"change with a wrong token", with(request("PATCH", hook, pause_body), "authorization", "Bearer no"), loopback,
       401},
      {"change with an empty token", with(request("PATCH", hook, pause_body), "authorization", "Bearer "), loopback,
       401},
      {"change with basic", with(request("PATCH", hook, pause_body), "authorization", "Basic open-sesame"), loopback,
       401},
      {"change with the token", bearer(request("PATCH", hook, pause_body)), loopback, 200, R"("is_paused":true)"},
      {"Basic with the token as password",
       with(basic(request("PATCH", hook, pause_body)), "origin", "http://127.0.0.1:8420"), loopback, 200},
      {"Basic without an Origin", basic(request("PATCH", hook, pause_body)), loopback, 403, "Origin"},
      {"Basic of a foreign page", with(basic(request("PATCH", hook, pause_body)), "origin", "http://evil.example"),
       loopback, 403},
      {"Basic that is no base64", with(request("PATCH", hook, pause_body), "authorization", "Basic %"), loopback, 401},
      {"Basic, reading", basic(request("GET", "/unified/webhook")), everywhere, 200},
      {"a picture of a foreign page", with(request("GET", "/unified/webhook"), "sec-fetch-site", "cross-site"),
       loopback, 403},
      {"explain without the token", request("GET", hook + "/explain"), loopback, 401},
      {"explain", bearer(request("GET", hook + "/explain")), loopback, 200, "explained"},
      {"the bare token", with(request("PUT", hook, pause_body), "authorization", "open-sesame"), loopback, 200},
      {"the scheme in any case", with(request("PUT", hook, pause_body), "authorization", "bEARER open-sesame"),
       loopback, 200},
      {"no token configured", request("PATCH", hook, pause_body), loopback_without_token, 403, "set api.token"},
      {"no token configured, one given", bearer(request("PATCH", hook, pause_body)), loopback_without_token, 403,
       "set api.token"},
      {"no token configured, an empty one given", with(request("PATCH", hook, pause_body), "authorization", ""),
       loopback_without_token, 403},
      {"the socket needs none", by_socket("PATCH", hook, pause_body), loopback_without_token, 200},

      {"not loopback: read without", request("GET", "/unified/webhook"), everywhere, 401},
      {"not loopback: readiness without", request("GET", "/readyz"), everywhere, 401},
      {"not loopback: unknown path without", request("GET", "/nope"), everywhere, 401},
      {"not loopback: health without", request("GET", "/healthz"), everywhere, 200},
      {"not loopback: metrics without", request("GET", "/metrics"), everywhere, 401},
      {"not loopback: read with", bearer(request("GET", "/unified/webhook")), everywhere, 200},
      {"not loopback: none configured", request("GET", "/unified/webhook"), everywhere_without_token, 403,
       "set api.token"},
      {"not loopback: the socket", by_socket("GET", "/unified/webhook"), everywhere_without_token, 200},

      {"no Host", no_host, loopback, 400},
      {"localhost", host("LOCALHOST:8420"), loopback, 200},
      {"other loopback forms", host("127.1.2.3:8420"), loopback, 200},
      {"IPv6 loopback", host("[0:0::1]:8420"), loopback, 200},
      {"another port", host("127.0.0.1:8421"), loopback, 403},
      {"no port", host("localhost"), loopback, 403},
      {"a rebound name", host("evil.example:8420"), loopback, 403},
      {"a name that looks like loopback", host("127.0.0.1.evil.example:8420"), loopback, 403},
      {"another address", host("10.0.0.1:8420"), loopback, 403},
      {"two Hosts", host("127.0.0.1:8420, evil.example"), loopback, 403},
      {"garbage", host("[::1:8420"), loopback, 403},
      {"a rebound name even with the token", bearer(host("evil.example:8420")), loopback, 403},
      {"everywhere, any literal", bearer(host("10.0.0.1:8420")), everywhere, 200},
      {"everywhere, a rebound name", with(request("GET", "/healthz"), "host", "evil.example:8420"), everywhere, 403},
      {"everywhere, this machine's name", with(request("GET", "/healthz"), "host", "box:8420"), everywhere, 200},
      {"everywhere, the token vouches for a name", bearer(host("hooks.example")), everywhere, 200},
      {"own origin", origin("http://localhost:8420"), loopback, 200},
      {"foreign origin", origin("https://evil.example"), loopback, 403},
      {"an origin of another port", origin("http://127.0.0.1:3000"), loopback, 403},
      {"no origin to speak of", origin("null"), loopback, 403},
      {"a foreign origin even with the token", bearer(origin("http://evil.example:8420")), everywhere, 403},

      {"no body", by_socket("PATCH", hook), loopback, 400, "must be a JSON object"},
      {"not JSON", by_socket("PATCH", hook, "{"), loopback, 400},
      {"a list", by_socket("PATCH", hook, "[true]"), loopback, 400},
      {"no is_paused", by_socket("PATCH", hook, "{}"), loopback, 400, "is_paused is missing"},
      {"text for true", by_socket("PATCH", hook, R"({"is_paused":"true"})"), loopback, 400},
      {"the model's spelling", by_socket("PATCH", hook, R"({"IsPaused":true})"), loopback, 200, R"("is_paused":true)"},
      {"a field of the YAML", by_socket("PATCH", hook, R"({"is_paused":true,"interval":5})"), loopback, 409, "YAML"},
      {"the same as it is", by_socket("PATCH", hook, R"({"is_paused":true,"interval":0.5})"), loopback, 200},
      {"a tracked field", by_socket("PATCH", hook, R"({"is_paused":true,"is_healthy":true})"), loopback, 409,
       "tracked"},
      {"a tracked field, whole object", by_socket("PUT", hook, R"({"is_paused":true,"is_healthy":true})"), loopback,
       200},
      {"no field at all", by_socket("PUT", hook, R"({"is_paused":true,"is_pausd":true})"), loopback, 400, "is_pausd"},
      {"very deep", by_socket("PATCH", hook, std::string(500'000, '[')), loopback, 400},
      {"very deep and whole",
       by_socket("PATCH", hook, "{\"filters\":" + std::string(400'000, '[') + std::string(400'000, ']') + "}"),
       loopback, 400},
      {"trigger", by_socket("PUT", hook + "/trigger"), loopback, 200, R"("ok":true)"},
      {"replay", by_socket("POST", hook + "/replay", R"({"dead":true})"), loopback, 200, R"("revived":2)"},
      {"replay of nothing said", by_socket("POST", hook + "/replay"), loopback, 400},
  };
}

std::vector<Case> replays() {
  return {
      {"replay of a range", by_socket("POST", hook + "/replay", R"({"from":3,"to":4,"since":"2026-11-23T09:00:00Z"})"),
       loopback, 200, R"("queued":1)"},
      {"replay elsewhere", by_socket("POST", hook + "/replay", R"({"dead":true,"url":"http://127.0.0.1:9/x"})"),
       loopback, 200},
      {"replay that finds nothing", by_socket("POST", hook + "/replay", R"({"from":404})"), loopback, 200,
       "none of them in this range"},
      {"replay of no range", by_socket("POST", hook + "/replay", R"({"dead":false})"), loopback, 400,
       "select the pages"},
      {"replay backwards", by_socket("POST", hook + "/replay", R"({"from":4,"to":3})"), loopback, 400, "greater"},
      {"replay from nowhere", by_socket("POST", hook + "/replay", R"({"from":0})"), loopback, 400, "from must be"},
      {"replay from a text", by_socket("POST", hook + "/replay", R"({"from":"3"})"), loopback, 400, "from must be"},
      {"replay since when", by_socket("POST", hook + "/replay", R"({"since":"noon"})"), loopback, 400, "since must"},
      {"replay to a file", by_socket("POST", hook + "/replay", R"({"dead":true,"url":"file:///x"})"), loopback, 400,
       "url must begin with"},
      {"replay to a password", by_socket("POST", hook + "/replay", R"({"dead":true,"url":"http://a:b@c/"})"), loopback,
       400, "url contains a user"},
      {"replay of what is unknown", by_socket("POST", hook + "/replay", R"({"dead":true,"fro":3})"), loopback, 400,
       "fro is unknown"},
  };
}

TEST(Api, Table) {
  auto all = cases();
  for (auto& item : replays()) all.push_back(std::move(item));
  for (const auto& item : all) {
    FakeControl fake;
    const auto response = answer(item.request, fake.control(), item.policy);
    EXPECT_EQ(response.status, item.status) << item.what << ": " << response.body;
    EXPECT_NE(response.body.find(item.contains), std::string::npos) << item.what << ": " << response.body;
    ASSERT_FALSE(json::parse(response.body, nullptr, false).is_discarded()) << item.what;
    if (response.status < 400) continue;
    EXPECT_TRUE(json::parse(response.body).contains("error")) << item.what;
    EXPECT_TRUE(json::parse(response.body)["details"].is_array()) << item.what;
    EXPECT_TRUE(fake.asked().empty()) << item.what << " did something although it was refused";
    EXPECT_EQ(response.body.find("open-sesame"), std::string::npos) << item.what;
    const std::string challenge = header_of(response, "www-authenticate");
    EXPECT_EQ(response.status == 401, challenge.starts_with("Bearer")) << item.what;
  }
}

TEST(Api, ThePageIsForBrowsersAndSoAreItsErrors) {
  FakeControl fake;
  const auto browser = [](HttpRequest base) { return with(std::move(base), "accept", "text/html,*/*"); };
  const auto list = answer(request("GET", "/"), fake.control(), loopback);
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(list.body.contains("paid-orders"));
  EXPECT_FALSE(list.body.contains("hunter2"));
  EXPECT_TRUE(header_of(list, "content-security-policy").starts_with("default-src 'none'"));
  const auto one = answer(request("GET", "/webhook/paid-orders"), fake.control(), loopback);
  EXPECT_TRUE(one.body.contains("the receiver answers 500"));
  EXPECT_FALSE(one.body.contains("hunter2"));
  const auto nobody = answer(browser(request("GET", "/webhook/nobody")), fake.control(), loopback);
  EXPECT_EQ(nobody.status, 404);
  EXPECT_EQ(nobody.content_type, "text/html; charset=utf-8");
  const auto stranger = answer(browser(request("POST", "/webhook/paid-orders/pause")), fake.control(), loopback);
  EXPECT_EQ(stranger.status, 401);
  EXPECT_TRUE(header_of(stranger, "www-authenticate").starts_with("Basic"));
  EXPECT_EQ(answer(browser(request("GET", "/")), fake.control(), everywhere).status, 401);
  EXPECT_EQ(answer(request("GET", "/app.js"), fake.control(), everywhere).status, 401);
  EXPECT_EQ(answer(request("GET", "/app.js"), fake.control(), loopback).content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(answer(request("GET", "/layout.html"), fake.control(), loopback).status, 404);
  EXPECT_TRUE(fake.asked().empty());
}

TEST(Api, MetricsAreText) {
  FakeControl fake;
  const auto response = answer(request("GET", "/metrics"), fake.control(), loopback);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body, "up 1\n");
  ASSERT_TRUE(response.more);
  EXPECT_EQ(response.more() + response.more(), "up 1\n") << "the second of two pieces, and the end";
}

TEST(Api, WrongMethodNamesTheRightOnes) {
  FakeControl fake;
  EXPECT_EQ(header_of(answer(request("POST", hook), fake.control(), loopback), "allow"),
            "GET, HEAD, PATCH, PUT, DELETE");
  EXPECT_EQ(header_of(answer(request("GET", hook + "/trigger"), fake.control(), loopback), "allow"), "PATCH, PUT");
}

TEST(Api, HealthAndReadinessSayWhatIsWrong) {
  FakeControl fake;
  fake.alive = false;
  fake.reasons = {"paid-orders: refused", "new-users: stale"};
  EXPECT_EQ(answer(request("GET", "/healthz"), fake.control(), loopback).status, 503);
  const auto ready = answer(request("GET", "/readyz"), fake.control(), loopback);
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(json::parse(ready.body)["details"], json(fake.reasons));
}

std::vector<std::string> ids(const std::map<std::string, std::string>& query, FakeControl& fake) {
  HttpRequest list = request("GET", "/unified/webhook");
  list.query = query;
  const auto response = answer(list, fake.control(), loopback);
  if (response.status != 200) return {std::to_string(response.status)};
  std::vector<std::string> out;
  for (const auto& item : json::parse(response.body)) out.push_back(item["id"]);
  return out;
}

TEST(Api, OfALongListOnlyWhatIsShownIsLookedUp) {
  FakeControl fake;
  fake.webhooks.clear();
  for (int i = 0; i < 3000; ++i) fake.webhooks.push_back(testing::bare("w" + std::to_string(10000 + i)));
  std::vector<std::string> looked_up;
  fake.on_get = [&](const std::string& id) {
    looked_up.push_back(id);
    return testing::bare(id);
  };
  HttpRequest list = request("GET", "/unified/webhook");
  for (const auto& [sort, first] : std::map<std::string, std::string>{{"", "w10100"}, {"desc", "w12899"}}) {
    looked_up.clear();
    list.query = {{"limit", "2"}, {"offset", "100"}};
    if (!sort.empty()) list.query["order"] = sort;
    const auto response = answer(list, fake.control(), loopback);
    EXPECT_EQ(header_of(response, "x-total-count"), "3000");
    EXPECT_EQ(json::parse(response.body)[0]["id"], first);
    EXPECT_EQ(looked_up.size(), 2U);
  }
  looked_up.clear();
  EXPECT_EQ(answer(request("GET", "/"), fake.control(), loopback).status, 200);
  EXPECT_EQ(looked_up.size(), 1000U);
}

TEST(Api, ListIsFilteredSortedAndCut) {
  using Ids = std::vector<std::string>;
  FakeControl fake;
  fake.webhooks = {testing::paid_orders(), testing::bare("b"), testing::bare("a")};
  fake.webhooks[1].paused = true;
  EXPECT_EQ(ids({}, fake), (Ids{"paid-orders", "b", "a"}));
  EXPECT_EQ(ids({{"limit", "1"}, {"offset", "1"}}, fake), Ids{"b"});
  EXPECT_EQ(ids({{"offset", "7"}}, fake), Ids{});
  EXPECT_EQ(ids({{"is_healthy", "false"}}, fake), Ids{"paid-orders"});
  EXPECT_EQ(ids({{"is_paused", "true"}}, fake), Ids{"b"});
  EXPECT_EQ(ids({{"connection_id", "other"}}, fake), (Ids{"b", "a"}));
  EXPECT_EQ(ids({{"object", "users"}}, fake), (Ids{"b", "a"}));
  EXPECT_EQ(ids({{"integration_type", "postgres"}}, fake), Ids{"paid-orders"});
  EXPECT_EQ(ids({{"env", "Sandbox"}}, fake), Ids{});
  EXPECT_EQ(ids({{"updated_gte", "2026-11-02T00:00:00.5Z"}}, fake), Ids{"paid-orders"});
  EXPECT_EQ(ids({{"updated_gte", "2026-11-02T00:00:00.6Z"}}, fake), Ids{});
  EXPECT_EQ(ids({{"created_lte", "2026-10-31T00:00:00Z"}}, fake), (Ids{"b", "a"}));
  EXPECT_EQ(ids({{"sort", "id"}}, fake), (Ids{"a", "b", "paid-orders"}));
  EXPECT_EQ(ids({{"sort", "name"}}, fake), (Ids{"a", "b", "paid-orders"}));
  EXPECT_EQ(ids({{"sort", "created_at"}, {"order", "desc"}}, fake), (Ids{"paid-orders", "b", "a"}));
  EXPECT_EQ(ids({{"order", "desc"}}, fake), (Ids{"a", "b", "paid-orders"}));
  for (const auto& [name, value] : std::map<std::string, std::string>{{"limit", "0"},
                                                                      {"limit", "x"},
                                                                      {"offset", "-1"},
                                                                      {"is_healthy", "yes"},
                                                                      {"sort", "secret"},
                                                                      {"order", "up"},
                                                                      {"updated_gte", "yesterday"},
                                                                      {"limt", "1"}}) {
    EXPECT_EQ(ids({{name, value}}, fake), Ids{"400"}) << name << "=" << value;
  }
}

TEST(Api, AnObjectThatWasReadMayBeSentBack) {
  FakeControl fake;
  const std::string read = answer(request("GET", hook), fake.control(), loopback).body;
  fake.webhooks[0].state.checked_at = *parse_rfc3339("2026-11-23T10:00:00Z");
  EXPECT_EQ(answer(by_socket("PUT", hook, read), fake.control(), loopback).status, 200);
  EXPECT_EQ(fake.asked(), std::vector<std::string>{"resume paid-orders"});
}

TEST(Api, ATriggerThatFailedIsAnAnswer) {
  FakeControl fake;
  fake.run = {*parse_rfc3339("2026-11-23T09:00:00Z"), false, 0, 0, 3, "no such table"};
  const auto response = answer(by_socket("PUT", hook + "/trigger"), fake.control(), loopback);
  EXPECT_EQ(response.status, 200);
  const auto body = json::parse(response.body);
  EXPECT_EQ(body["ok"], false);
  EXPECT_EQ(body["run"], "2026-11-23T09:00:00Z failed 3 ms: no such table");
}

TEST(Api, OnlyTheSocketsAddressesAreTheOperators) {
  FakeControl fake;
  const std::string body = R"({"dead":true,"url":"http://127.0.0.1:9/x"})";
  answer(by_socket("POST", hook + "/replay", body), fake.control(), loopback);
  answer(with(request("POST", hook + "/replay", body), "authorization", "open-sesame"), fake.control(), loopback);
  EXPECT_EQ(fake.asked(), (std::vector<std::string>{"replay dead by the operator at http://127.0.0.1:9/x paid-orders",
                                                    "replay dead at http://127.0.0.1:9/x paid-orders"}));
}

TEST(Api, AnInvalidConfigurationIsShownWhole) {
  FakeControl fake;
  fake.report = std::unexpected(Refusal{Refusal::Why::invalid, {"a.yaml:1:1: x", "a.yaml:2:1: y"}});
  const auto response = answer(by_socket("POST", "/control/reload"), fake.control(), loopback);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json::parse(response.body)["details"].size(), 2U);
}

TEST(Api, DeadPagesAreListedWithoutAndShownWithTheirBody) {
  FakeControl fake;
  fake.pages = {{"paid-orders", {"p1", 7, PageType::virtual_, 1, R"({"data":[]})"}, 9, {}, {}, "500"}};
  const auto list = json::parse(answer(request("GET", hook + "/dead"), fake.control(), loopback).body);
  EXPECT_EQ(list[0]["page"], "p1");
  EXPECT_EQ(list[0]["sequence"], 7);
  EXPECT_FALSE(list[0].contains("body"));
  HttpRequest show = request("GET", hook + "/dead");
  show.query["page"] = "p1";
  EXPECT_EQ(json::parse(answer(show, fake.control(), loopback).body)["body"], R"({"data":[]})");
  show.query["page"] = "p2";
  EXPECT_EQ(answer(show, fake.control(), loopback).status, 404);
}

TEST(ListenAddress, Forms) {
  EXPECT_EQ(parse_listen("127.0.0.1:8420").value(), (ListenAddress{"127.0.0.1", 8420}));
  EXPECT_EQ(parse_listen("localhost:0").value(), (ListenAddress{"127.0.0.1", 0}));
  EXPECT_EQ(parse_listen("[::1]:80").value(), (ListenAddress{"::1", 80}));
  EXPECT_EQ(parse_listen("[::ffff:127.0.0.1]:80").value(), (ListenAddress{"127.0.0.1", 80}));
  for (const char* bad :
       {"", "8420", "127.0.0.1", "::1:80", "[127.0.0.1]:80", "box:80", "127.0.0.1:65536", "127.0.0.1:x"}) {
    EXPECT_FALSE(parse_listen(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace vhookd
