// The parts of the MySQL adapter that need no server: URLs, literals, grants, types, error numbers.
#include <gtest/gtest.h>

#include "connectors/mysql/errors.h"
#include "connectors/mysql/grants.h"
#include "connectors/mysql/literal.h"
#include "connectors/mysql/types.h"
#include "connectors/mysql/url.h"

namespace vhookd::mysql {
namespace {

TEST(MysqlUrl, EveryPart) {
  const auto url = parse_url(
      "mysql://re%40der:p%3As%2Fs%25@db.example:3307/my%20shop?ssl-mode=verify_identity&ssl-ca=/etc/ca.pem"
      "&ssl-cert=/c.pem&ssl-key=/k.pem&connect-timeout=7");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->host, "db.example");
  EXPECT_EQ(url->port, 3307);
  EXPECT_EQ(url->user, "re@der");
  EXPECT_EQ(url->password.reveal(), "p:s/s%");
  EXPECT_EQ(url->database, "my shop");
  EXPECT_EQ(url->ssl_mode, SslMode::verify_identity);
  EXPECT_EQ(url->ssl_ca, "/etc/ca.pem");
  EXPECT_EQ(url->ssl_cert, "/c.pem");
  EXPECT_EQ(url->ssl_key, "/k.pem");
  EXPECT_EQ(url->connect_timeout, std::chrono::seconds(7));
  EXPECT_EQ(url->place(), "db.example:3307");
}

TEST(MysqlUrl, Defaults) {
  const auto url = parse_url("mariadb://reader@db.example");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->port, 3306);
  EXPECT_EQ(url->database, "");
  EXPECT_TRUE(url->password.empty());
  EXPECT_EQ(url->ssl_mode, SslMode::preferred);
  for (const std::string local : {"mysql://u@localhost/d", "mysql://u@127.0.0.1/d", "mysql://u@[::1]:3306/d",
                                  "mysql:///d?socket=/run/mysqld/mysqld.sock"}) {
    EXPECT_EQ(parse_url(local).value().ssl_mode, SslMode::disabled) << local;
  }
}

TEST(MysqlUrl, HostsOfEveryForm) {
  EXPECT_EQ(parse_url("mysql://u:p@[2001:db8::7]:3307/d").value().place(), "[2001:db8::7]:3307");
  EXPECT_EQ(parse_url("mysql://u:p@[2001:db8::7]/d").value().port, 3306);
  EXPECT_EQ(parse_url("mysql://u:p@ss@host/d").value().password.reveal(), "p@ss") << "the last @ counts";
  EXPECT_EQ(parse_url("mysql://u@/d?socket=/run/my.sock").value().place(), "/run/my.sock");
}

TEST(MysqlUrl, WhatIsWrongIsSaidWithoutThePassword) {
  const struct {
    const char* url;
    const char* says;
  } cases[] = {
      {"postgresql://u:hunter2@h/d", "mysql://"},
      {"u:hunter2@h/d", "mysql://"},
      {"mysql://u:hunter2@h:port/d", "port"},
      {"mysql://u:hunter2@h:0/d", "port"},
      {"mysql://u:hunter2@::1/d", "brackets"},
      {"mysql://u:hunter2@[::1/d", "]"},
      {"mysql://u:hunter2%@h/d", "%25"},
      {"mysql://u:hunter2%zz@h/d", "hex"},
      {"mysql://u:hunter2%00@h/d", "%00"},
      {"mysql://u:hunter2#@h/d", "%23"},
      {"mysql://u:hunter2@h/d?sslmode=require", "unknown parameter sslmode; known are connect-timeout, socket, ssl-ca"},
      {"mysql://u:hunter2@h/d?ssl-mode=on", "VERIFY_IDENTITY"},
      {"mysql://u:hunter2@h/d?ssl-mode", "no value"},
      {"mysql://u:hunter2@h/d?ssl-mode=VERIFY_CA", "ssl-ca"},
      {"mysql://u:hunter2@h/d?ssl-ca=/ca.pem", "ssl-mode"},
      {"mysql://u:hunter2@h/d?ssl-mode=REQUIRED&ssl-cert=/c.pem", "ssl-key"},
      {"mysql://u:hunter2@h/d?connect-timeout=5s", "whole seconds"},
      {"mysql://u:hunter2@h/d?socket=my.sock", "absolute"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.url);
    const auto url = parse_url(c.url);
    ASSERT_FALSE(url);
    EXPECT_EQ(url.error().recourse, Recourse::ask_operator);
    EXPECT_NE(url.error().message.find(c.says), std::string::npos) << url.error().message;
    EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos) << url.error().message;
  }
}

TEST(MysqlLiteral, EveryKind) {
  const struct {
    Kind kind;
    const char* text;
    const char* sql;
  } cases[] = {
      {Kind::integer, "-42", "-42"},
      {Kind::integer, "18446744073709551615", "18446744073709551615"},
      {Kind::decimal, "129.90", "129.90"},
      {Kind::boolean, "t", "1"},
      {Kind::boolean, "f", "0"},
      {Kind::boolean, "5", "5"},
      {Kind::real, "0.1", "1e-01"},
      {Kind::real, "-2.5e-7", "-2.5e-07"},
      {Kind::text, "a'\\", "_utf8mb4 X'61275c'"},
      {Kind::text, "", "_utf8mb4 X''"},
      {Kind::timestamp, "2026", "_utf8mb4 X'32303236'"},
      {Kind::timestamptz, "2026+00", "_utf8mb4 X'32303236'"},
      {Kind::timestamptz, "2026Z", "_utf8mb4 X'32303236'"},
      {Kind::binary, "\xff", "X'ff'"},
      {Kind::hex, "00ff", "X'00ff'"},
  };
  for (const auto& c : cases) {
    const auto sql = literal({.kind = c.kind, .text = c.text});
    ASSERT_TRUE(sql) << c.text << ": " << sql.error().message;
    EXPECT_EQ(*sql, c.sql);
  }
  EXPECT_EQ(literal({.kind = Kind::integer, .null = true, .text = {}}).value(), "NULL");
}

TEST(MysqlLiteral, NumbersThatAreNone) {
  for (const std::string text :
       {"", "-", "1 OR 1=1", "0x10", "1.5", "+1", "--1", "1;", "1e3", std::string(66, '9').c_str()}) {
    EXPECT_FALSE(literal({.kind = Kind::integer, .text = text})) << text;
  }
  for (const std::string text : {".5", "5.", "1.2.3", "NaN", "Infinity", "1e3", "1,5"}) {
    EXPECT_FALSE(literal({.kind = Kind::decimal, .text = text})) << text;
  }
  for (const std::string text : {"", "nan", "NaN", "inf", "Infinity", "1e999", "1 ", "0x1p3", "1)"}) {
    EXPECT_FALSE(literal({.kind = Kind::real, .text = text})) << text;
  }
  for (const std::string text : {"0", "zz", "00'", "00ff "}) {
    EXPECT_FALSE(literal({.kind = Kind::hex, .text = text})) << text;
  }
  EXPECT_FALSE(literal({.kind = Kind::boolean, .text = "true"}));
}

TEST(MysqlGrants, MayWrite) {
  const struct {
    const char* grant;
    bool writes;
  } cases[] = {
      {"GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION", true},
      {"GRANT USAGE ON *.* TO `r`@`%`", false},
      {"GRANT SELECT ON `shop`.* TO `r`@`%`", false},
      {"GRANT SELECT, INSERT ON `shop`.* TO `r`@`%`", true},
      {"GRANT SELECT, INSERT ON `other`.* TO `r`@`%`", false},
      {"GRANT SELECT, UPDATE ON `sh\\_p`.* TO `r`@`%`", false},
      {"GRANT SELECT, UPDATE ON `sh_p`.* TO `r`@`%`", true},
      {"GRANT DELETE ON `s%`.* TO `r`@`%`", true},
      {"GRANT DELETE ON `shop`.`orders` TO `r`@`%`", true},
      {"GRANT DELETE ON `shop`.`order_` TO `r`@`%`", false},
      {"GRANT DELETE ON `shop`.`or``ders` TO `r`@`%`", false},
      {"GRANT SELECT, UPDATE (`a`, `b`) ON `shop`.`orders` TO `r`@`%`", true},
      {"GRANT SELECT (`INSERT, UPDATE`) ON `shop`.`orders` TO `r`@`%`", false},
      {"GRANT SELECT (` ON `) ON `shop`.`orders` TO `r`@`%`", false},
      {"GRANT `INSERT`@`%` TO `r`@`%`", false},
      {"GRANT EXECUTE ON PROCEDURE `shop`.`orders` TO `r`@`%`", false},
      {"GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION", false},
      {"SET DEFAULT ROLE `INSERT ON *.*` FOR `r`@`%`", false},
      {"", false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(may_write({"GRANT USAGE ON *.* TO x", c.grant}, "shop", "orders"), c.writes) << c.grant;
}

TEST(MysqlTypes, NumbersAreMadePlain) {
  const struct {
    Form form;
    const char* came;
    const char* text;
  } cases[] = {
      {Form::digits, "000042", "42"},          {Form::digits, "0000", "0"},
      {Form::digits, "0000012.50", "12.50"},   {Form::digits, "0000000.50", "0.50"},
      {Form::float32, "16777216", "16777216"}, {Form::float32, "0.10000000149011612", "0.1"},
      {Form::float64, "0000001.50", "1.5"},    {Form::as_it_came, "007", "007"},
  };
  for (const auto& c : cases) {
    std::string buffer;
    EXPECT_EQ(formed(c.form, c.came, buffer), c.text);
  }
}

TEST(MysqlTypes, ResultColumnsByTheirMetadata) {
  EXPECT_EQ(shape_of_type("BIGINT UNSIGNED").kind, Kind::integer);
  EXPECT_EQ(shape_of_type("INT UNSIGNED ZEROFILL").form, Form::digits);
  EXPECT_EQ(shape_of_type("VARBINARY").kind, Kind::binary);
  EXPECT_EQ(shape_of_type("LONGBLOB").kind, Kind::binary);
  EXPECT_EQ(shape_of_type("TIMESTAMP").kind, Kind::timestamptz);
  EXPECT_EQ(shape_of_type("UNKNOWN").kind, Kind::text);
}

TEST(MysqlErrors, WhatTheCallerDoesNext) {
  for (const int code : {2002, 2003, 2006, 2013, 2055, 1040, 1053, 1927})
    EXPECT_EQ(recourse_of(code), Recourse::reconnect) << code;
  for (const int code : {1205, 1213, 3024, 1969, 1317}) EXPECT_EQ(recourse_of(code), Recourse::retry) << code;
  for (const int code : {1045, 1044, 1142, 1143, 1146, 1049, 1054, 2061, 2026})
    EXPECT_EQ(recourse_of(code), Recourse::ask_operator) << code;
  for (const int code : {0, 1064, 1792, 9999}) EXPECT_EQ(recourse_of(code), Recourse::give_up) << code;
  EXPECT_NE(error_of(3024, "Query execution was interrupted").message.find("timeout"), std::string::npos);
  EXPECT_FALSE(error_of(0, "").message.empty());
}

}  // namespace
}  // namespace vhookd::mysql
