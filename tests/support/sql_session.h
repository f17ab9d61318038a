// SessionPool at a test database with the rights of its owner: for those who write while vhookd reads.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/shop.h"

namespace vhookd::testing {

// What the server refused: a deadlock, a lock not had in time, a key taken. The transaction is over.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One thread at a time. Statements are sent as they stand, BEGIN and COMMIT among them.
class SqlSession {
 public:
  // One more connection to the shop opened as `server` (see Shop::open).
  static std::unique_ptr<SqlSession> open(const Shop& shop, const std::string& server);
  virtual ~SqlSession() = default;

  virtual std::int64_t run(const std::string& sql) = 0;                            // rows touched
  virtual std::vector<std::vector<std::string>> rows(const std::string& sql) = 0;  // NULL: empty
};

}  // namespace vhookd::testing
