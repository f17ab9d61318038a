#include "tests/support/reckoning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/time_text.h"

namespace vhookd::testing {

namespace {

using std::chrono::milliseconds;

// Databases and JSON write the same instant in their own ways: T or space, Z, zeros at the end.
std::string plain_time(std::string text) {
  std::ranges::replace(text, ' ', 'T');
  if (text.ends_with('Z')) text.pop_back();
  if (text.contains('.')) {
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
  }
  return text;
}

// Gathers faults of one kind and fails once, with the first few.
class Faults {
 public:
  explicit Faults(std::string kind) : kind_(std::move(kind)) {}
  ~Faults() {
    if (count_ > 0) ADD_FAILURE() << kind_ << ": " << count_ << " times; the first:\n" << text_.str();
  }
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;
  std::ostream& add() {
    static std::ostringstream rest;
    rest.str({});
    return ++count_ <= 5 ? text_ << "\n  " : rest;
  }

 private:
  std::string kind_;
  int count_ = 0;
  std::ostringstream text_;
};

struct Life {
  Instant from, to;  // surely alive in between
  bool over = false;
};

std::vector<Life> lives_of(const std::vector<Journal::Event>& events) {
  std::vector<Life> lives;
  for (const auto& event : events) {
    if (event.born) {
      lives.push_back({.from = event.after, .to = Instant::max()});
    } else if (!lives.empty()) {
      lives.back().to = event.before;
      lives.back().over = true;
    }
  }
  return lives;
}

bool was_seen(const Life& life, const std::vector<PollWindow>& polls) {
  // Windows are in order, and so the first that begins within the life is the one most likely to end within it.
  const auto first = std::ranges::lower_bound(polls, life.from, {}, &PollWindow::from);
  return first != polls.end() && first->to <= life.to;
}

}  // namespace

TableText read_table(SqlSession& session, const Shop& shop, const std::string& table) {
  const std::string time = shop.is_postgres() ? "to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
                           : shop.is_mysql()  ? "date_format(updated_at, '%Y-%m-%d %H:%i:%s.%f')"
                                              : "updated_at";
  TableText rows;
  for (auto& row : session.rows("SELECT id, v, note, " + time + " FROM " + table))
    rows[std::stoll(row[0])] = {.v = std::stoll(row[1]), .note = row[2], .updated_at = plain_time(row[3])};
  return rows;
}

std::vector<PollWindow> poll_windows(const std::string& log, const std::string& webhook) {
  std::vector<PollWindow> windows;
  std::istringstream lines(log);
  Instant last{};
  for (std::string line; std::getline(lines, line);) {
    if (!line.contains(" polled webhook=" + webhook + " ")) continue;
    const auto at = parse_rfc3339(line.substr(0, line.find(' ')));
    if (!at) continue;
    // The log cuts to milliseconds.
    if (last != Instant{}) windows.push_back({.from = last, .to = *at + milliseconds(1)});
    last = *at + milliseconds(1);
  }
  return windows;
}

Reckoning::Reckoning(const std::vector<Received>& history, std::string webhook, std::string table)
    : webhook_(std::move(webhook)), table_(std::move(table)) {
  std::set<std::uint64_t> taken;
  for (const auto& page : history) {
    if (page.webhook_id != webhook_) continue;
    received_.push_back(page);
    if (!page.taken()) continue;
    if (!taken.insert(page.sequence).second) {
      ++duplicates_;
      continue;
    }
    ++pages_;
    for (const auto& record : nlohmann::json::parse(page.data)) {
      Record one{.id = record.at("id").get<std::int64_t>(), .row = {}, .sequence = page.sequence};
      if (record.contains("v")) {
        one.row = {.v = record.at("v").get<std::int64_t>(),
                   .note = record.at("note").get<std::string>(),
                   .updated_at = plain_time(record.at("updated_at").get<std::string>())};
      }
      records_.push_back(std::move(one));
    }
  }
}

void Reckoning::check_pages(int kills) const {
  Faults strange(webhook_ + ": a page was not what it should be");
  std::map<std::uint64_t, const Received*> pages;
  std::uint64_t last = 0;
  for (const auto& page : received_) {
    if (page.status != 200 && page.status != 500) strange.add() << page.status << " " << page.problem;
    const auto [known, fresh] = pages.try_emplace(page.sequence, &page);
    if (!fresh && (known->second->message_id != page.message_id || known->second->body != page.body))
      strange.add() << "sequence " << page.sequence << " came with another id or body";
    if (page.sequence != last && page.sequence != last + 1)
      strange.add() << "sequence " << page.sequence << " came when " << last << " was taken";
    if (page.taken()) last = page.sequence;
  }
  EXPECT_LE(duplicates_, kills) << webhook_ << ": more pages came again than answers can have been lost";
}

void Reckoning::check_versions() const {
  Faults twice(webhook_ + ": a version of a row came again");
  std::map<std::pair<std::int64_t, std::int64_t>, std::uint64_t> first;
  for (const auto& record : records_) {
    const auto [known, fresh] = first.try_emplace({record.id, record.row.v}, record.sequence);
    if (!fresh)
      twice.add() << "id " << record.id << " v " << record.row.v << " in pages " << known->second << " and "
                  << record.sequence;
  }
}

void Reckoning::check_last(const TableText& table) const {
  Faults missed(webhook_ + ": MISSED, the receiver's last version is not the table's");
  std::map<std::int64_t, const RowText*> last;
  for (const auto& record : records_) last[record.id] = &record.row;
  for (const auto& [id, row] : table) {
    const auto told = last.find(id);
    if (told == last.end()) {
      missed.add() << "id " << id << " v " << row.v << " updated_at " << row.updated_at << ": never came";
    } else if (*told->second != row) {
      missed.add() << "id " << id << " v " << row.v << " updated_at " << row.updated_at << ": last came v "
                   << told->second->v << " of " << told->second->updated_at;
    }
  }
}

void Reckoning::check_created(const Journal& journal, const std::vector<PollWindow>& polls) const {
  Faults missed(webhook_ + ": MISSED, a key was there during a poll and was not told as created");
  Faults invented(webhook_ + ": a key was told as created more often than it was born");
  std::map<std::int64_t, std::size_t> told;
  int judged = 0;
  for (const auto& record : records_) ++told[record.id];
  for (const auto& [key, events] : journal.lives()) {
    if (key.first != table_) continue;
    const auto lives = lives_of(events);
    const auto count = told.contains(key.second) ? told.at(key.second) : 0;
    const bool seen = std::ranges::any_of(lives, [&](const Life& life) { return !life.over || was_seen(life, polls); });
    judged += seen ? 1 : 0;
    if (seen && count == 0) missed.add() << "id " << key.second;
    if (count > lives.size()) invented.add() << "id " << key.second << ": " << count << " times";
    told.erase(key.second);
  }
  for (const auto& [id, count] : told) invented.add() << "id " << id << ": " << count << " times, and never was";
  EXPECT_GT(judged, 0) << webhook_ << ": no key to judge by";
}

void Reckoning::check_deleted(const Journal& journal, const std::vector<PollWindow>& polls) const {
  Faults missed(webhook_ + ": MISSED, a key was there during a poll, is gone, and was not told as deleted");
  Faults invented(webhook_ + ": a key was told as deleted more often than it died");
  std::map<std::int64_t, std::size_t> told;
  int judged = 0;
  for (const auto& record : records_) ++told[record.id];
  for (const auto& [key, events] : journal.lives()) {
    if (key.first != table_) continue;
    const auto lives = lives_of(events);
    const auto count = told.contains(key.second) ? told.at(key.second) : 0;
    const auto deaths = static_cast<std::size_t>(std::ranges::count_if(lives, &Life::over));
    const bool seen = std::ranges::any_of(lives, [&](const Life& life) { return was_seen(life, polls); });
    judged += seen && lives.back().over ? 1 : 0;
    if (seen && lives.back().over && count == 0) missed.add() << "id " << key.second;
    if (count > deaths) invented.add() << "id " << key.second << ": " << count << " times, died " << deaths;
    told.erase(key.second);
  }
  for (const auto& [id, count] : told) invented.add() << "id " << id << ": " << count << " times, and never was";
  EXPECT_GT(judged, 0) << webhook_ << ": no key to judge by";
}

std::string Reckoning::figures() const {
  const auto refused = std::ranges::count_if(received_, [](const Received& page) { return !page.taken(); });
  return webhook_ + ": " + std::to_string(pages_) + " pages, " + std::to_string(records_.size()) + " records, " +
         std::to_string(refused) + " refused, " + std::to_string(duplicates_) + " came again";
}

}  // namespace vhookd::testing
