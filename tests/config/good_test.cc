// The typed result of tests/config/good, and of what reading puts together out of several files.
#include <gtest/gtest.h>

#include "config/hook.h"
#include "config/load.h"
#include "core/crypto.h"
#include "core/time_text.h"
#include "tests/config/support.h"
#include "tests/support/paths.h"

namespace vhookd::config {
namespace {

using namespace std::chrono_literals;

const std::string folder = source_dir() + "/tests/config/good/";

Config good(const std::string& path, const SecretSources& secrets = test_secrets()) {
  auto config = load(path, secrets);
  if (config) return std::move(*config);
  for (const std::string& error : config.error()) ADD_FAILURE() << error;
  return {};
}

Errors errors_of(const std::string& path) {
  const auto config = load(path, test_secrets());
  return config ? Errors{} : config.error();
}

std::string webhook(const std::string& id, const std::string& further = "") {
  return "  - {id: " + id + ", connection_id: c, db_url: 'sqlite:///srv/a.db', object_type: t, event: updated, " +
         "hook_url: 'https://h.example/'" + further + "}\n";
}

std::string text_of(const Filter& filter) {
  std::string text = filter.column + " " + std::string(name_of(filter.op));
  for (const Param& value : filter.values)
    text += " " + std::to_string(static_cast<int>(value.kind)) + ":" + value.text;
  return text;
}

std::string kind(Kind kind) {
  return std::to_string(static_cast<int>(kind)) + ":";
}

TEST(Good, Shop) {
  const Config config = good(folder + "shop.yaml");
  ASSERT_EQ(config.webhooks.size(), 1U);
  const Webhook& hook = config.webhooks[0];
  EXPECT_EQ(hook.id, "paid-orders");
  EXPECT_EQ(hook.origin.text(), folder + "shop.yaml:8");
  EXPECT_EQ(hook.connection_id, "shop");
  EXPECT_EQ(hook.database->type, DbType::postgres);
  EXPECT_EQ(hook.database->url.reveal(),
            "postgresql://reader:CaNaRy-0b5e%20%40%3A%2F%3F%23%25%27%5C@db.example/shop?sslmode=verify-full");
  EXPECT_EQ(hook.database->display, "postgresql://reader:***@db.example/shop?sslmode=verify-full");
  EXPECT_EQ(hook.database->schema, "public");
  EXPECT_EQ(hook.fields, (std::vector<std::string>{"id", "status", "total", "updated_at"}));
  EXPECT_EQ(hook.filters_json, R"({"status":"paid","total":{"gte":100}})");
  EXPECT_EQ(hook.interval, 30s);
  EXPECT_EQ(hook.page_max_limit, 500);
  EXPECT_EQ(hook.delivery->hook_url, "https://app.example/hooks/orders");
  EXPECT_EQ(hook.delivery->hook_url_display, hook.delivery->hook_url);
  ASSERT_EQ(hook.delivery->secrets.size(), 1U);
  EXPECT_EQ("whsec_" + base64(hook.delivery->secrets[0].reveal()), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  EXPECT_TRUE(config.notices.empty());
}

TEST(Good, DefaultsOfTheProgram) {
  const Config config = good(folder + "shop.yaml");
  const Webhook& hook = config.webhooks.at(0);
  EXPECT_EQ(hook.labels->environment, "Production");
  EXPECT_EQ(hook.labels->integration_type, "postgres");
  EXPECT_EQ(hook.labels->webhook_type, "virtual");
  EXPECT_EQ(hook.delivery->timeout, 15s);
  EXPECT_EQ(hook.delivery->retry, Retry{});
  EXPECT_EQ(hook.delivery->on_dead, OnDead::hold);
  EXPECT_EQ(hook.delivery->on_reject, OnReject::hold);
  EXPECT_EQ(hook.delivery->keep, (Keep{7 * 24h, std::int64_t{64} << 20}));
  EXPECT_FALSE(hook.delivery->rate_limit);
  EXPECT_TRUE(hook.delivery->tls.empty());
  EXPECT_EQ(hook.detect, Detect::automatic);
  EXPECT_TRUE(hook.include_created);
  EXPECT_FALSE(hook.include_all);
  EXPECT_FALSE(hook.is_paused);
  EXPECT_FALSE(hook.checked_at || hook.lookback || hook.hold_if_changed_over);
  EXPECT_EQ(config.api, Api{});
  EXPECT_EQ(config.log, Log{});
  EXPECT_EQ(config.limits, Limits{});
  EXPECT_EQ(config.state, "");
}

TEST(Good, TopLevelOfEverything) {
  const Config config = good(folder + "everything.yaml");
  EXPECT_EQ(config.state, "/srv/vhookd");
  EXPECT_EQ(config.api, (Api{"[::1]:8421", "/run/vhookd/control.sock", Secret(std::string(canary) + "-long-enough")}));
  EXPECT_EQ(config.log, (Log{"debug", LogFormat::json}));
  EXPECT_EQ(config.egress, (Egress{{"10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"}, {"10.9.0.0/16"}}));
  EXPECT_EQ(config.limits, (Limits{4, 100, std::int64_t{512} << 20, 0}));
}

TEST(Good, WebhookOfEverything) {
  const Config config = good(folder + "everything.yaml");
  ASSERT_EQ(config.webhooks.size(), 2U);
  const Webhook& hook = config.webhooks[0];
  EXPECT_EQ(hook.database->type, DbType::mysql);
  EXPECT_EQ(hook.database->display, "mysql://reader:***@db.example:3307/shop?ssl-mode=REQUIRED");
  EXPECT_EQ(hook.database->schema, "archive");
  EXPECT_EQ(hook.table_name(), "app_orders");
  EXPECT_EQ(hook.event, Event::deleted);
  EXPECT_EQ(hook.fields, (std::vector<std::string>{"id", "with, comma"}));
  EXPECT_EQ(hook.interval, 30s);
  EXPECT_EQ(hook.page_max_limit, 10000);
  EXPECT_EQ(hook.delivery->hook_url, std::string("https://app.example:8443/hooks/") + canary + "?a=b");
  EXPECT_EQ(hook.delivery->hook_url_display, "https://app.example:8443/hooks/${env:CANARY}?a=b");
  EXPECT_TRUE(hook.is_paused);
  EXPECT_EQ(hook.labels->environment, "Staging");
  EXPECT_EQ(hook.labels->workspace_id, "12345");
  EXPECT_EQ(hook.labels->integration_type, "legacy");
  EXPECT_EQ(hook.checked_at, parse_rfc3339("2026-11-23T09:00:00.5Z"));
  ASSERT_EQ(hook.delivery->secrets.size(), 3U);
  EXPECT_EQ(hook.delivery->secrets[1].kind(), SigningKey::Kind::ed25519);
  EXPECT_EQ(hook.shared_secret().reveal(), hook.delivery->secrets[0].reveal());
  EXPECT_EQ(hook.delivery->headers,
            (Headers{{"authorization", Secret(std::string("Bearer ") + canary)}, {"x-number", Secret("5")}}));
  EXPECT_EQ(hook.delivery->timeout, 5s);
  EXPECT_EQ(hook.delivery->retry, (Retry{72h, 100ms, 10min}));  // a webhook's map replaces the default's as a whole
  EXPECT_EQ(hook.delivery->on_dead, OnDead::go_on);
  EXPECT_EQ(hook.delivery->on_reject, OnReject::split);
  EXPECT_EQ(hook.delivery->rate_limit, 2.5);
  EXPECT_EQ(hook.delivery->keep, (Keep{12h, 1'000'000}));
  EXPECT_EQ(hook.detect, Detect::snapshot);
  EXPECT_EQ(hook.columns->key, (std::vector<std::string>{"id", "region"}));
  EXPECT_EQ(hook.columns->updated + hook.columns->created + hook.columns->deleted, "changed_atmade_atgone_at");
  EXPECT_EQ(hook.lookback, 2min);
  EXPECT_EQ(hook.hold_if_changed_over, 0.4);

  const Webhook& plain = config.webhooks[1];
  EXPECT_EQ(plain.database->url.reveal(), "sqlite:///srv/an app@home.db");
  EXPECT_EQ(plain.database->display, plain.database->url.reveal());
  EXPECT_EQ(plain.labels->integration_type, "sqlite");
  EXPECT_FALSE(plain.include_created);
  EXPECT_EQ(plain.interval, 45s);
  EXPECT_EQ(plain.delivery->retry.give_up_after, 24h);
  EXPECT_EQ(plain.delivery->headers, (Headers{{"x-from-defaults", Secret("1")}}));
}

TEST(Good, FiltersKeepTheirTypes) {
  const Config config = good(folder + "everything.yaml");
  std::vector<std::string> texts;
  for (const Filter& filter : config.webhooks.at(0).filters) texts.push_back(text_of(filter));
  const std::string text = kind(Kind::text);
  const std::string integer = kind(Kind::integer);
  const std::string decimal = kind(Kind::decimal);
  const std::string boolean = kind(Kind::boolean);
  EXPECT_EQ(texts, (std::vector<std::string>{
                       "status in " + text + "paid " + text + "no " + integer + "3",
                       "gone is_null " + boolean + "t",
                       "total gte " + integer + "100",
                       "total lt " + decimal + "1000.50",
                       "total ne " + integer + "500",
                       "small eq " + decimal + "0.5",
                       "large eq " + kind(Kind::real) + "1.5e+3",
                       "big eq " + integer + "123456789012345678901234567890",
                       "minus eq " + integer + "0",
                       "paid eq " + boolean + "t",
                       "name like " + text + "A%",
                       "since gt " + text + "2026-01-01 00:00:00",
                       "note is_null " + boolean + "f",
                       "kind not_in " + integer + "1 " + integer + "2",
                       "tenant eq " + text + canary,
                       "quoted \"col\" eq " + text + "010",
                   }));
  EXPECT_EQ(config.webhooks[0].filters_json,
            R"({"status":["paid","no",3],"gone":null,"total":{"gte":100,"lt":1000.50,"ne":500},"small":0.5,)"
            R"("large":1.5e+3,"big":123456789012345678901234567890,"minus":0,"paid":true,"name":{"like":"A%"},)"
            R"("since":{"gt":"2026-01-01 00:00:00"},"note":{"is_null":false},"kind":{"not_in":[1,2]},)"
            R"("tenant":"${env:CANARY}","quoted \"col\"":"010"})");
}

TEST(Good, TheModelsSpellings) {
  const Config config = good(folder + "spellings.yaml");
  ASSERT_EQ(config.webhooks.size(), 2U);
  EXPECT_EQ(config.log.level, "warn");
  EXPECT_EQ(config.webhooks[0].database->type, DbType::supabase);
  EXPECT_EQ(config.webhooks[0].database->url.reveal(),
            R"(host=db.example dbname=shop user=reader password='it\'s CaNaRy-0b5e\ @:/?#%\'\\')");
  EXPECT_EQ(config.webhooks[0].database->display, "host=db.example dbname=shop user=reader password=***");
  EXPECT_EQ(config.webhooks[0].page_max_limit, 7);
  EXPECT_EQ(config.webhooks[0].filters_json, R"({"a":{"not_in":[1],"is_null":false}})");
  EXPECT_EQ(config.webhooks[1].page_max_limit, 8);
  EXPECT_EQ(config.notices,
            std::vector<std::string>{folder + "spellings.yaml:20:17: webhooks[1].include_all: has no " +
                                     "effect with event: deleted, because there are no rows to send first"});
}

TEST(Good, NothingConfiguredIsANotice) {
  const TempFolder temp;
  for (const std::string& path : {folder + "nothing.yaml", folder + "off.yaml", folder + "listen_everywhere.yaml",
                                  temp.write("empty.yaml", ""), temp.write("comment.yaml", "# nothing\n"),
                                  temp.write("dashes.yaml", "---\n"), temp.write("mark.yaml", "\xEF\xBB\xBFlog:\r\n")})
    EXPECT_EQ(good(path).notices,
              std::vector<std::string>{path + ": no webhooks are configured; nothing will be polled"});
}

TEST(Good, ColumnsAreCountedBehindAByteOrderMark) {
  const TempFolder temp;
  const std::string path = temp.write("a.yaml", "\xEF\xBB\xBFstate: x\r\nlog: {level: x}\r\n");
  EXPECT_EQ(errors_of(path), (Errors{path + ":1:8: state: \"x\" must be an absolute path; begin it with /",
                                     path + ":2:14: log.level: \"x\" is not one of trace, debug, info, warn, error"}));
}

// A hundred thousand webhooks are to fit into memory: what is the same for many stands there once.
TEST(Good, WebhooksShareWhatIsTheSame) {
  const TempFolder temp;
  const auto webhook = [](const std::string& id, const std::string& more) {
    return "  - {id: " + id + ", connection_id: k, object_type: " + id + ", event: updated" + more + "}\n";
  };
  const Config config =
      good(temp.write("vhookd.yaml",
                      "connections: {k: {db_url: 'sqlite:///srv/k.db'}}\n"
                      "defaults: {hook_url: 'https://app.example/in', headers: {a: b}, key: [id]}\n"
                      "webhooks:\n" +
                          webhook("a", "") + webhook("b", "") + webhook("own", ", timeout: 3s, environment: Test") +
                          webhook("c", ", timeout: 3s, environment: Test")));
  const auto& [a, b, own, c] = std::tie(config.webhooks[0], config.webhooks[1], config.webhooks[2], config.webhooks[3]);
  for (const Webhook* each : {&b, &own, &c}) {
    EXPECT_TRUE(each->database.same_as(a.database)) << each->id;
    EXPECT_TRUE(each->columns.same_as(a.columns)) << each->id;
  }
  EXPECT_TRUE(b.delivery.same_as(a.delivery) && b.labels.same_as(a.labels) && b.origin.file.same_as(a.origin.file));
  EXPECT_FALSE(own.delivery == a.delivery);
  EXPECT_EQ(a.delivery->timeout, 15s);
  EXPECT_EQ(own.delivery->timeout, 3s);
  EXPECT_EQ(own.delivery->headers, a.delivery->headers);
  EXPECT_TRUE(c.delivery.same_as(own.delivery) && c.labels.same_as(own.labels));
}

TEST(Files, ConfDIsReadAfterTheFileInNameOrder) {
  const TempFolder temp;
  const std::string main = temp.write("vhookd.yaml", "defaults: {page_max_limit: 3}\nwebhooks:\n" + webhook("m"));
  temp.write("conf.d/20.yaml", "webhooks:\n" + webhook("z"));
  temp.write("conf.d/10.yaml", "connections: {k: {db_url: 'sqlite:///srv/k.db'}}\nwebhooks:\n" + webhook("y"));
  temp.write("conf.d/.#10.yaml", "broken: [");
  const std::string yml = temp.write("conf.d/30.yml", "broken: [");
  for (const std::string& path : {main, temp.path()}) {
    const Config config = good(path);
    ASSERT_EQ(config.webhooks.size(), 3U) << path;
    EXPECT_EQ(config.webhooks[0].id + config.webhooks[1].id + config.webhooks[2].id, "myz");
    EXPECT_EQ(config.webhooks[2].page_max_limit, 3);
    EXPECT_EQ(config.webhooks[1].origin.text(), temp.path() + "/conf.d/10.yaml:3");
    EXPECT_EQ(config.notices, std::vector<std::string>{yml + ": is ignored; rename it to end with .yaml"});
  }
}

TEST(Files, AFolderIsReadInNameOrder) {
  const TempFolder temp;
  temp.write("b.yaml", "webhooks:\n" + webhook("b"));
  temp.write("a.yaml", "webhooks:\n" + webhook("a"));
  const Config config = good(temp.path());
  ASSERT_EQ(config.webhooks.size(), 2U);
  EXPECT_EQ(config.webhooks[0].id, "a");
}

TEST(Good, ClientLibrariesKnowTheirSchemesInLowerCaseOnly) {
  const TempFolder temp;
  for (const char* url : {"POSTGRESQL://h/Db?sslmode=require&", "MySql://u@h/Db?", "SQLite:///srv/A.db"}) {
    const Config config = good(temp.write(
        "v.yaml", "connections: {c: {db_url: '" + std::string(url) + "'}}\nwebhooks:\n  - {id: a, connection_id: c, " +
                      "object_type: t, event: updated, hook_url: 'https://h.example/'}\n"));
    ASSERT_EQ(config.webhooks.size(), 1U) << url;
    std::string expected(url);
    std::transform(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(expected.find(':')),
                   expected.begin(), [](unsigned char c) { return std::tolower(c); });
    EXPECT_EQ(config.webhooks[0].database->url.reveal(), expected);
  }
}

TEST(Good, InstantsAreRfc3339InEitherCase) {
  const auto nine = parse_rfc3339("2026-11-23T09:00:00Z");
  for (const char* text : {"2026-11-23t09:00:00z", "2026-11-23 09:00:00Z", "2026-11-23t10:00:00.000+01:00"})
    EXPECT_EQ(parse_rfc3339(text), nine) << text;
}

TEST(Secrets, OfFilesAndCredentials) {
  const TempFolder temp;
  const std::string whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  temp.write("credentials/hook.secret", whsec + "\r\n");
  const std::string file = temp.write("token", "one\n\n");
  const std::string path = temp.write(
      "v.yaml", "webhooks:\n" + webhook("a", ", secret: '${credential:hook.secret}', headers: {a: \"${file:" +
                                                 temp.write("value", "v\n") + "}-${file:" + temp.path() +
                                                 "/value}\", b: '$${env:X} $$ ${env:INTERVAL}$'}"));
  const Config config = good(path, test_secrets(temp.path() + "/credentials"));
  ASSERT_EQ(config.webhooks.size(), 1U);
  EXPECT_EQ(config.webhooks[0].delivery->secrets, std::vector{SigningKey(Secret(*decode_base64(whsec.substr(6))))});
  EXPECT_EQ(config.webhooks[0].delivery->headers, (Headers{{"a", Secret("v-v")}, {"b", Secret("${env:X} $$ 45s$")}}));

  // One line break is cut, no more: what is left is refused where no line break may stand.
  const std::string two = temp.write("w.yaml", "webhooks:\n" + webhook("a", ", headers: {a: '${file:" + file + "}'}"));
  EXPECT_EQ(errors_of(two).size(), 1U);
  temp.write("value", std::string(64 * 1024 + 1, 'x'));
  EXPECT_EQ(errors_of(path).size(), 3U);  // the file twice, and the credential without its folder
  temp.write("value", "\xFF");
  EXPECT_EQ(errors_of(path).size(), 3U);
}

TEST(Secrets, AStoredOneInAPublicPlaceIsANotice) {
  const TempFolder temp;
  const std::string path =
      temp.write("v.yaml", "webhooks:\n" + webhook("a", ", workspace_id: '${file:" + temp.write("x", "w") + "}'"));
  const Config config = good(path);
  ASSERT_EQ(config.notices.size(), 1U);
  EXPECT_TRUE(
      config.notices[0].ends_with("webhooks[0].workspace_id: is shown and sent unmasked; do not use a secret here"));
}

struct Shown {
  const char* written;
  const char* display;
};

TEST(Secrets, AReferenceInAQueryOrAPathIsEncodedAsItsPlaceNeeds) {
  const TempFolder temp;
  const std::pair<std::string, std::string> cases[] = {
      {"postgresql://h/db?password=${env:ODD}&sslmode=require",
       "postgresql://h/db?password=p%26w%3D%25%40%2F&sslmode=require"},
      {"postgresql://h/db?sslmode=require&password=x${env:ODD}",
       "postgresql://h/db?sslmode=require&password=xp%26w%3D%25%40%2F"},
      {"postgresql://h/db?${env:PARAMETERS}", "postgresql://h/db?sslmode=require&user=u"},
      {"mysql://u@h/db?ssl-mode=VERIFY_CA&ssl-ca=${env:ODD}",
       "mysql://u@h/db?ssl-mode=VERIFY_CA&ssl-ca=p%26w%3D%25%40%2F"},
      {"sqlite://${env:PATH}", "sqlite:///srv/an%20app%3F%20100%25%23.db"},
      {"sqlite:///srv/${env:ODD}.db", "sqlite:///srv/p%26w%3D%25%40/.db"},
  };
  const SecretSources secrets{[](const std::string& name) -> std::optional<std::string> {
                                if (name == "ODD") return "p&w=%@/";
                                if (name == "PATH") return "/srv/an app? 100%#.db";
                                if (name == "PARAMETERS") return "sslmode=require&user=u";
                                return std::nullopt;
                              },
                              {}};
  for (const auto& [written, url] : cases) {
    const std::string path = temp.write("v.yaml",
                                        "webhooks:\n  - {id: a, connection_id: c, object_type: t, event: updated, "
                                        "hook_url: 'https://h.example', db_url: '" +
                                            written + "'}\n");
    const auto config = load(path, secrets);
    ASSERT_TRUE(config) << config.error().front();
    EXPECT_EQ(config->webhooks[0].database->url.reveal(), url);
  }
}

TEST(Secrets, NoDatabaseIsShownWithAPassword) {
  const Shown cases[] = {
      {"postgresql://u:${env:CANARY}@h/db", "postgresql://u:***@h/db"},
      {"postgresql://u:CaNaRy-0b5e@h1:5432,h2/db?password=CaNaRy-0b5e&sslmode=require",
       "postgresql://u:***@h1:5432,h2/db?password=***&sslmode=require"},
      {"postgres://${env:CANARY}:x@h/db", "postgres://${env:CANARY}:***@h/db"},
      {"postgresql://u@h/db?sslpassword=${env:CANARY}", "postgresql://u@h/db?sslpassword=***"},
      {"postgresql:///db?host=/run/postgresql", "postgresql:///db?host=/run/postgresql"},
      {"POSTGRESQL://u:CaNaRy-0b5e@[::1]:5432/db", "postgresql://u:***@[::1]:5432/db"},
      {"${env:URL}", "postgresql://reader:***@db.example/shop?sslpassword=***"},
      {"postgresql://${env:CANARY}/db", "postgresql://${env:CANARY}/db"},
      {"postgres://u:CaNaRy-0b5e@h/db?Pass-Word=CaNaRy-0b5e", "postgres://u:***@h/db?Pass-Word=***"},
      {"postgres://u@h/db?%70assword=CaNaRy-0b5e", "postgres://u@h/db?%70assword=***"},
      {"postgres://u:CaNaRy-0b5e@h/db?", "postgres://u:***@h/db?"},
      {"postgres://h/db?password=CaNaRy-0b5e&", "postgres://h/db?password=***&"},
      {"mysql://u:pre${env:CANARY}post@h/db", "mysql://u:***@h/db"},
      {"mysql://u:CaNaRy-0b5e@/db?socket=/run/mysqld.sock", "mysql://u:***@/db?socket=/run/mysqld.sock"},
      {"sqlite:///srv/${env:CANARY}.db", "sqlite:///srv/${env:CANARY}.db"},
  };
  const TempFolder temp;
  for (const Shown& each : cases) {
    const std::string path = temp.write(
        "v.yaml",
        "webhooks:\n  - {id: a, connection_id: c, object_type: t, event: updated, hook_url: 'https://h.example', "
        "db_url: '" +
            std::string(each.written) + "'}\n");
    const Config config = good(path);
    ASSERT_EQ(config.webhooks.size(), 1U) << each.written;
    EXPECT_EQ(config.webhooks[0].database->display, each.display);
    EXPECT_EQ(config.webhooks[0].database->display.find(canary), std::string::npos);
  }
}

// The canary stands resolved in every place that may hold a secret, each of them wrong.
TEST(Secrets, NoneIsEverInAnError) {
  const char* wrong[] = {
      "db_url: '${env:CANARY}'",
      "db_url: 'postgresql://u:${env:TWO_LINES}@h:${env:CANARY}/db'",
      "db_url: 'mysql://u:CaNaRy-0b5e@h:x/db'",
      "db_url: 'host=h password=CaNaRy-0b5e oops'",
      "db_url: 'mongodb://u:CaNaRy-0b5e@h/db'",
      "db_url: 'postgresql://u:CaNaRy-0b5e@h/db', db_type: mysql",
      "db_url: ['postgresql://u:CaNaRy-0b5e@h/db']",
      "secret: '${env:CANARY}'",
      "secret: [CaNaRy-0b5e, whsec_CaNaRy-0b5e, 'v1,CaNaRy-0b5e']",
      "headers: {a: '${env:TWO_LINES}'}",
      "headers: {host: '${env:CANARY}'}",
      "headers: {a: [CaNaRy-0b5e]}",
      "hook_url: 'ftp://h/${env:CANARY}'",
      "hook_url: 'https://u:CaNaRy-0b5e@h/'",
      "hook_url: 'https://h/ ${env:CANARY}'",
      "filters: {a: {like: ['${env:CANARY}']}}",
      "filters: {a: {is_null: '${env:CANARY}'}}",
      "interval: '${env:CANARY}'",
      "event: '${env:CANARY}'",
      "id: '${env:PASSWORD}'",
      "fields: '${env:CANARY},${env:CANARY}'",
      "connection_id: '${env:CANARY}', db_url: 'x'",
      "checked_at: '${env:CANARY}'",
      "environment: '${env:TWO_LINES}'",
  };
  const TempFolder temp;
  const auto check = [&](const std::string& text) {
    const Errors errors = errors_of(temp.write("v.yaml", text));
    EXPECT_FALSE(errors.empty()) << text;
    for (const std::string& error : errors) EXPECT_EQ(error.find(canary), std::string::npos) << error;
  };
  for (const std::string key : wrong) {
    check("webhooks:\n  - {" + key + "}\n");
    check("defaults: {" + key + "}\nwebhooks: [{id: b}]\n");
  }
  check("api: {token: CaNaRy-0b5e é}\n");
  check("api: {token: '${env:TWO_LINES}'}\n");
  check("api: {token: [CaNaRy-0b5e]}\n");
  check("state: '${env:CANARY}'\n");
  check("webhooks:\n" + webhook("'${env:CANARY}'") + webhook("'${env:CANARY}'"));
  check("webhooks: [{connection_id: '${env:CANARY}'}]\n");
}

}  // namespace
}  // namespace vhookd::config
