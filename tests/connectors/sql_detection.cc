#include "tests/connectors/sql_detection.h"

#include "connectors/connector.h"
#include "core/time_text.h"

namespace vhookd::conformance {

namespace {

class SqlDetection final : public DetectionBackend {
 public:
  explicit SqlDetection(const Backend& backend) : backend_(backend) {}
  ~SqlDetection() override { drop(); }

  void make_items(KeyType keys) override {
    drop();
    const std::string type = keys == KeyType::integers ? "bigint" : keys == KeyType::texts ? "varchar(50)" : "";
    const auto time = backend_.timestamp_type + " NULL";
    execute("CREATE TABLE " + table() + " (" + quote("key") + " " + type + " NOT NULL PRIMARY KEY, " + quote("value") +
            " varchar(200) NULL, " + quote("created_at") + " " + time + ", " + quote("updated_at") + " " + time + ")");
  }
  void insert(const Item& item) override {
    execute("INSERT INTO " + table() + " VALUES (" + key_of(item.key) + ", " + value_of(item) + ", " +
            time_of(item.created_at) + ", " + time_of(item.updated_at) + ")");
  }
  void update(const Item& item) override {
    execute("UPDATE " + table() + " SET " + quote("value") + " = " + value_of(item) + ", " + quote("created_at") +
            " = " + time_of(item.created_at) + ", " + quote("updated_at") + " = " + time_of(item.updated_at) +
            where(item.key));
  }
  void remove(const Param& key) override { execute("DELETE FROM " + table() + where(key)); }

  Result<std::unique_ptr<Source>> connect() override { return vhookd::connect(backend_.reader, {}); }

 private:
  void execute(const std::string& sql) const { backend_.execute(sql); }
  void drop() const { execute("DROP TABLE IF EXISTS " + table()); }
  std::string quote(const std::string& name) const { return backend_.quote(name); }
  std::string table() const { return quote("items"); }
  std::string where(const Param& key) const { return " WHERE " + quote("key") + " = " + key_of(key); }
  std::string text(const std::string& value) const {
    return backend_.literal ? backend_.literal(value) : "'" + value + "'";
  }
  std::string key_of(const Param& key) const { return key.kind == Kind::integer ? key.text : text(key.text); }
  std::string value_of(const Item& item) const { return item.value ? text(*item.value) : "NULL"; }
  std::string time_of(const std::optional<Instant>& at) const {
    if (!at) return "NULL";
    auto sql = rfc3339(*at);
    sql.pop_back();
    sql[10] = ' ';
    return "'" + sql + "'";
  }

  Backend backend_;
};

}  // namespace

std::vector<DetectionCase> detection_cases(const Backend& backend) {
  static const Capabilities none;
  const bool is_there = backend.unavailable.empty();
  return detection_cases(
      backend.name, is_there ? traits_of(backend.reader.type).capabilities() : none,
      [backend] { return std::make_unique<SqlDetection>(backend); }, backend.unavailable);
}

}  // namespace vhookd::conformance
