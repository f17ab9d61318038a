// Polls that are cut short, and histories made of a seed.
#include <algorithm>
#include <random>
#include <set>

#include "tests/connectors/detection_conformance.h"

namespace vhookd::conformance {

namespace {

using config::Event;
using testing::Conductor;
using testing::Death;
using testing::Received;
using testing::Went;

// What a receiver holds that takes each record over its row.
class Receiver {
 public:
  // The records that have come since.
  void take(const Conductor& conductor, Event event) {
    auto& taken = event == Event::deleted ? deletions_ : changes_;
    for (; taken < conductor.received.size(); ++taken) {
      const auto& record = conductor.received[taken].record;
      const auto key = record.at("key").dump();
      if (event == Event::deleted) {
        table_.erase(key);
      } else {
        table_[key] = record.at("value").dump();
      }
    }
  }

  const std::map<std::string, std::string>& table() const { return table_; }

 private:
  std::map<std::string, std::string> table_;
  std::size_t changes_ = 0;
  std::size_t deletions_ = 0;
};

std::map<std::string, std::string> table_of(const std::map<std::string, Item>& items) {
  std::map<std::string, std::string> table;
  for (const auto& [bytes, item] : items)
    table[item.key.text] = item.value ? nlohmann::json(*item.value).dump() : "null";
  return table;
}

}  // namespace

bool Detection::cut_after(Conductor& conductor, int parts) {
  now_ += std::chrono::milliseconds(1);
  const auto went = conductor.poll(*source_, {.rows = {}, .parts = parts});
  EXPECT_NE(went, Went::wrong) << conductor.error;
  if (went != Went::cut) return false;
  put(3, "late");
  put(20, "late");
  put(21, "late");
  poll(conductor);
  poll(conductor);  // a poll that goes on where one was cut leaves what changed behind it to the next
  return true;
}

void Detection::expect_all_once(const Conductor& conductor) const {
  Receiver receiver;
  receiver.take(conductor, Event::updated);
  EXPECT_EQ(receiver.table(), table_of(items_));
  const auto all = found(conductor);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size()) << "a version came twice";
}

void Detection::write_any(std::mt19937& random, int version) {
  between_writes_ = std::chrono::milliseconds(random() % 2);
  const auto key = number(1 + static_cast<int>(random() % 40));
  const auto kind = random() % 10;
  if (kind == 0) return remove(key);
  put(key, kind == 1 ? std::nullopt : std::optional("version " + std::to_string(version)), kind != 2);
}

TEST_P(Detection, AFirstPollThatIsCutAfterEachPart) {
  int parts = 1;
  for (bool cut = true; cut; ++parts) {
    SCOPED_TRACE("after " + std::to_string(parts) + " parts");
    make_items(KeyType::integers);
    for (int i = 1; i <= 20; ++i) put(i, "row");
    auto conductor = watch(webhook_of_all());
    cut = cut_after(conductor, parts);
    expect_all_once(conductor);
  }
  EXPECT_GT(parts, 3);
}

TEST_P(Detection, ALaterPollThatIsCutAfterEachPart) {
  int parts = 1;
  for (bool cut = true; cut; ++parts) {
    SCOPED_TRACE("after " + std::to_string(parts) + " parts");
    make_items(KeyType::integers);
    for (int i = 1; i <= 20; ++i) put(i, "row");
    auto conductor = watch(webhook_of_all());
    poll(conductor);
    for (int i = 2; i <= 20; i += 2) put(i, "changed");
    for (int i = 22; i <= 30; ++i) put(i, "new");
    cut = cut_after(conductor, parts);
    expect_all_once(conductor);
  }
  EXPECT_GT(parts, 3);
}

// A webhook of changes and, where deletions can be seen, one of those. The second polls first: what the first has
// brought to the receiver, the second knows.
void Detection::run_history(unsigned seed) {
  std::mt19937 random(seed);
  make_items(KeyType::integers);
  auto changes = watch(webhook_of_all());
  auto deletions = watch(webhook(strategy() == Strategy::snapshot ? Event::deleted : Event::updated));
  Receiver receiver;
  int version = 0;
  bool busy = true;  // rows change while the webhook of changes is polled
  const auto poll_both = [&](Death death) {
    now_ += std::chrono::milliseconds(1);
    if (strategy() == Strategy::snapshot) {
      ASSERT_TRUE(deletions.settle(*source_)) << deletions.error;
      receiver.take(deletions, Event::deleted);
    }
    meanwhile_ = [&] {
      if (busy && random() % 30 == 0) write_any(random, ++version);
    };
    ASSERT_NE(changes.poll(*source_, death), Went::wrong) << changes.error;
    meanwhile_ = nullptr;
    receiver.take(changes, Event::updated);
  };
  for (int step = 0; step < 300; ++step) {
    now_ += std::chrono::milliseconds(random() % 500);
    if (random() % 5 != 0) {
      write_any(random, ++version);
      continue;
    }
    Death death;
    if (random() % 3 == 0) (random() % 2 == 0 ? death.rows : death.parts) = 1 + static_cast<int>(random() % 8);
    poll_both(death);
    if (HasFatalFailure()) return;
  }
  busy = false;
  for (int i = 0; i < 3; ++i) poll_both({});
  auto held = receiver.table();
  const auto there = table_of(items_);
  if (strategy() != Strategy::snapshot)
    std::erase_if(held, [&](const auto& row) { return !there.contains(row.first); });
  EXPECT_EQ(held, there);
}

TEST_P(Detection, AReceiverHoldsTheTable) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run_history(seed);
    if (HasFailure()) return;
  }
}

}  // namespace vhookd::conformance
