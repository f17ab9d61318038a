// The detection layer of the conformance suite: each method of scheduler/detect, over a Source of the database, finds
// exactly what changed. It asks core/question.h alone, so it serves a database without SQL as well. The layer below,
// rows and values as an SqlSession hands them over, is conformance.h.
//
// A test program takes part in CMake with
//   vhookd_test(document_test connectors/document_conformance_test.cc connectors/document_source.cc …)
//   target_link_libraries(document_test PRIVATE detection_conformance)
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/source.h"
#include "scheduler/detect/plan.h"
#include "tests/scheduler/detect/conductor.h"

namespace vhookd::conformance {

// A row of `items`. The columns have the names of the members; no value: NULL.
struct Item {
  Param key;  // Kind::integer or Kind::text
  std::optional<std::string> value;
  std::optional<Instant> created_at;  // whole milliseconds
  std::optional<Instant> updated_at;
};

enum class KeyType { integers, texts, mixed };

// The program that owns the database: a table `items`, and sessions of vhookd's. What it does is committed at once.
class DetectionBackend {
 public:
  virtual ~DetectionBackend() = default;

  // Makes the table anew, without rows. Its primary key is `key`. KeyType::mixed only with Capabilities::cell_types.
  virtual void make_items(KeyType keys) = 0;
  virtual void insert(const Item& item) = 0;
  virtual void update(const Item& item) = 0;  // the row with its key, all columns
  virtual void remove(const Param& key) = 0;
  virtual Result<std::unique_ptr<Source>> connect() = 0;
};

struct DetectionCase {
  std::string name;         // "mariadb"
  std::string unavailable;  // why the server is not to be had; empty: it is
  Strategy strategy = Strategy::snapshot;
  std::function<std::unique_ptr<DetectionBackend>()> make;
};

// One for each method that the capabilities allow, for
//   INSTANTIATE_TEST_SUITE_P(Document, Detection, ::testing::ValuesIn(detection_cases(…)), DetectionNames());
std::vector<DetectionCase> detection_cases(const std::string& name, const Capabilities& can,
                                           std::function<std::unique_ptr<DetectionBackend>()> make,
                                           const std::string& unavailable = {});

// "mariadb_snapshot"
struct DetectionNames {
  std::string operator()(const ::testing::TestParamInfo<DetectionCase>& info) const;
};
std::ostream& operator<<(std::ostream& out, const DetectionCase& one);

using Texts = std::vector<std::string>;

class Detection : public ::testing::TestWithParam<DetectionCase> {
 protected:
  void SetUp() override;  // skips where the server is not to be had; makes an empty table with integers as keys
  void TearDown() override;

  Strategy strategy() const { return GetParam().strategy; }
  void make_items(KeyType keys);

  // Each moves the clock on by between_writes_, and stamps what it writes with it.
  void put(const Param& key, std::optional<std::string> value, bool stamped = true);  // inserts or updates
  void put(int key, std::optional<std::string> value) { put(number(key), std::move(value)); }
  void remove(const Param& key);
  void remove(int key) { remove(number(key)); }

  config::Webhook webhook(config::Event event) const;
  config::Webhook webhook_of_all() const;                    // of updated rows, with include_all
  testing::Conductor watch(const config::Webhook& webhook);  // the table as it is now
  // Polls until nothing is left to do. What was found since: "key=value", or the key where the record has no value;
  // NULL as "NULL".
  Texts poll(testing::Conductor& conductor);
  static Texts found(const testing::Conductor& conductor, std::size_t since = 0);
  Texts rows() const;  // all there are, in the same form

  // Polls, dies after so many parts, and polls again after rows have changed. False: the poll has fewer parts.
  bool cut_after(testing::Conductor& conductor, int parts);
  // Of one webhook_of_all(): each version at most once, and the table as it is.
  void expect_all_once(const testing::Conductor& conductor) const;
  void write_any(std::mt19937& random, int version);
  void run_history(unsigned seed);

  static Param number(int key) { return {.kind = Kind::integer, .null = false, .text = std::to_string(key)}; }
  static Param text(std::string key) { return {.kind = Kind::text, .null = false, .text = std::move(key)}; }

  Instant now_{std::chrono::sys_days(std::chrono::year(2025) / 1 / 1) + std::chrono::hours(9)};  // of the database
  Micros between_writes_ = std::chrono::milliseconds(1);
  std::function<void()> meanwhile_;  // called before each row that a poll reads; empty: nothing happens
  std::unique_ptr<DetectionBackend> backend_;
  std::unique_ptr<Source> session_;
  std::unique_ptr<Source> source_;     // session_, with the two above
  std::map<std::string, Item> items_;  // by the key's bytes (core/key.h)
};

Texts sorted(Texts texts);

}  // namespace vhookd::conformance
