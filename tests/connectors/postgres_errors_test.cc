// What needs no server: the words of errors, the connection string, and the nearest names.
#include "connectors/postgres/errors.h"

#include <gtest/gtest.h>

#include "connectors/nearest.h"
#include "connectors/postgres/conninfo.h"

namespace vhookd::postgres {
namespace {

TEST(PostgresErrors, EachSqlstateHasItsRecourse) {
  using enum Recourse;
  const struct {
    const char* sqlstate;
    Recourse recourse;
  } cases[] = {
      {"08006", reconnect},    {"08001", reconnect},    {"57P01", reconnect},    {"57P02", reconnect},
      {"57P03", reconnect},    {"57P04", reconnect},    {"25P03", reconnect},    {"40001", retry},
      {"40P01", retry},        {"55P03", retry},        {"57014", retry},        {"53100", retry},
      {"53200", retry},        {"53300", retry},        {"25P02", retry},        {"42501", ask_operator},
      {"42P01", ask_operator}, {"42703", ask_operator}, {"42883", ask_operator}, {"28P01", ask_operator},
      {"3D000", ask_operator}, {"3F000", ask_operator}, {"22P02", ask_operator}, {"22021", ask_operator},
      {"55000", ask_operator}, {"42601", give_up},      {"25006", give_up},      {"XX000", give_up},
      {"0A000", give_up},      {"", give_up},
  };
  for (const auto& c : cases) EXPECT_EQ(recourse_of(c.sqlstate), c.recourse) << c.sqlstate;
}

TEST(PostgresErrors, OneLineKeepsWhatHelps) {
  const struct {
    const char* message;
    const char* line;
  } cases[] = {
      {"ERROR:  relation \"ordrs\" does not exist\nLINE 1: SELECT * FROM ordrs\n                      ^\n",
       "relation \"ordrs\" does not exist"},
      {"ERROR:  column \"totl\" does not exist\nLINE 1: SELECT totl FROM o\n               ^\nHINT:  Perhaps you meant "
       "to reference the column \"o.total\".\n",
       "column \"totl\" does not exist; Perhaps you meant to reference the column \"o.total\"."},
      {"FEHLER:  Division durch Null\nDETAIL:  mehr\n", "Division durch Null; mehr"},
      {"ERROR:  invalid input syntax for type integer: \"abc\"\nCONTEXT:  unnamed portal parameter $1 = '...'\nmore\n",
       "invalid input syntax for type integer: \"abc\""},
      {"server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n",
       "server closed the connection unexpectedly; This probably means the server terminated abnormally"},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(one_line(c.message), c.line);
}

TEST(PostgresErrors, AFailedConnectSaysWhoMustAct) {
  using enum Recourse;
  const std::string at = "connection to server at \"db.example\" (10.0.0.1), port 5432 failed: ";
  const struct {
    std::string message;
    Recourse recourse;
  } cases[] = {
      {at + "Connection refused\n\tIs the server running on that host?\n", reconnect},
      {at + "timeout expired\n", reconnect},
      {at + "FATAL:  the database system is starting up\n", reconnect},
      {at + "FATAL:  the database system is not yet accepting connections\n", reconnect},
      {at + "FATAL:  sorry, too many clients already\n", reconnect},
      {at + "FATAL:  remaining connection slots are reserved for non-replication superuser connections\n", reconnect},
      {at + "server closed the connection unexpectedly\n", reconnect},
      {at + "session is read-only\n", reconnect},
      {at + "FATAL:  das Datenbanksystem startet\n", reconnect},
      {"could not translate host name \"db.example\" to address: Temporary failure in name resolution\n", reconnect},
      {at + "FATAL:  password authentication failed for user \"reader\"\n", ask_operator},
      {at + "fe_sendauth: no password supplied\n", ask_operator},
      {at + "FATAL:  database \"shop\" does not exist\n", ask_operator},
      {at + "FATAL:  role \"reader\" is not permitted to log in\n", ask_operator},
      {at + "FATAL:  no pg_hba.conf entry for host \"10.0.0.9\", user \"reader\", database \"shop\", no encryption\n",
       ask_operator},
      {at + "SSL error: certificate verify failed\n", ask_operator},
      {at + "server certificate for \"x\" does not match host name \"db.example\"\n", ask_operator},
      {at + "server does not support SSL, but SSL was required\n", ask_operator},
      {"invalid URI query parameter: \"nope\"\n", ask_operator},
      {"missing \"=\" after \"b\" in connection info string\n", ask_operator},
  };
  for (const auto& c : cases) {
    const auto error = connect_error(c.message, "postgresql://reader@db.example/shop");
    EXPECT_EQ(error.recourse, c.recourse) << c.message;
    EXPECT_EQ(error.message.find('\n'), std::string::npos);
  }
  EXPECT_NE(connect_error(cases[0].message, "").message.find("\"db.example\" (10.0.0.1), port 5432"),
            std::string::npos);
}

// What libpq says of URLs whose password wasn't percent-encoded holds pieces of that password.
TEST(PostgresErrors, PiecesOfThePasswordAreCutOut) {
  const std::string display = "postgresql://reader@db.example/shop";
  for (const std::string message :
       {"could not translate host name \"cret@db.example\" to address: Name or service not known\n",
        "invalid integer value \"secret\" for connection option \"port\"\n",
        "invalid percent-encoded token: \"secret%zz\"\n",
        "end of string reached when looking for matching \"]\" in IPv6 host address in URI: "
        "\"postgresql://reader:secret@[::1/shop\"\n",
        "missing \"=\" after \"secret\" in connection info string\n",
        "unexpected character \"s\" at position 3 in URI (expected \":\" or \"/\"): \"postgresql://r:se\"cret@h\"\n"}) {
    const auto error = connect_error(message, display);
    EXPECT_EQ(error.message.find("cret"), std::string::npos) << error.message;
  }
  EXPECT_NE(connect_error("could not translate host name \"db.example\" to address: x\n", display)
                .message.find("host name \"db.example\""),
            std::string::npos);
}

TEST(PostgresConninfo, OurSettingsComeFirstSoThatTheUrlsWin) {
  const ConnectOptions options{.connect_timeout = std::chrono::milliseconds(2500)};
  const std::string ours = "application_name=vhookd&client_encoding=UTF8&connect_timeout=3";
  const struct {
    const char* url;
    const char* before;
    const char* after;
  } cases[] = {
      {"postgresql://u:p@h:1/db", "postgresql://u:p@h:1/db?", ""},
      {"postgres://u@h1,h2:5/db?sslmode=require", "postgres://u@h1,h2:5/db?", "&sslmode=require"},
      {"postgresql://u:a?b@h/db?connect_timeout=9", "postgresql://u:a?b@h/db?", "&connect_timeout=9"},
      {"postgresql:///db?host=/run/postgresql", "postgresql:///db?", "&host=/run/postgresql"},
      {"postgresql://h/db?options=-c%20a@b", "postgresql://h/db?", "&options=-c%20a@b"},
      {"postgresql://?", "postgresql://?", ""},
  };
  for (const auto& c : cases) {
    const auto whole = with_defaults(c.url, options);
    EXPECT_TRUE(whole.starts_with(c.before + ours)) << whole;
    EXPECT_TRUE(whole.ends_with(std::string("tcp_user_timeout=60000") + c.after)) << whole;
  }
  const auto words = with_defaults("host=h password='a b'", options);
  EXPECT_TRUE(words.starts_with("application_name=vhookd ")) << words;
  EXPECT_TRUE(words.ends_with(" host=h password='a b'")) << words;
}

TEST(Nearest, NamesAreFoundByTheirSlips) {
  using Names = std::vector<std::string>;
  const Names names = {"orders", "order_items", "customers", "Orders_2", "a", "ordering"};
  EXPECT_EQ(nearest("ordres", names).front(), "orders");
  EXPECT_EQ(nearest("ORDERS", names).front(), "orders");
  EXPECT_EQ(nearest("customer", names), Names{"customers"});
  EXPECT_EQ(nearest("b", names), Names{"a"});
  EXPECT_EQ(nearest("invoices", names), Names{});
  EXPECT_LE(nearest("order", {"order1", "order2", "order3", "order4"}).size(), 3u);
  EXPECT_EQ(nearest("", {}), Names{});
}

}  // namespace
}  // namespace vhookd::postgres
