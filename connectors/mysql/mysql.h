// MySQL and MariaDB, over MySQL Connector/C++ 1.1 on libmariadb.
//
// db_url: mysql://user:password@host:port/database?name=value&…, or mariadb:// (the same). Percent-encode what
// a URL cannot hold; write IPv6 addresses in brackets; port 3306 and database may be left out. TCP is used
// for every host, localhost too; a Unix socket is had with ?socket=/path. Other parameters:
//
//   ssl-mode         DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY (in any case). Default: DISABLED
//                    to this machine (socket, localhost, 127.0.0.0/8, ::1), PREFERRED to any other.
//                    PREFERRED and REQUIRED look at no certificate; REQUIRED refuses a session without TLS.
//                    To a server that says it has none, REQUIRED and VERIFY_CA log in before they refuse (the
//                    library asks no sooner); only VERIFY_IDENTITY withstands someone in between.
//                    VERIFY_CA checks the chain against ssl-ca; VERIFY_IDENTITY also the host's name, and
//                    without ssl-ca trusts the system's certificate authorities.
//   ssl-ca, ssl-cert, ssl-key   PEM files; a mistyped path is an error before anything is dialled.
//   connect-timeout  whole seconds; wins over ConnectOptions.
//
// Bound values travel as user variables of a server-side PREPARE and EXECUTE … USING. The server takes such a
// parameter as a literal that yields to the column's character set and collation (coercibility 4), so
// comparing keeps the column's index whatever its character set. Text is written as _utf8mb4 X'…', so neither
// quotes nor the server's sql_mode can change its meaning. Text that a column's character set cannot hold
// makes MySQL refuse the comparison (error 1267): that is ask_operator.
//
// Kinds: where Query::table is set, a result column labelled as one of its columns is that column, so select
// each as `select_as` AS `name`. Any other result column arrives as integer or text. Without Query::table the
// result's own metadata decide: tinyint(1) is integer, bit a number, MariaDB's JSON text, FLOAT has six digits.
#pragma once

#include <memory>

#include "config/config.h"
#include "connectors/connector.h"
#include "connectors/sql/session.h"
#include "core/error.h"

namespace vhookd {

// Serves both db_type mysql and mariadb; what is at the other end is found out. Thread-safe.
Result<std::unique_ptr<SqlSession>> connect_mysql(const config::Database& database, const ConnectOptions& options);

// Loads the client library: once, in main, before threads start.
void initialise_mysql();

}  // namespace vhookd
