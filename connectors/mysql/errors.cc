#include "connectors/mysql/errors.h"

namespace vhookd::mysql {

Recourse recourse_of(int code) {
  switch (code) {
    case 1037:  // out of memory
    case 1041:
    case 1047:  // a Galera node that has not joined yet
    case 1205:  // lock wait timeout
    case 1213:  // deadlock
    case 1317:  // KILL QUERY
    case 1412:  // the table was altered after the snapshot was taken
    case 1615:  // a prepared statement must be prepared anew
    case 1969:  // MariaDB's max_statement_time
    case 3024:  // MySQL's max_execution_time
      return Recourse::retry;
    case 1040:  // too many connections
    case 1053:  // shutdown
    case 1077:
    case 1079:
    case 1158:  // the server could not read from us, or write to us
    case 1159:
    case 1160:
    case 1161:
    case 1184:  // aborted
    case 1203:  // too many connections of this user
    case 1226:  // a limit of this user
    case 1927:  // MariaDB: the connection was killed
    case 2002:  // no connection to be had
    case 2003:
    case 2006:  // lost
    case 2012:  // broken in the handshake
    case 2013:  // lost while in use
    case 2014:  // out of step: the session cannot be trusted any more
    case 2027:
    case 2055:
    case 3169:  // MySQL: the session was killed
    case 4031:  // MySQL: closed as idle
      return Recourse::reconnect;
    case 1044:  // no right to this database
    case 1045:  // wrong login
    case 1049:  // no such database
    case 1054:  // no such column
    case 1129:  // our host is blocked
    case 1130:  // our host may not connect
    case 1142:  // no right to this table
    case 1143:  // no right to this column
    case 1146:  // no such table
    case 1227:  // a privilege is missing
    case 1251:  // authentication protocols that do not meet
    case 1267:  // a value the column's character set cannot hold
    case 1275:
    case 3854:
    case 3988:
    case 1300:  // text that is no UTF-8
    case 1356:  // a view that refers to what is gone
    case 1525:  // a value that is none of the column's type
    case 1698:  // MariaDB: no login for this operating system user
    case 1820:  // password expired
    case 1862:
    case 2005:  // unknown host
    case 2026:  // TLS
    case 2049:
    case 2054:
    case 2058:  // authentication plugins
    case 2059:
    case 2061:
    case 3118:  // account locked
    case 4151:  // the same in MariaDB
      return Recourse::ask_operator;
    default:
      return Recourse::give_up;
  }
}

Error error_of(int code, const std::string& words) {
  std::string message = words.empty() ? "the client library gave no reason" : words;
  if (code != 0) message += " (error " + std::to_string(code) + ")";
  if (code == 1969 || code == 3024) message += ": the statement ran into the statement timeout";
  return Error{recourse_of(code), std::move(message)};
}

}  // namespace vhookd::mysql
