// One answer, read row by row as it comes off the wire.
#pragma once

#include <memory>
#include <string>

#include "connectors/mysql/library.h"
#include "core/table.h"
#include "core/value.h"

namespace vhookd::mysql {

// Throws sql::SQLException wherever the answer is not whole. While one lives its connection can do nothing
// else, and its end reads what is left of the answer: abandon a long one first.
class Stream {
 public:
  Stream(sql::Connection& connection, const std::string& sql);

  // False: the callback wanted no more.
  bool pump(const Table* table, const OnRow& on_row);

  // Reads on without looking; true: nothing more is to come.
  bool drain(int most_rows);

 private:
  std::unique_ptr<sql::Statement> statement_;
  std::unique_ptr<sql::ResultSet> rows_;  // after its statement, so that it goes first
};

}  // namespace vhookd::mysql
