// Any table and webhook: what a poll asks is one SELECT, and its text is the same whatever things are called and
// whatever the values are. SQLite itself is asked what it makes of it; for the others their rules of quoting stand.
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "connectors/mysql/dialect.h"
#include "connectors/postgres/dialect.h"
#include "connectors/sql/question_sql.h"
#include "connectors/sql/sql_source.h"
#include "connectors/sqlite/dialect.h"
#include "connectors/sqlite/range_hash.h"
#include "scheduler/detect/method.h"
#include "scheduler/detect/rehearse.h"
#include "tests/fuzz/sql_scene.h"
#include "tests/fuzz/target.h"
#include "tests/support/sql_text.h"

namespace vhookd::fuzz {
namespace {

using testing::SqlKind;
using testing::SqlToken;
using Tokens = std::vector<SqlToken>;
using TokenKind = SqlToken::Kind;

// ---- one statement

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

const Dialect& dialect_of(DbType type) {
  return type == DbType::sqlite ? sqlite_dialect() : type == DbType::mysql ? mysql_dialect() : postgres_dialect();
}

SqlKind kind_of(DbType type) {
  return type == DbType::sqlite ? SqlKind::sqlite : type == DbType::mysql ? SqlKind::mysql : SqlKind::postgres;
}

Tokens tokens_of(const Query& query, SqlKind dialect) {
  static const std::set<std::string> never = {"INSERT", "UPDATE", "DELETE", "DROP", "CREATE", "ALTER",  "GRANT",
                                              "CALL",   "DO",     "COPY",   "INTO", "LOCK",   "SET",    "EXECUTE",
                                              "VACUUM", "ATTACH", "PRAGMA", "FOR",  "LOAD",   "HANDLER"};
  auto tokens = testing::sql_tokens(dialect, query.sql);
  require(tokens.has_value(), "a question is well quoted", tokens ? "" : tokens.error() + " in " + query.sql);
  require(!tokens->empty() && tokens->front().text == "SELECT", "a question is a SELECT", query.sql);
  std::size_t marks = 0;
  int open = 0;
  for (const auto& token : *tokens) {
    marks += token.kind == TokenKind::mark ? 1 : 0;
    if (token.kind == TokenKind::word)
      require(!never.contains(upper(token.text)), "a SELECT changes nothing", query.sql);
    if (token.kind != TokenKind::sign) continue;
    open += token.text == "(" ? 1 : token.text == ")" ? -1 : 0;
    require(open >= 0, "brackets are closed", query.sql);
  }
  require(open == 0, "brackets are closed", query.sql);
  require(marks == query.params.size(), "there is a value for each mark", query.sql);
  return *tokens;
}

// How many columns its rows have.
std::size_t width_of(const Tokens& tokens) {
  std::size_t items = 1;
  int open = 0;
  for (const auto& token : tokens) {
    if (token.kind == TokenKind::word && token.text == "FROM" && open == 0) break;
    if (token.kind != TokenKind::sign) continue;
    open += token.text == "(" ? 1 : token.text == ")" ? -1 : 0;
    items += token.text == "," && open == 0 ? 1 : 0;
  }
  return items;
}

// ---- SQLite's own word

class InSqlite {
 public:
  explicit InSqlite(const Table& table) : table_(table) {
    sqlite3* raw = nullptr;
    require(sqlite3_open(":memory:", &raw) == SQLITE_OK, "SQLite opens");
    db_.reset(raw);
    require(sqlite::add_range_hash_functions(raw) == SQLITE_OK, "SQLite takes functions");
    // What is in double quotes is a name, and never a text because there is no such name.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    std::string sql = "CREATE TABLE " + quoted(table.name.name) + " (";
    for (std::size_t i = 0; i < table.columns.size(); ++i) sql += (i == 0 ? "" : ", ") + quoted(table.columns[i].name);
    is_there_ = sqlite3_exec(raw, (sql + ")").c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_set_authorizer(raw, authorize, this);
  }

  bool is_there() const { return is_there_; }  // SQLite takes such names

  void prepare(const Query& query) {
    sqlite3_stmt* raw = nullptr;
    const char* rest = nullptr;
    const int code =
        sqlite3_prepare_v3(db_.get(), query.sql.c_str(), static_cast<int>(query.sql.size()) + 1, 0, &raw, &rest);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
    require(forbidden_.empty(), "SQLite reads the table and nothing else", forbidden_ + " in " + query.sql);
    require(code == SQLITE_OK && raw != nullptr, "SQLite takes it", sqlite3_errmsg(db_.get()) + (" in " + query.sql));
    require(rest == query.sql.c_str() + query.sql.size(), "nothing stands behind a statement", query.sql);
    require(sqlite3_stmt_readonly(raw) != 0 && sqlite3_column_count(raw) > 0, "it only reads", query.sql);
    require(sqlite3_bind_parameter_count(raw) == static_cast<int>(query.params.size()), "it has its marks", query.sql);
  }

 private:
  static std::string quoted(const std::string& name) {
    std::string out = "\"";
    for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
  }

  static int authorize(void* self, int action, const char* first, const char* second, const char*, const char*) {
    auto& in = *static_cast<InSqlite*>(self);
    const std::string one = first == nullptr ? "" : first;
    const std::string two = second == nullptr ? "" : second;
    if (!in.allowed(action, one, two)) in.forbidden_ = std::to_string(action) + " " + one + " " + two;
    return SQLITE_OK;
  }

  bool allowed(int action, const std::string& one, const std::string& two) const {
    static const std::set<std::string> functions = {"count", "max",         "strftime",          "coalesce",
                                                    "like",  "vhookd_hash", "vhookd_fingerprint"};
    if (action == SQLITE_SELECT) return true;
    if (action == SQLITE_FUNCTION) return functions.contains(two);
    if (action != SQLITE_READ || one != table_.name.name) return false;
    return two.empty() || two == "ROWID" || table_.find(two) != nullptr;
  }

  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
  };
  const Table& table_;
  std::unique_ptr<sqlite3, Close> db_;
  bool is_there_ = false;
  std::string forbidden_;
};

// ---- a poll over an empty table

PageBuilder builder_of(const Plan& plan) {
  PageStyle style{
      .webhook_json = "{}", .secret = {}, .max_records = 2, .next_sequence = 1, .initial = false, .random_id = [] {
        return std::string("r");
      }};
  return {std::move(style), RecordWriter(plan.delivered, plan.delivered_at)};
}

// A session that says where the database stands: a snapshot, a clock, the newest row's time.
class Standing final : public SqlSession {
 public:
  explicit Standing(const Plan& plan) : stamp_(plan.table->find(plan.selection.stamp)) {}

  Result<Table> describe(const TableName&) override { return Table(); }
  Result<std::vector<TableName>> tables(const std::string&) override { return std::vector<TableName>(); }
  Result<void> begin() override { return {}; }
  void end() override {}
  std::string server() const override { return "none"; }
  Result<void> read(const Query& query, const OnRow& on_row) override {
    const Kind kind = stamp_ == nullptr ? Kind::text : stamp_->kind;
    const Value now{.kind = Kind::text, .text = "2026-11-23 09:00:00.5"};
    const Value newest{.kind = kind, .text = kind == Kind::integer ? "1763888400" : "2026-11-23 08:59:00"};
    const std::array snapshot = {Value{.text = "100:200:"}, Value{.text = "1 2"}, Value{.text = "1234"}};
    const std::array times = {now, newest};
    if (query.sql.contains("pg_current_snapshot")) {
      on_row(snapshot);
    } else if (query.sql.contains("vhookd_now")) {
      on_row(times);
    } else {
      on_row(std::span(&newest, 1));
    }
    return {};
  }

 private:
  const Column* stamp_;
};

std::optional<std::vector<Query>> asked(const Scene& scene) {
  const Dialect& dialect = dialect_of(scene.webhook.database->type);
  auto plan = make_plan(scene.webhook, scene.table, dialect, scene.before);
  if (!plan) return std::nullopt;
  plan->range_rows = scene.range_rows;
  auto builder = builder_of(*plan);
  SqlSource source(dialect, std::make_unique<Standing>(*plan));
  const auto rehearsal = rehearse(*plan, checkpoint_of(scene, *plan), known_of(scene, *plan), builder, source);
  if (!rehearsal) return std::nullopt;
  std::vector<Query> queries;
  for (const auto& question : rehearsal->questions) queries.push_back(query_of(dialect, question));
  return queries;
}

// ---- hostile beside plain

class SideBySide {
 public:
  explicit SideBySide(const Scene& hostile)
      : hostile_(hostile),
        names_(plain_names(hostile)),
        values_(plain_values(hostile)),
        plain_(renamed(hostile, names_, values_)),
        dialect_(kind_of(hostile.webhook.database->type)) {}

  void check(InSqlite* sqlite) const {
    const auto hostile = asked(hostile_);
    const auto plain = asked(plain_);
    require(hostile.has_value() == plain.has_value(),
            "whether it can be polled does not hang on what things are called");
    if (!hostile) return;
    require(hostile->size() == plain->size(), "as many questions, whatever things are called");
    for (std::size_t i = 0; i < hostile->size(); ++i) {
      check_query((*hostile)[i], (*plain)[i]);
      if (sqlite != nullptr) sqlite->prepare((*hostile)[i]);
    }
  }

 private:
  void check_query(const Query& hostile, const Query& plain) const {
    const auto is = tokens_of(hostile, dialect_);
    const auto should = tokens_of(plain, dialect_);
    require(is.size() == should.size(), "the same statement, whatever things are called", hostile.sql);
    for (std::size_t i = 0; i < is.size(); ++i) {
      require(is[i].kind == should[i].kind, "the same statement, whatever things are called", hostile.sql);
      const bool same = is[i].kind == TokenKind::name ? same_name(is[i].text, should[i].text) : is[i] == should[i];
      require(same, "a name and nothing else is put in", hostile.sql);
    }
    require(hostile.params.size() == plain.params.size(), "as many values", hostile.sql);
    for (std::size_t i = 0; i < hostile.params.size(); ++i)
      require(same_value(hostile.params[i], plain.params[i]), "each value is bound in its place",
              hostile.params[i].text);
  }

  bool same_name(const std::string& hostile, const std::string& plain) const {
    const auto column = names_.find(hostile);
    return hostile == plain || (column != names_.end() && column->second == plain) ||
           (hostile == hostile_.table.name.name && plain == plain_.table.name.name) ||
           (hostile == hostile_.table.name.schema && plain == plain_.table.name.schema);
  }

  bool same_value(const Param& hostile, const Param& plain) const {
    if (hostile.kind != plain.kind || hostile.null != plain.null) return false;
    const auto value = values_.find(hostile.text);
    if (hostile.text == plain.text || (value != values_.end() && value->second == plain.text)) return true;
    // A table's name as PostgreSQL reads one out of a text.
    const auto is = testing::sql_tokens(dialect_, hostile.text);
    const auto should = testing::sql_tokens(dialect_, plain.text);
    return is && should && is->size() == should->size() && is->back().text == hostile_.table.name.name;
  }

  const Scene& hostile_;
  Renaming names_, values_;
  Scene plain_;
  SqlKind dialect_;
};

// ---- a poll over a table that holds, and a server that says, anything at all

class Anything {
 public:
  Anything(FuzzedDataProvider& given, const Scene& scene, InSqlite* sqlite)
      : given_(given), scene_(scene), sqlite_(sqlite) {}

  void poll() {
    const Dialect& dialect = dialect_of(scene_.webhook.database->type);
    auto plan = make_plan(scene_.webhook, scene_.table, dialect, scene_.before);
    if (!plan) return;
    plan->range_rows = scene_.range_rows;
    auto builder = builder_of(*plan);
    const auto method = make_method(*plan, checkpoint_of(scene_, *plan), known_of(scene_, *plan));
    if (!method) return;
    for (int left = 12; left > 0; --left) {
      const auto question = (*method)->next();
      if (!question) break;
      const auto query = query_of(dialect, *question);
      const auto tokens = tokens_of(query, kind_of(scene_.webhook.database->type));
      if (sqlite_ != nullptr) sqlite_->prepare(query);
      if (!answer(**method, width_of(tokens), builder)) return;
      if (given_.ConsumeIntegralInRange(0, 7) == 7 && (*method)->continue_in_new_view()) continue;
      if (!(*method)->answered(builder)) return;
      (void)(*method)->checkpoint();
    }
    (void)builder.finish((*method)->checkpoint());
  }

 private:
  bool answer(Method& method, std::size_t width, PageBuilder& builder) {
    for (int rows = given_.ConsumeIntegralInRange(0, 3); rows > 0; --rows) {
      std::vector<std::string> texts;
      std::vector<Value> row(width);
      texts.reserve(width);
      for (auto& value : row) {
        texts.push_back(any_value());
        value = {.kind = given_.PickValueInArray({Kind::text, Kind::integer, Kind::timestamp, Kind::binary, Kind::hex,
                                                  Kind::array, Kind::real, Kind::boolean}),
                 .null = given_.ConsumeIntegralInRange(0, 7) == 7,
                 .text = texts.back()};
      }
      if (!method.row(row, builder)) return false;
    }
    return true;
  }

  std::string any_value() {
    static constexpr const char* some[] = {"1",
                                           "0",
                                           "2",
                                           "100:200:101",
                                           "2026-11-23 09:00:00",
                                           "true",
                                           "7,8",
                                           "",
                                           "{1,{2,\"a\"}}",
                                           "-9223372036854775808",
                                           "18446744073709551615"};
    return given_.ConsumeBool() ? given_.PickValueInArray(some) : given_.ConsumeRandomLengthString(24);
  }

  FuzzedDataProvider& given_;
  const Scene& scene_;
  InSqlite* sqlite_;
};

}  // namespace
}  // namespace vhookd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vhookd;
  FuzzedDataProvider given(data, size);
  const auto scene = fuzz::any_scene(given);
  std::optional<fuzz::InSqlite> sqlite;
  if (scene.webhook.database->type == DbType::sqlite) sqlite.emplace(scene.table);
  if (sqlite && !sqlite->is_there()) return 0;
  fuzz::InSqlite* const in_sqlite = sqlite ? &*sqlite : nullptr;
  fuzz::SideBySide(scene).check(in_sqlite);
  fuzz::Anything(given, scene, in_sqlite).poll();
  return 0;
}
