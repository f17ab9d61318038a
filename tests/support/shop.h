// Someone else's database: the test is its owner, vhookd gets a role that may read and no more.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace vhookd::testing {

class Shop {
 public:
  // sqlite, postgres15, postgres18, mariadb, mysql; a fresh database. Null: no such server in this run.
  static std::unique_ptr<Shop> open(const std::string& name);
  virtual ~Shop() = default;

  virtual void run(const std::string& sql) = 0;  // as the owner; throws std::runtime_error
  virtual std::string db_url() const = 0;        // of the reader
  virtual std::string db_type() const = 0;
  virtual std::string password() const { return {}; }  // as it stands in db_url; empty: none
  // The second schema (PostgreSQL), database (MySQL) or attached file (SQLite: none) the reader may read.
  virtual std::string other_schema() { return {}; }

  bool is_sqlite() const { return db_type() == "sqlite"; }
  bool is_postgres() const { return db_type() == "postgres"; }
  bool is_mysql() const { return !is_sqlite() && !is_postgres(); }
  // Integers 1 to `last` as a table of one column i, to SELECT from.
  std::string numbers(int last) const;
};

}  // namespace vhookd::testing
