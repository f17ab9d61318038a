// What the server itself logs while tables whose names and values are out to break things are polled: the statements
// of a table with plain names, in the same shapes and no others, and no value in any text.
#include <filesystem>
#include <fstream>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <regex>
#include <set>

#include "tests/program/fixture.h"
#include "tests/support/own_postgres.h"
#include "tests/support/paths.h"
#include "tests/support/sql_session.h"
#include "tests/support/sql_text.h"

namespace vhookd::testing {
namespace {

using Strings = std::vector<std::string>;

// What a server wrote down: the text it was sent, or what it made of a statement and its bound values together.
struct Logged {
  std::string text;
  bool with_values = false;
};

// A database whose server writes down every statement of vhookd's role.
class LoggedDatabase {
 public:
  static std::unique_ptr<LoggedDatabase> open(const std::string& name);
  virtual ~LoggedDatabase() = default;
  virtual SqlKind dialect() const = 0;
  virtual std::string db_url() const = 0;  // of the role
  virtual void run(const std::string& sql) = 0;
  virtual std::string value(const std::string& sql) = 0;  // the first of the first row
  // Since the last call.
  virtual std::vector<Logged> statements() = 0;
};

// A server of its own: what is logged for all is logged for nobody else.
class LoggedPostgres final : public LoggedDatabase {
 public:
  explicit LoggedPostgres(std::unique_ptr<OwnPostgres> server) : server_(std::move(server)) {
    for (const auto* setting : {"logging_collector = on", "log_destination = 'jsonlog'", "log_directory = 'log'",
                                "log_filename = 'all'", "log_statement = 'all'"})
      server_->run(std::string("ALTER SYSTEM SET ") + setting);
    server_->run("CREATE ROLE reader LOGIN");
    server_->run("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader");
    server_->stop();
    server_->go_on();
  }

  SqlKind dialect() const override { return SqlKind::postgres; }
  std::string db_url() const override {
    auto url = server_->url();
    return url.replace(url.find("postgres@"), std::string("postgres").size(), "reader");
  }
  void run(const std::string& sql) override { server_->run(sql); }
  std::string value(const std::string& sql) override {
    pqxx::connection connection(server_->url());
    return pqxx::nontransaction(connection).exec(sql)[0][0].c_str();
  }

  // "statement: SQL" or "execute NAME: SQL", and the bound values beside it.
  std::vector<Logged> statements() override {
    std::vector<Logged> found;
    std::istringstream log(written());
    for (std::string line; std::getline(log, line);) {
      const auto entry = Json::parse(line);
      if (entry.value("user", "") != "reader") continue;
      const auto message = entry.value("message", "");
      for (const std::string begin : {"statement: ", "execute "})
        if (message.starts_with(begin)) found.push_back({message.substr(message.find(": ") + 2)});
      if (entry.contains("detail")) found.push_back({entry["detail"], true});
    }
    return found;
  }

 private:
  // What was logged since the last call. A process of its own writes the log, some time after a statement has ended, so
  // a last statement of ours is waited for.
  std::string written() {
    const auto last = "the end of part " + std::to_string(++parts_);
    server_->run("SELECT '" + last + "'");
    std::string text;
    EXPECT_TRUE(eventually([&] {
      text = read_file(server_->data() + "/log/all.json").substr(at_);
      const auto at = text.find(last);
      return at != std::string::npos && text.find('\n', at) != std::string::npos;
    })) << "the server logs no statements";
    text.resize(text.rfind('\n') + 1);
    at_ += text.size();
    return text;
  }

  std::unique_ptr<OwnPostgres> server_;
  std::size_t at_ = 0;
  int parts_ = 0;
};

// The general log is the whole server's, in a table: what is of this role is told by its name, and others lose nothing
// but a little time meanwhile.
class LoggedMysql final : public LoggedDatabase {
 public:
  LoggedMysql(std::unique_ptr<Shop> shop, const std::string& server)
      : shop_(std::move(shop)), session_(SqlSession::open(*shop_, server)) {
    const auto url = shop_->db_url();
    const auto begin = url.find("://") + 3;
    role_ = url.substr(begin, url.find(':', begin) - begin);
    session_->run("SET GLOBAL log_output = 'TABLE'");
    session_->run("SET GLOBAL general_log = 1");
  }
  ~LoggedMysql() override {
    try {
      session_->run("SET GLOBAL general_log = 0");
      session_->run("TRUNCATE mysql.general_log");
    } catch (const std::exception&) {  // the server goes with the test run
    }
  }

  SqlKind dialect() const override { return SqlKind::mysql; }
  std::string db_url() const override { return shop_->db_url(); }
  void run(const std::string& sql) override { shop_->run(sql); }
  std::string value(const std::string& sql) override { return session_->rows(sql).at(0).at(0); }

  // An Execute is what the server makes of a Prepare and the values bound to it.
  std::vector<Logged> statements() override {
    const auto rows = session_->rows(
        "SELECT command_type, CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE user_host LIKE '" + role_ +
        "[%' AND command_type IN ('Query', 'Prepare', 'Execute')");
    std::vector<Logged> found;
    for (auto i = seen_; i < rows.size(); ++i) found.push_back({rows[i][1], rows[i][0] == "Execute"});
    seen_ = rows.size();
    return found;
  }

 private:
  std::unique_ptr<Shop> shop_;
  std::unique_ptr<SqlSession> session_;
  std::string role_;
  std::size_t seen_ = 0;
};

std::unique_ptr<LoggedDatabase> LoggedDatabase::open(const std::string& name) {
  if (name == "postgres") {
    auto server = OwnPostgres::start();
    return server ? std::make_unique<LoggedPostgres>(std::move(server)) : nullptr;
  }
  auto shop = Shop::open(name);
  return shop ? std::make_unique<LoggedMysql>(std::move(shop), name) : nullptr;
}

// ---- names and values

struct Names {
  std::string table, id, text, moved, born, gone, other;
};

const Names plain = {"things", "id", "body", "moved", "born", "gone", "other"};
// The last holds control characters, which a catalogue may have and a configuration must not.
const Names hostile = {"t\"; DROP TABLE victims; --`'\\?é",
                       "i\"d`; DELETE FROM victims; #",
                       "b'o\\\"d`y /* $1 ?? */",
                       "m\\\"`v' OR 1=1 --",
                       "{}`\"::regclass",
                       "g\"`] /*+ x */ \\",
                       "\x01\n\r\t\x1b[2J\x7f\";`;--"};

// All of them hold this word.
constexpr std::string_view canary = "VALUE7";
const Strings values = {"'; DROP TABLE victims; -- VALUE7", "\\' OR 1=1 -- VALUE7", "\"`VALUE7`\" /* ☃𝄞 */ $1 ? ;",
                        "\x01\n\x1b[2J\\VALUE7\\"};

std::string quoted(SqlKind dialect, const std::string& name) {
  const char mark = dialect == SqlKind::mysql ? '`' : '"';
  std::string text(1, mark);
  for (const char c : name) text += std::string(c == mark ? 2 : 1, c);
  return text + mark;
}

// As the owner writes it: in hexadecimal, which no quoting can touch.
std::string literal(SqlKind dialect, const std::string& value) {
  std::string hex;
  for (const char c : value) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    hex += two;
  }
  return dialect == SqlKind::mysql ? "_utf8mb4 X'" + hex + "'" : "convert_from('\\x" + hex + "', 'UTF8')";
}

// As a YAML text in double quotes.
std::string in_yaml(const std::string& text) {
  return Json(text).dump();
}

class ServerLogTest : public ProgramTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    database_ = LoggedDatabase::open(GetParam());
    if (!database_)
      GTEST_SKIP() << "NO " << GetParam() << " IN THIS RUN: tests/servers/servers up " + build_dir() + "/servers";
    open_receiver();
  }

  bool is_postgres() const { return database_->dialect() == SqlKind::postgres; }
  std::string quote(const std::string& name) const { return quoted(database_->dialect(), name); }

  void make(const Names& names) {
    const std::string time = is_postgres() ? " timestamptz DEFAULT now()" : " timestamp(6) NULL DEFAULT now(6)";
    database_->run("CREATE TABLE " + quote(names.table) + " (" + quote(names.id) + " int PRIMARY KEY, " +
                   quote(names.text) + " varchar(200) NOT NULL, " + quote(names.moved) + time + ", " +
                   quote(names.born) + time + ", " + quote(names.gone) + " int, " + quote(names.other) + " int)");
    database_->run("CREATE TABLE IF NOT EXISTS victims (id int PRIMARY KEY)");
    database_->run("INSERT INTO victims SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM victims)");
    for (std::size_t i = 0; i < values.size(); ++i) put(names, static_cast<int>(i), values[i]);
    put(names, 90, "none of them");
  }
  void put(const Names& names, int id, const std::string& text) {
    database_->run("INSERT INTO " + quote(names.table) + " (" + quote(names.id) + ", " + quote(names.text) +
                   ") VALUES (" + std::to_string(id) + ", " + literal(database_->dialect(), text) + ")");
  }

  // Every strategy and event, each with every operator on the text.
  std::vector<Keys> webhooks(const Names& names) const {
    std::string in;
    for (const auto& value : values) in += (in.empty() ? "" : ", ") + in_yaml(value);
    const std::string filters = "{" + in_yaml(names.text) + ": {in: [" + in + "], ne: " + in_yaml("VALUE7'\\\"") +
                                ", like: " + in_yaml("%VALUE7%") + "}}";
    const Keys all = {{"object_type", in_yaml(names.table)},
                      {"updated_column", in_yaml(names.moved)},
                      {"created_column", in_yaml(names.born)},
                      {"include_all", "true"},
                      {"filters", filters}};
    std::vector<Keys> made;
    const auto add = [&](const std::string& detect, const std::string& event, const Keys& more) {
      Keys keys = all;
      keys.insert({{"id", detect + "-" + event + std::to_string(made.size())}, {"detect", detect}, {"event", event}});
      for (const auto& [key, value] : more) keys[key] = value;
      if (event == "deleted") keys["include_all"] = "";
      made.push_back(keys);
    };
    for (const std::string detect : {"timestamp", "snapshot", "xid"}) {
      if (detect == "xid" && !is_postgres()) continue;
      add(detect, "created", {});
      add(detect, "updated", {});
      add(detect, "updated", {{"include_created", "false"}, {"include_all", ""}});
    }
    add("snapshot", "deleted", {});
    add("snapshot", "deleted", {{"deleted_column", in_yaml(names.gone)}});
    // A key that is text, hostile itself.
    add("snapshot", "updated", {{"key", "[" + in_yaml(names.text) + "]"}});
    add("timestamp", "updated", {{"key", "[" + in_yaml(names.text) + "]"}});
    return made;
  }

  std::string yaml_of(const std::vector<Keys>& webhooks) const {
    std::string text = "connections:\n  shop:\n    db_url: " + database_->db_url() + "\nwebhooks:\n";
    for (const auto& keys : webhooks) text += webhook(keys);
    return text;
  }

  // What the server was sent while a table was made, read whole, changed and read again by all of them.
  std::vector<Logged> polled_table(const Names& names) {
    make(names);
    database_->statements();
    open_receiver();
    const auto all = webhooks(names);
    daemon_ = std::make_unique<Daemon>(yaml_of(all));
    daemon_->start();
    if (!daemon_->running()) return {};  // it has said why
    for (const auto& keys : all) polled(keys.at("id"));
    change(names);
    for (const auto& keys : all) trigger(keys.at("id"));
    check_records(names, all);
    daemon_->stop();
    EXPECT_EQ(database_->value("SELECT count(*) FROM victims"), "1");
    EXPECT_EQ(database_->value("SELECT count(*) FROM " + quote(names.table)), std::to_string(values.size()));
    return database_->statements();
  }

  // One that matches is changed, one comes, two go; the rest stays.
  void change(const Names& names) {
    const auto where = " WHERE " + quote(names.id) + " = ";
    database_->run("UPDATE " + quote(names.table) + " SET " + quote(names.gone) + " = 1, " + quote(names.moved) +
                   " = " + (is_postgres() ? "clock_timestamp()" : "now(6)") + where + "0");
    put(names, 5, values[1] + "!");
    database_->run("DELETE FROM " + quote(names.table) + where + "2");
    database_->run("DELETE FROM " + quote(names.table) + where + "90");
  }

  void check_records(const Names& names, const std::vector<Keys>& all) {
    for (const auto& keys : all) {
      const auto& id = keys.at("id");
      expect_nothing_queued(id);
      std::multiset<std::string> seen;
      for (const auto& record : records(0, id)) seen.insert(record.at(names.id).dump());
      EXPECT_EQ(seen, expected(keys)) << id << " " << daemon_->status(id).dump();
      for (const auto& record : records(0, id)) {
        if (!record.contains(names.text)) continue;
        const auto row = record.at(names.id).get<std::size_t>();
        if (row >= values.size()) continue;
        EXPECT_EQ(record.at(names.text), values[row]);
      }
    }
  }

  // The rows of each event by their ids. Number 5 matches no filter, nor did number 90.
  static std::multiset<std::string> expected(const Keys& keys) {
    if (keys.at("event") == "created") return {"0", "1", "2", "3"};
    if (keys.at("event") == "deleted")
      return keys.contains("deleted_column") ? std::multiset<std::string>{"0", "2"} : std::multiset<std::string>{"2"};
    if (keys.contains("include_created")) return {"0"};
    return {"0", "0", "1", "2", "3"};
  }

  std::unique_ptr<LoggedDatabase> database_;
};

// ---- shapes

// Numbers that count something: cursors, rows to fetch, bound values.
std::string without_counts(const std::string& shape) {
  static const std::regex cursor("vhookd_[0-9]+"), rows("FORWARD [0-9]+"), range("\\b[0-9]+ AS vhookd_range");
  return std::regex_replace(std::regex_replace(std::regex_replace(shape, cursor, "vhookd_n"), rows, "FORWARD n"), range,
                            "n AS vhookd_range");
}

// MySQL is given statement and values by SET @vhookd_sql = …, @vhookd_1 = …: the statement, and nothing but literals
// that can hold no quote.
std::optional<std::string> handed_over(const std::string& text) {
  static const std::regex set(
      "SET @vhookd_sql = _utf8mb4 X'([0-9a-f]*)'(, @vhookd_[0-9]+ = (NULL|-?[0-9][0-9.e+-]*|(_utf8mb4 "
      ")?X'[0-9a-f]*'))*");
  std::smatch match;
  if (!text.starts_with("SET @vhookd_sql")) return std::nullopt;
  EXPECT_TRUE(std::regex_match(text, match, set)) << text;
  std::string sql;
  for (std::size_t i = 0; i + 1 < match[1].str().size(); i += 2)
    sql += static_cast<char>(std::stoi(match[1].str().substr(i, 2), nullptr, 16));
  return sql;
}

// Of all statements. What cannot be taken apart is a failure.
std::set<std::string> shapes_of(const std::vector<Logged>& log, SqlKind dialect) {
  std::set<std::string> shapes;
  for (const auto& [text, with_values] : log) {
    if (with_values) continue;
    const auto inner = handed_over(text);
    const auto statements = sql_statements(dialect, inner.value_or(text));
    if (!statements) {
      ADD_FAILURE() << statements.error() << "\nin " << text;
      continue;
    }
    for (const auto& tokens : *statements) shapes.insert(without_counts(sql_shape(tokens)));
  }
  return shapes;
}

std::string all_of(const std::set<std::string>& shapes) {
  std::string text;
  for (const auto& shape : shapes) text += shape + "\n";
  return text;
}

TEST_P(ServerLogTest, StatementsAreTheSameWhateverThingsAreCalled) {
  const auto of_plain = shapes_of(polled_table(plain), database_->dialect());
  const auto log = polled_table(hostile);
  const auto of_hostile = shapes_of(log, database_->dialect());
  EXPECT_EQ(all_of(of_hostile), all_of(of_plain));
  for (const auto& shape : of_hostile) {
    static const std::set<std::string> heads = {"BEGIN", "START",  "SET",     "SELECT",  "DECLARE", "FETCH",
                                                "CLOSE", "COMMIT", "PREPARE", "EXECUTE", "SHOW",    "DO"};
    // The catalogue is asked with one table expression.
    EXPECT_TRUE(heads.contains(shape.substr(0, shape.find(' '))) ||
                shape.starts_with("WITH t AS MATERIALIZED ( SELECT "))
        << shape;
  }
  EXPECT_GT(of_hostile.size(), 10U) << all_of(of_hostile);
}

TEST_P(ServerLogTest, NoValueStandsInAStatement) {
  bool bound = false;
  for (const auto& [text, with_values] : polled_table(hostile)) {
    if (with_values) {
      bound = bound || text.contains(canary);
    } else {
      EXPECT_FALSE(text.contains(canary)) << text;
      EXPECT_FALSE(handed_over(text).value_or("").contains(canary)) << text;
    }
  }
  EXPECT_TRUE(bound) << "the server shows bound values beside the statements, and none was seen";
}

INSTANTIATE_TEST_SUITE_P(, ServerLogTest, ::testing::Values("postgres", "mariadb", "mysql"), name_of_database);

// ---- that the reading of SQL above sees what is wrong

TEST(SqlText, KnowsTheRulesOfQuoting) {
  const auto shape = [](SqlKind dialect, const std::string& sql) {
    const auto tokens = sql_tokens(dialect, sql);
    return tokens ? sql_shape(*tokens) : "wrong";
  };
  const auto postgres = SqlKind::postgres;
  const auto mysql = SqlKind::mysql;
  EXPECT_EQ(shape(postgres, R"(SELECT "a", "b""c" FROM "t;--" WHERE x = $1 AND y = $2)"),
            "SELECT N FROM N WHERE x = ? AND y = ?");
  EXPECT_EQ(shape(mysql, "SELECT `a``b`, `c\"'` FROM `t` WHERE x IN (?, ?)"), "SELECT N FROM N WHERE x IN ( ? )");
  EXPECT_EQ(shape(postgres, "SELECT 'it''s \\'"), "SELECT 'it's \\'");
  for (const auto* sql :
       {"SELECT \"a\"\"", "SELECT 1; DROP TABLE t", "SELECT 1 -- x", "SELECT /* x */ 1", "SELECT E'a'",
        "SELECT U&\"a\"", "SELECT $$a$$", "SELECT `a`", "SELECT $2", "SELECT $1, $1", "SELECT 'a"})
    EXPECT_EQ(shape(postgres, sql), "wrong") << sql;
  for (const auto* sql : {"SELECT \"a\"", "SELECT 'a\\' OR 1'", "SELECT 1 # x", "SELECT `a", "SELECT _utf8mb4'a'"})
    EXPECT_EQ(shape(mysql, sql), "wrong") << sql;
  const auto several = sql_statements(postgres, "BEGIN; SELECT \"a;b\"; COMMIT");
  ASSERT_TRUE(several);
  EXPECT_EQ(several->size(), 3U);
}

}  // namespace
}  // namespace vhookd::testing
