#include "tests/simulation/simulation.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace vhookd::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int steps = 160;
constexpr int server_seconds = 40;  // pass while one passes here, so that full sweeps are due now and then

config::Webhook webhook_of(const std::string& id, config::Event event, config::Detect detect, Dice& dice) {
  config::Webhook made;
  made.id = id;
  made.connection_id = "model";
  made.database.edit().type = DbType::postgres;
  made.database.edit().url = Secret("postgresql://model");
  made.object_type = "items";
  made.event = event;
  made.detect = detect;
  made.include_all = true;
  made.interval = milliseconds(500 + dice() % 5000);
  made.page_max_limit = 1 + static_cast<int>(dice() % 4);
  made.delivery.edit().hook_url = "http://" + id + ".example/";
  made.delivery.edit().retry = {
      .give_up_after = std::chrono::hours(24 * 365), .first = milliseconds(100), .max = seconds(5)};
  return made;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, std::string folder, Lie lie) : dice_(seed), folder_(std::move(folder)) {
  using config::Detect;
  using config::Event;
  webhooks_ = {webhook_of("by-xid", Event::updated, Detect::xid, dice_),
               webhook_of("new-by-xid", Event::created, Detect::xid, dice_),
               webhook_of("narrowed", Event::updated, Detect::automatic, dice_),
               webhook_of("compared", Event::updated, Detect::snapshot, dice_),
               webhook_of("new-compared", Event::created, Detect::snapshot, dice_),
               webhook_of("gone", Event::deleted, Detect::snapshot, dice_)};
  undisturbed_ = chance(dice_, 25);
  mortal_ = !undisturbed_;
  outbox_bytes_ = undisturbed_ ? 1 << 20 : 1000 + static_cast<std::int64_t>(dice_() % 20000);
  if (!undisturbed_) {
    database_.faults = static_cast<int>(dice_() % 3);
    receivers_.faults = static_cast<int>(dice_() % 50);
  }
  database_.hides_running = lie == Lie::snapshot_hides_running;
  receivers_.swallows = lie == Lie::receiver_swallows;
  database_.meanwhile = [this] {
    perhaps_die();
    if (chance(dice_, 30)) database_.write();
    if (chance(dice_, 5) && daemon_.dispatcher) daemon_.dispatcher->turn(milliseconds(0));
  };
  receivers_.crossroads = [this] { perhaps_die(); };
  std::filesystem::create_directories(folder_);
}

Simulation::~Simulation() {
  daemon_ = {};
  std::filesystem::remove_all(folder_);
}

void Simulation::perhaps_die() {
  if (mortal_ && dice_() % 1000 < 3) throw Death();
}

void Simulation::begin_daemon() {
  daemon_ = {};
  receivers_.abort_all();
  auto opened = Store::open(folder_, clock_);
  if (!opened) throw std::runtime_error(opened.error().message);
  daemon_.store = std::move(*opened);
  daemon_.sessions = std::make_unique<SessionPool>(
      [this](const config::Database&, const ConnectOptions&) -> Result<std::unique_ptr<Source>> {
        if (chance(dice_, database_.faults)) return fail(Recourse::reconnect, "the database is away");
        return database_.connect();
      },
      ConnectOptions(), clock_);
  daemon_.poller = std::make_unique<Poller>(
      *daemon_.store, clock_,
      Poller::Hooks{.pages_queued =
                        [this](const std::string& id) {
                          perhaps_die();
                          daemon_.dispatcher->notify(id);
                        },
                    .may_queue =
                        [this](const std::string& id) {
                          const auto state = daemon_.store->webhook(id);
                          return state && state->queued_bytes < outbox_bytes_;
                        },
                    .progressed = [](const std::string&, std::int64_t, std::optional<std::int64_t>) {},
                    .stopping = [] { return false; },
                    .step = [this] { perhaps_die(); },
                    .random_id =
                        [this] {
                          perhaps_die();
                          return std::to_string(++ids_);
                        }},
      Poller::Sizes{.part_bytes = 1, .part_known_rows = 3, .range_rows = 3});
  daemon_.dispatcher = std::make_unique<Dispatcher>(
      *daemon_.store, receivers_, clock_, Dispatcher::Bounds{.per_endpoint = 2, .slowed = 2},
      Dispatcher::Hooks{.sendable =
                            [this](const std::string& id, bool) {
                              return is_paused(id) ? nullptr : std::make_shared<const config::Webhook>(webhook(id));
                            },
                        .delivered = [](const std::string&) {},
                        .failed = [](const std::string&, const std::string&, bool) {},
                        .dead_changed = [](const std::string&) {},
                        .keep = [](const config::Webhook&) { return Keep{}; },
                        .attempted = [](const std::string&, Attempted, Micros, std::optional<Micros>) {},
                        .random = [this] { return static_cast<double>(dice_() % 1000) / 1000; },
                        .random_id = [this] { return std::to_string(++ids_); }});
  for (const auto& one : webhooks_)
    daemon_.timetable.add(one.id, SessionPool::place_of(one.database), one.interval, clock_.tick());
  const auto queued = daemon_.store->with_queue();
  for (const auto& id : queued.value()) daemon_.dispatcher->notify(id);
}

const config::Webhook& Simulation::webhook(const std::string& id) const {
  return *std::ranges::find(webhooks_, id, &config::Webhook::id);
}

bool Simulation::is_paused(const std::string& id) {
  const auto state = daemon_.store->webhook(id);
  return !state || state->paused;
}

void Simulation::poll_due() {
  while (const auto id = daemon_.timetable.take(clock_.tick())) {
    const auto& due = webhook(*id);
    const auto state = daemon_.store->webhook(*id);
    if (is_paused(*id) || state->queued_bytes >= outbox_bytes_) {
      daemon_.timetable.finished(*id, clock_.tick(), false);
    } else {
      const auto outcome = poll(due);
      if (!outcome.run.ok && outcome.recourse == Recourse::reconnect) {
        daemon_.timetable.unreachable(*id, clock_.tick());
      } else {
        daemon_.timetable.reached(*id);
      }
      daemon_.timetable.finished(*id, clock_.tick(), outcome.more);
    }
  }
}

// As Engine::poll_one does it.
PollOutcome Simulation::poll(const config::Webhook& webhook) {
  PollOutcome outcome;
  database_.touched.clear();
  ++totals_.polls;
  {
    auto lease = daemon_.sessions->lease(webhook.database);
    if (lease) {
      outcome = daemon_.poller->poll(webhook, **lease, {});
      if (!outcome.run.ok && outcome.at_database && outcome.recourse == Recourse::reconnect) lease->discard();
    } else {
      outcome.run.ok = false;
      outcome.recourse = lease.error().recourse;
      outcome.at_database = true;
    }
  }
  polled(webhook, outcome);
  return outcome;
}

void Simulation::polled(const config::Webhook& webhook, const PollOutcome& outcome) {
  if (!outcome.run.ok) {
    ++totals_.failed_polls;
    if (outcome.recourse == Recourse::give_up || outcome.recourse == Recourse::ask_operator)
      complain(webhook.id + ": a poll failed for good: " + outcome.run.error);
  }
  if (webhook.event != config::Event::deleted || !outcome.complete) return;
  const auto& now = database_.begun_with();
  // One that was written while the poll went on may be back, or gone once more: the next poll will tell.
  for (const auto id : there_)
    if (!now.contains(id) && !database_.touched.contains(id)) ++must_tell_[id];
  there_ = now;
}

void Simulation::pass_server_time() {
  database_.set_clock(began_ + (clock_.now() - began_) * server_seconds);
}

void Simulation::step() {
  pass_server_time();
  const auto what = dice_() % 100;
  if (what < 45) {
    database_.write();
  } else if (what < 70) {
    clock_.at += milliseconds(dice_() % 1500);
    poll_due();
  } else if (what < 98) {
    clock_.at += milliseconds(dice_() % 300);
    daemon_.dispatcher->turn(milliseconds(0));
  } else {
    resume_paused();
  }
}

// The operator after a 410.
void Simulation::resume_paused() {
  for (const auto& one : webhooks_) {
    if (!is_paused(one.id)) continue;
    if (!daemon_.store->set_paused(one.id, false, "")) complain("a webhook can't be resumed");
    daemon_.dispatcher->notify(one.id);
  }
}

bool Simulation::all_quiet() {
  const auto queued = daemon_.store->with_queue();
  return daemon_.dispatcher->idle() && queued && queued->empty();
}

// No fault any more, every transaction ended: two polls of each, and everything delivered after each.
void Simulation::calm_down() {
  mortal_ = false;
  database_.faults = receivers_.faults = 0;
  database_.meanwhile = [] {};
  database_.finish();
  outbox_bytes_ = 1 << 30;
  for (int round = 0; round < 2; ++round) {
    resume_paused();
    clock_.at += std::chrono::minutes(2);  // a full sweep is due
    pass_server_time();
    for (const auto& one : webhooks_)
      if (poll(one).more) complain(one.id + ": a poll with all the room in the world left something");
    for (int i = 0; i < 500 && !all_quiet(); ++i) {
      clock_.at += milliseconds(1000);
      daemon_.dispatcher->turn(milliseconds(0));
    }
  }
  if (!all_quiet()) complain("there is no end to the deliveries");
}

std::vector<std::string> Simulation::run() {
  begin_daemon();
  for (int i = 0; i < steps; ++i) {
    try {
      step();
    } catch (const Death&) {
      ++totals_.deaths;
      begin_daemon();
    }
  }
  calm_down();
  judge();
  for (const auto& [id, told] : receivers_.told) totals_.pages += static_cast<std::int64_t>(told.bodies.size());
  complaints_.insert(complaints_.end(), receivers_.complaints.begin(), receivers_.complaints.end());
  return complaints_;
}

void Simulation::judge() {
  for (const auto* id : {"by-xid", "narrowed", "compared"}) {
    const auto& told = receivers_.told[id];
    for (const auto& [row, now] : database_.rows()) {
      const auto last = told.versions.find(row);
      if (last == told.versions.end() || last->second != now.version)
        complain(std::string(id) + ": row " + std::to_string(row) + " has version " + std::to_string(now.version) +
                 ", told was " + (last == told.versions.end() ? "none" : std::to_string(last->second)));
    }
    // Known rows and xids are stored with the pages, so not even a death makes a version come in a second page;
    // only a sweep by xid that was cut short does, having seen some transactions in part.
    if (!told.again.empty() && (undisturbed_ || id == std::string("compared")))
      complain(std::string(id) + ": " + told.again.front() + " came in two pages");
  }
  for (const auto* id : {"new-by-xid", "new-compared"})
    for (const auto& [row, now] : database_.rows())
      if (!receivers_.told[id].times.contains(row))
        complain(std::string(id) + ": the birth of row " + std::to_string(row) + " was not told");
  judge_deletions();
}

void Simulation::judge_deletions() {
  const auto& told = receivers_.told["gone"].times;
  const auto times = [](const std::map<std::int64_t, int>& counts, std::int64_t row) {
    const auto at = counts.find(row);
    return at == counts.end() ? 0 : at->second;
  };
  for (const auto& [row, least] : must_tell_)
    if (times(told, row) < least)
      complain("gone: row " + std::to_string(row) + " ended, told " + std::to_string(times(told, row)) +
               " times, not " + std::to_string(least));
  for (const auto& [row, often] : told)
    if (often > times(database_.died, row))
      complain("gone: row " + std::to_string(row) + " was told to have ended more often than it did");
  const auto known = daemon_.store->known_count("gone");
  if (!known || *known != static_cast<std::int64_t>(database_.rows().size()))
    complain("gone: the known rows are not those of the table");
}

}  // namespace vhookd::simulation
