#include "connectors/mysql/stream.h"

#include <cppconn/resultset_metadata.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/mysql/types.h"

namespace vhookd::mysql {
namespace {

Shape shape_by_metadata(sql::ResultSetMetaData& metadata, unsigned column) {
  try {
    return shape_of_type(metadata.getColumnTypeName(column).asStdString());
  } catch (const sql::SQLException&) {
    return {};  // text in a collation the library does not know
  }
}

std::vector<Shape> shapes_of(sql::ResultSetMetaData& metadata, const Table* table) {
  std::vector<Shape> shapes;
  for (unsigned i = 1; i <= metadata.getColumnCount(); ++i) {
    const Column* const known = table == nullptr ? nullptr : table->find(metadata.getColumnLabel(i));
    Shape shape = known == nullptr ? shape_by_metadata(metadata, i) : shape_of(*known);
    if (table != nullptr && known == nullptr && shape.kind != Kind::integer) shape = {};
    shapes.push_back(shape);
  }
  return shapes;
}

// The library ends a stream quietly on every error but a lost connection: a killed query, a timeout, a
// shutdown would pass for a shorter answer. Asking for one more result set raises what is pending, and costs
// nothing: libmariadb has none to give, says so without asking the server, and leaves the error as it was.
void raise_pending(sql::Statement& statement) {
  const std::unique_ptr<sql::ResultSet> none(statement.getResultSet());
}

// The library's string can be neither moved nor assigned without a copy of its text: it is made in its place.
struct Text {
  Text(sql::ResultSet& rows, std::uint32_t column) : text(rows.getString(column)) {}
  sql::SQLString text;
};

}  // namespace

Stream::Stream(sql::Connection& connection, const std::string& sql) : statement_(connection.createStatement()) {
  statement_->setResultSetType(sql::ResultSet::TYPE_FORWARD_ONLY);
  rows_.reset(statement_->executeQuery(sql));
}

bool Stream::pump(const Table* table, const OnRow& on_row) {
  const std::vector<Shape> shapes = shapes_of(*rows_->getMetaData(), table);
  std::vector<std::optional<Text>> texts(shapes.size());
  std::vector<std::string> made(shapes.size());
  std::vector<Value> values(shapes.size());
  while (rows_->next()) {
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const std::string& text = texts[i].emplace(*rows_, static_cast<std::uint32_t>(i + 1)).text.asStdString();
      values[i] = {.kind = shapes[i].kind, .text = text};
      if (shapes[i].form != Form::as_it_came) values[i].text = formed(shapes[i].form, text, made[i]);
      if (text.empty()) values[i].null = rows_->wasNull();  // of the column read last; costs as much as reading it
    }
    if (!on_row(values)) return false;
  }
  raise_pending(*statement_);
  return true;
}

bool Stream::drain(int most_rows) {
  for (int i = 0; i < most_rows; ++i) {
    if (!rows_->next()) return true;
  }
  return false;
}

}  // namespace vhookd::mysql
