#include "daemon/cli/init_file.h"

#include <gtest/gtest.h>

#include "connectors/connector.h"

namespace vhookd {
namespace {

TEST(InitSource, EveryPasswordBecomesAVariable) {
  struct Case {
    std::string url, written;
    std::size_t variables;
  };
  const std::vector<Case> cases = {
      {"postgresql://u:Hx7%40@h:5432/d?sslmode=require",
       "postgresql://u:${env:VHOOKD_DB_PASSWORD}@h:5432/d?sslmode=require", 1},
      {"postgres://u@h/d", "postgres://u@h/d", 0},
      {"postgresql:///d?user=u&password=Hx7", "postgresql:///d?user=u&password=${env:VHOOKD_DB_PASSWORD}", 1},
      {"postgresql://u:Hx7@h/d?sslpassword=Hx7",
       "postgresql://u:${env:VHOOKD_DB_PASSWORD}@h/d?sslpassword=${env:VHOOKD_DB_PASSWORD_2}", 2},
      {"host=h password='H\\'x7' dbname=d", "host=h password=${env:VHOOKD_DB_PASSWORD} dbname=d", 1},
      {"mysql://u:Hx7@h/d?ssl-mode=REQUIRED", "mysql://u:${env:VHOOKD_DB_PASSWORD}@h/d?ssl-mode=REQUIRED", 1},
      {"mariadb://u@h/d", "mariadb://u@h/d", 0},
      {"sqlite:///data/a***b.db", "sqlite:///data/a***b.db", 0},
  };
  for (const auto& one : cases) {
    const auto source = init_source(one.url);
    ASSERT_TRUE(source) << one.url << ": " << source.error();
    EXPECT_EQ(source->url, one.written);
    EXPECT_EQ(source->variables.size(), one.variables) << one.url;
    EXPECT_EQ(source->database.url.reveal(), one.url);
    const auto text = init_file(*source, traits_of(source->database.type), "a server", {});
    EXPECT_FALSE(text.contains("Hx7") || text.contains("H\\'x7")) << text;
  }
}

constexpr auto expected = R"(# From `vhookd init`: PostgreSQL 15.1, postgresql://reader:***@db.example/shop
# Review it, set each hook_url, then run: vhookd check --probe. vhookd explain ID shows the details of a webhook.

connections:
  source:
    db_type: postgres
    # Set VHOOKD_DB_PASSWORD in vhookd's environment to the password, not percent-encoded. ${file:/path} and ${credential:NAME} work as well.
    db_url: postgresql://reader:${env:VHOOKD_DB_PASSWORD}@db.example/shop
    db_schema: public
    # This role may write to the tables. vhookd needs only SELECT: use a separate role.

# Settings of all webhooks; a webhook can override them.
defaults:
  interval: 1m
  # secret: ${credential:hook-secret}   # signs each POST; `vhookd secret` prints a new one

webhooks:

  # orders, a table, about 12 rows
  # detected by xid: a PostgreSQL table tells which transaction wrote each row
  # key: id (primary key); updated: modified_at; created: none
  # cost: each poll is one scan of the table, of which the server passes on only what is newer; no index serves that. Its rows are counted as well, and where some are gone the keys read. The first poll reads every row; the state keeps the key and 16 bytes of each
  - id: orders
    connection_id: source
    object_type: orders
    event: updated
    hook_url: https://example.invalid/hooks/orders   # the receiver of the changes
  # created rows only, detected by xid: a PostgreSQL table tells which transaction wrote each row
  # - id: orders-created
  #   connection_id: source
  #   object_type: orders
  #   event: created
  #   hook_url: https://example.invalid/hooks/orders-created   # the receiver of the changes
  # deleted rows only, detected by snapshot: only a comparison shows rows that are gone
  # - id: orders-deleted
  #   connection_id: source
  #   object_type: orders
  #   event: deleted
  #   deleted_column: deleted_at
  #   hook_url: https://example.invalid/hooks/orders-deleted   # the receiver of the changes

  # secrets: left out, this role may not read secrets
)";

TEST(InitFile, IsThisText) {
  Table orders{
      .name = {"public", "orders"},
      .relation = Relation::table,
      .columns = {{.name = "id", .declared = "bigint", .kind = Kind::integer, .nullable = false, .select_as = {}},
                  {.name = "modified_at", .declared = "timestamptz", .kind = Kind::timestamptz, .select_as = {}},
                  {.name = "deleted_at", .declared = "timestamptz", .kind = Kind::timestamptz, .select_as = {}}},
      .primary_key = {"id"},
      .indexes = {},
      .estimated_rows = 12,
      .may_write = true};
  const auto source = init_source("postgresql://reader:Hx7@db.example/shop");
  ASSERT_TRUE(source);
  EXPECT_EQ(init_file(*source, traits_of(source->database.type), "PostgreSQL 15.1",
                      {{{"public", "orders"}, orders},
                       {{"public", "secrets"}, fail(Recourse::ask_operator, "this role may not read secrets")}}),
            expected);
}

}  // namespace
}  // namespace vhookd
