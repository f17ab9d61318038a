// One prepared SELECT on its way: bound, stepped, its cells as values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sql/query.h"
#include "connectors/sqlite/file.h"
#include "connectors/sqlite/types.h"
#include "core/error.h"
#include "core/value.h"

struct sqlite3_stmt;

namespace vhookd::sqlite {

class Statement {
 public:
  // Refused (give_up): what writes, what gives no columns, and more than one statement. `file` and
  // `query` must outlive the statement. The statement timeout counts from here.
  static Result<Statement> prepare(File& file, const Query& query);

  Result<bool> step();           // true: row() is the next; false: that was all
  Result<Row> row();             // of this step; lives until the next one
  std::string text(int column);  // of this step, for catalogue queries; NULL is ""
  std::int64_t number(int column);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  // The longest: the smallest double without an exponent has 326 characters.
  using Digits = std::array<char, 400>;

  Statement(File& file, sqlite3_stmt* statement) : file_(&file), statement_(statement) {}
  Result<void> bind(int index, const Param& param);
  std::optional<Value> value_at(int column);  // nothing: out of memory

  File* file_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::vector<Declared> declared_;  // of each column, known once the first step has settled the plan
  std::vector<Digits> digits_;      // where numbers are written out
  std::vector<Value> values_;
};

}  // namespace vhookd::sqlite
