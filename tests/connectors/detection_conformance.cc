// What the cases of the detection layer share.
#include "tests/connectors/detection_conformance.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

#include "core/forwarding_source.h"
#include "core/key.h"
#include "core/time_text.h"

namespace vhookd::conformance {

namespace {

using testing::Conductor;

// The source under a clock that the test moves, and with what happens while it is read.
class WatchedSource final : public ForwardingSource {
 public:
  WatchedSource(Source& source, const Instant& now, const std::function<void()>& meanwhile)
      : ForwardingSource(source), now_(now), meanwhile_(meanwhile) {}

  Result<void> begin() override { return source().begin(); }
  Result<void> begin(const Question& question, const OnRow& on_row) override {
    return source().begin(question, watched(question, on_row));
  }
  Result<void> read(const Question& question, const OnRow& on_row) override {
    return source().read(question, watched(question, on_row));
  }

 private:
  OnRow watched(const Question& question, const OnRow& on_row) const {
    const bool is_clock = std::holds_alternative<ClockPosition>(question);
    return [this, is_clock, &on_row](Row row) {
      if (meanwhile_) meanwhile_();
      if (!is_clock) return on_row(row);
      std::vector<Value> values(row.begin(), row.end());
      const auto text = rfc3339(now_);
      values.at(0) = {.kind = Kind::timestamptz, .text = text};
      return on_row(values);
    };
  }

  const Instant& now_;
  const std::function<void()>& meanwhile_;
};

std::string bytes_of(const Param& key) {
  std::string bytes;
  append_key(bytes, {.kind = key.kind, .text = key.text});
  return bytes;
}

std::string text_of(const nlohmann::json& value) {
  if (value.is_null()) return "NULL";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::vector<DetectionCase> detection_cases(const std::string& name, const Capabilities& can,
                                           std::function<std::unique_ptr<DetectionBackend>()> make,
                                           const std::string& unavailable) {
  std::vector<DetectionCase> cases;
  for (const auto strategy : {Strategy::timestamp, Strategy::snapshot, Strategy::xid})
    if (strategy != Strategy::xid || can.change_tokens)
      cases.push_back({.name = name, .unavailable = unavailable, .strategy = strategy, .make = make});
  return cases;
}

std::string DetectionNames::operator()(const ::testing::TestParamInfo<DetectionCase>& info) const {
  return info.param.name + "_" + std::string(name_of(info.param.strategy));
}

std::ostream& operator<<(std::ostream& out, const DetectionCase& one) {
  return out << one.name << " by " << name_of(one.strategy);
}

Texts sorted(Texts texts) {
  std::ranges::sort(texts);
  return texts;
}

void Detection::SetUp() {
  if (!GetParam().unavailable.empty())
    GTEST_SKIP() << "NOT TESTED: no " << GetParam().name << " to be had: " << GetParam().unavailable;
  backend_ = GetParam().make();
  auto session = backend_->connect();
  ASSERT_TRUE(session) << session.error().message;
  session_ = std::move(*session);
  source_ = std::make_unique<WatchedSource>(*session_, now_, meanwhile_);
  make_items(KeyType::integers);
}

void Detection::TearDown() {
  source_.reset();
  session_.reset();  // its locks would make the DROP wait
  backend_.reset();
}

void Detection::make_items(KeyType keys) {
  backend_->make_items(keys);
  items_.clear();
}

void Detection::put(const Param& key, std::optional<std::string> value, bool stamped) {
  now_ += between_writes_;
  const auto stamp = stamped ? std::optional(now_) : std::nullopt;
  const auto bytes = bytes_of(key);
  const auto at = items_.find(bytes);
  const bool is_new = at == items_.end();
  const Item item{
      .key = key, .value = std::move(value), .created_at = is_new ? stamp : at->second.created_at, .updated_at = stamp};
  is_new ? backend_->insert(item) : backend_->update(item);
  items_.insert_or_assign(bytes, item);
}

void Detection::remove(const Param& key) {
  now_ += between_writes_;
  backend_->remove(key);
  items_.erase(bytes_of(key));
}

config::Webhook Detection::webhook(config::Event event) const {
  constexpr std::array methods = {config::Detect::xid, config::Detect::timestamp, config::Detect::snapshot};
  auto made = testing::a_webhook({}, event);
  made.detect = methods.at(static_cast<std::size_t>(strategy()));
  made.lookback = std::chrono::seconds(5);
  return made;
}

config::Webhook Detection::webhook_of_all() const {
  auto all = webhook(config::Event::updated);
  all.include_all = true;
  return all;
}

Conductor Detection::watch(const config::Webhook& webhook) {
  auto table = source_->describe({.schema = {}, .name = "items"});
  if (!table) ADD_FAILURE() << table.error().message;
  Conductor conductor(webhook, table.value_or(Table()));
  conductor.range_rows = 4;
  return conductor;
}

Texts Detection::poll(Conductor& conductor) {
  now_ += std::chrono::milliseconds(1);
  const auto before = conductor.received.size();
  EXPECT_TRUE(conductor.settle(*source_)) << conductor.error;
  return found(conductor, before);
}

Texts Detection::found(const Conductor& conductor, std::size_t since) {
  Texts texts;
  for (auto i = since; i < conductor.received.size(); ++i) {
    const auto& record = conductor.received[i].record;
    texts.push_back(text_of(record.at("key")) + (record.contains("value") ? "=" + text_of(record.at("value")) : ""));
  }
  return texts;
}

Texts Detection::rows() const {
  Texts texts;
  for (const auto& [bytes, item] : items_) texts.push_back(item.key.text + "=" + item.value.value_or("NULL"));
  return texts;
}

}  // namespace vhookd::conformance
