#include "connectors/sqlite/statement.h"

#include <sqlite3.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace vhookd::sqlite {

namespace {

std::string_view written(std::span<char> buffer, std::to_chars_result result) {
  return {buffer.data(), static_cast<std::size_t>(result.ptr - buffer.data())};
}

// Shortest digits that read back to the same double; JSON's form, or without an exponent for decimals.
std::string_view write_real(double value, bool plain, std::span<char> buffer) {
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  auto* const end = buffer.data() + buffer.size();
  return written(buffer, plain ? std::to_chars(buffer.data(), end, value, std::chars_format::fixed)
                               : std::to_chars(buffer.data(), end, value));
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> unhex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const auto pair = digits.substr(i, 2);
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
    if (pair.size() != 2 || error != std::errc() || end != pair.data() + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

// The double a decimal stands for, where its text is exactly what such a double is written as. Else the
// text itself is bound, and the column's affinity reads it as it read the value when it was stored.
std::optional<double> double_written_as(std::string_view text) {
  const auto value = whole_number<double>(text);
  std::array<char, 400> buffer{};
  if (!value || std::isnan(*value) || write_real(*value, true, buffer) != text) return std::nullopt;
  return value;
}

int bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

int bind_blob(sqlite3_stmt* statement, int index, std::string_view bytes) {
  // A null pointer would bind NULL.
  if (bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
  return sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

int bind_number(sqlite3_stmt* statement, int index, const Param& param) {
  if (const auto integer = whole_number<sqlite3_int64>(param.text))
    if (param.kind != Kind::real) return sqlite3_bind_int64(statement, index, *integer);
  const auto real = param.kind == Kind::real ? whole_number<double>(param.text) : double_written_as(param.text);
  if (real) return sqlite3_bind_double(statement, index, *real);
  return bind_text(statement, index, param.text);
}

int bind_param(sqlite3_stmt* statement, int index, const Param& param) {
  if (param.null) return sqlite3_bind_null(statement, index);
  switch (param.kind) {
    case Kind::integer:
    case Kind::decimal:
    case Kind::real:
      return bind_number(statement, index, param);
    case Kind::boolean:
      if (param.text == "t") return sqlite3_bind_int64(statement, index, 1);
      if (param.text == "f") return sqlite3_bind_int64(statement, index, 0);
      return bind_number(statement, index, param);
    case Kind::binary:
      return bind_blob(statement, index, param.text);
    case Kind::hex:
      if (const auto bytes = unhex(param.text)) return bind_blob(statement, index, *bytes);
      return SQLITE_MISMATCH;
    default:
      return bind_text(statement, index, param.text);
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Result<Statement> Statement::prepare(File& file, const Query& query) {
  file.start_timeout();
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v2(file.handle(), query.sql.data(), static_cast<int>(query.sql.size()), &raw, &rest);
  if (code != SQLITE_OK) return std::unexpected(file.error(code));
  Statement statement(file, raw);
  const auto refuse = [&](const std::string& why) {
    return fail(Recourse::give_up, file.path() + ": " + why + ": " + query.sql);
  };
  const auto tail = std::string_view(query.sql).substr(static_cast<std::size_t>(rest - query.sql.data()));
  if (tail.find_first_not_of(" \t\r\n;") != std::string_view::npos) return refuse("more than one statement");
  if (raw == nullptr || sqlite3_column_count(raw) == 0 || sqlite3_stmt_readonly(raw) == 0)
    return refuse("only reading is allowed here");
  if (sqlite3_bind_parameter_count(raw) != static_cast<int>(query.params.size()))
    return refuse(std::to_string(query.params.size()) + " values for another number of placeholders");
  for (std::size_t i = 0; i < query.params.size(); ++i)
    if (const auto bound = statement.bind(static_cast<int>(i) + 1, query.params[i]); !bound)
      return std::unexpected(bound.error());
  return statement;
}

Result<void> Statement::bind(int index, const Param& param) {
  const int code = bind_param(statement_.get(), index, param);
  if (code == SQLITE_OK) return {};
  if (code == SQLITE_MISMATCH)
    return fail(Recourse::give_up, file_->path() + ": value " + std::to_string(index) + " is not made of hex digits");
  return std::unexpected(file_->error(code));
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_DONE) return false;
  if (code == SQLITE_ROW) return true;
  return std::unexpected(file_->error(code));
}

Result<Row> Statement::row() {
  if (declared_.empty()) {
    // Not earlier: the first step makes the plan anew where the schema changed after prepare.
    const int columns = sqlite3_column_count(statement_.get());
    for (int i = 0; i < columns; ++i) {
      const char* type = sqlite3_column_decltype(statement_.get(), i);
      declared_.push_back(type == nullptr ? Declared::other : declared_as(type));
    }
    digits_.resize(declared_.size());
    values_.resize(declared_.size());
  }
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const auto value = value_at(static_cast<int>(i));
    if (!value) return std::unexpected(file_->error(SQLITE_NOMEM));
    values_[i] = *value;
  }
  return Row(values_);
}

std::optional<Value> Statement::value_at(int column) {
  auto* const statement = statement_.get();
  const auto declared = declared_[static_cast<std::size_t>(column)];
  auto& digits = digits_[static_cast<std::size_t>(column)];
  Value value;
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      value.null = true;
      break;
    case SQLITE_INTEGER: {
      const auto number = sqlite3_column_int64(statement, column);
      const bool truth = declared == Declared::boolean && (number == 0 || number == 1);
      value.kind = truth ? Kind::boolean : declared == Declared::decimal ? Kind::decimal : Kind::integer;
      value.text = written(digits, std::to_chars(digits.data(), digits.data() + digits.size(), number));
      break;
    }
    case SQLITE_FLOAT:
      value.kind = declared == Declared::decimal ? Kind::decimal : Kind::real;
      value.text = write_real(sqlite3_column_double(statement, column), value.kind == Kind::decimal, digits);
      break;
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const int size = sqlite3_column_bytes(statement, column);
      if (bytes == nullptr && size != 0) return std::nullopt;
      value.kind = Kind::binary;
      value.text = {bytes, static_cast<std::size_t>(size)};
      break;
    }
    default: {
      const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      if (bytes == nullptr) return std::nullopt;
      value.text = {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
      value.kind = kind_of_text(declared, value.text);
      break;
    }
  }
  return value;
}

std::string Statement::text(int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::number(int column) {
  return sqlite3_column_int64(statement_.get(), column);
}

}  // namespace vhookd::sqlite
